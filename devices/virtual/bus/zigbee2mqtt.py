"""A Zigbee2MQTT bridge without the radio: its device list with exposes, its states, its availability.

The wire is what Zigbee2MQTT says below its base topic: ``bridge/state`` with a last will, ``bridge/devices`` retained,
one JSON object per device on its friendly name, not retained, and ``<friendly name>/availability`` retained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from devices.store_bus import BusSettings, LastWill
from devices.virtual.bus.node import BusNode, Saying

_FLAT_PERCENT = 1


def _binary(name: str, *, on: bool, off: bool) -> dict[str, object]:
    return {"type": "binary", "name": name, "property": name, "access": 1, "value_on": on, "value_off": off}


def _numeric(name: str, unit: str) -> dict[str, object]:
    return {"type": "numeric", "name": name, "property": name, "access": 1, "unit": unit}


_BATTERY = _numeric("battery", "%")
_EXPOSES: dict[str, dict[str, object]] = {
    "contact": _binary("contact", on=False, off=True),
    "occupancy": _binary("occupancy", on=True, off=False),
    "temperature": _numeric("temperature", "°C"),
    "humidity": _numeric("humidity", "%"),
    "weight": _numeric("weight", "g"),
}


def ieee_address(name: str) -> str:
    """The address of the device called ``name``: its name within the driver ``mqtt_sensors``, the same for ever."""
    return f"0x00158d{sha256(name.encode()).hexdigest()[:10]}"


@dataclass(slots=True)
class ZigbeeThing:
    """One paired device: what it measures by property, its battery, and whether its radio is heard."""

    name: str
    ieee_address: str
    properties: tuple[str, ...]
    vendor: str = "Aqara"
    product: str = "MCCGQ11LM"
    state: dict[str, object] = field(default_factory=dict)
    is_online: bool = True
    is_flat: bool = False
    """Its battery is: it says nothing any more, and the bridge has not noticed."""


class VirtualZigbee2Mqtt(BusNode):
    """A bridge with the devices that were paired with it."""

    def __init__(
        self, settings: BusSettings, *, topic: str = "zigbee2mqtt", interval_s: float = 10.0, seed: int = 1
    ) -> None:
        super().__init__(
            settings, will=LastWill(f"{topic}/bridge/state", b'{"state":"offline"}'), interval_s=interval_s, seed=seed
        )
        self._topic = topic
        self._things: dict[str, ZigbeeThing] = {}
        self._changed: set[str] = set()
        self._regular: set[str] = set()
        self._frozen: dict[str, bytes] | None = None
        self._news: list[Saying] = []
        self._last_words: set[str] = set()

    def pair(self, name: str, *properties: str, battery: int = 100, is_regular: bool = False) -> ZigbeeThing:
        """Let a device join: ``contact``, ``occupancy``, ``temperature``, ``humidity``, ``weight``.

        ``is_regular``: it says its state at each beat, not only when it changes.
        """
        thing = ZigbeeThing(name, ieee_address(name), properties)
        thing.state = {"battery": battery, "linkquality": 120}
        self._things[name] = thing
        if is_regular:
            self._regular.add(name)
        self._news.append(self._device_list())
        self._news.append(self._availability(thing))
        self.stir()
        return thing

    def unpair(self, name: str) -> None:
        """Let a device leave for good."""
        thing = self._things.pop(name)
        self._regular.discard(name)
        self._news.append(Saying(f"{self._topic}/{thing.name}/availability", b"", retain=True))
        self._news.append(self._device_list())
        self.stir()

    def open(self, name: str) -> None:
        """Open a door: the contact of its magnet is lost."""
        self.tell(name, contact=False)

    def shut(self, name: str) -> None:
        """Shut a door."""
        self.tell(name, contact=True)

    def sense(self, name: str, *, is_on: bool) -> None:
        """Let a motion sensor see somebody, or nobody."""
        self.tell(name, occupancy=is_on)

    def weigh(self, name: str, grams: float) -> None:
        """Put this weight on a scale."""
        self.tell(name, weight=round(grams, 1))

    def measure(self, name: str, celsius: float) -> None:
        """Let a probe measure this temperature."""
        self.tell(name, temperature=round(celsius, 2))

    def drain(self, name: str, *, battery: int) -> None:
        """Let a battery stand at ``battery`` percent."""
        self.tell(name, battery=battery)

    def flatten(self, name: str) -> None:
        """Let a battery go flat: the device says so, and nothing after that."""
        self.drain(name, battery=_FLAT_PERCENT)
        self._last_words.add(name)
        self._things[name].is_flat = True

    def renew(self, name: str) -> None:
        """Put a fresh battery in."""
        self._things[name].is_flat = False
        self.drain(name, battery=100)

    def tell(self, name: str, **state: object) -> None:
        """Change what a device says of itself."""
        self._things[name].state.update(state)
        self._changed.add(name)
        self.stir()

    def lose(self, name: str, *, is_lost: bool = True) -> None:
        """Let the bridge hear a device no more, or hear it again."""
        thing = self._things[name]
        thing.is_online = not is_lost
        self._news.append(self._availability(thing))
        self.stir()

    def _freeze(self) -> None:
        self._frozen = {name: orjson.dumps(thing.state) for name, thing in self._things.items()}

    def _thaw(self) -> None:
        self._frozen = None
        self._changed.update(self._things)

    def _introduction(self) -> Sequence[Saying]:
        self._news.clear()
        self._changed.update(name for name, thing in self._things.items() if len(thing.state) > 2)
        return (
            Saying(f"{self._topic}/bridge/state", b'{"state":"online"}', retain=True),
            self._device_list(),
            *(self._availability(thing) for thing in self._things.values()),
        )

    def _values(self, *, beat: bool) -> Sequence[Saying]:
        news, self._news = self._news, []
        due = self._changed | (self._regular if beat else set())
        self._changed = set()
        last_words, self._last_words = self._last_words, set()
        speaking = (
            thing
            for name, thing in self._things.items()
            if name in due and thing.is_online and (name in last_words or not thing.is_flat)
        )
        return (*news, *map(self._state, speaking))

    def _state(self, thing: ZigbeeThing) -> Saying:
        frozen = self._frozen or {}
        payload = frozen.get(thing.name) or orjson.dumps(thing.state)
        return Saying(f"{self._topic}/{thing.name}", payload, is_value=True)

    def _availability(self, thing: ZigbeeThing) -> Saying:
        payload = orjson.dumps({"state": "online" if thing.is_online else "offline"})
        return Saying(f"{self._topic}/{thing.name}/availability", payload, retain=True)

    def _device_list(self) -> Saying:
        coordinator = {
            "ieee_address": "0x00124b0000000000",
            "type": "Coordinator",
            "friendly_name": "Coordinator",
            "definition": None,
        }
        listed = [coordinator, *(_described(thing) for thing in self._things.values())]
        return Saying(f"{self._topic}/bridge/devices", orjson.dumps(listed), retain=True)


def _described(thing: ZigbeeThing) -> dict[str, object]:
    return {
        "ieee_address": thing.ieee_address,
        "type": "EndDevice",
        "friendly_name": thing.name,
        "supported": True,
        "disabled": False,
        "power_source": "Battery",
        "interview_state": "SUCCESSFUL",
        "definition": {
            "model": thing.product,
            "vendor": thing.vendor,
            "description": "Virtual",
            "exposes": [*(_EXPOSES[name] for name in thing.properties), _BATTERY],
        },
    }
