"""An ESPHome node without the chip: announces its sensors by Home Assistant's discovery and speaks ESPHome's topics.

The wire is what ESPHome's ``mqtt:`` component says: ``<node>/status`` with a last will, ``<node>/sensor/<id>/state``
retained, discovery with abbreviated keys below ``homeassistant/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import orjson

from devices.readings import Measure
from devices.store_bus import BusSettings, LastWill
from devices.virtual.bus.node import BusNode, Saying

GRAMS = {"g": 1.0, "kg": 1_000.0, "lb": 453.592_37, "oz": 28.349_523_125}


@dataclass(frozen=True, slots=True)
class NodeSensor:
    """One sensor of a node: ``value`` in ``unit``, said with ``decimals``; ``device_class`` is Home Assistant's."""

    id: str
    device_class: str
    unit: str = ""
    value: float = 0.0
    decimals: int = 1
    noise: float = 0.0
    """Standard deviation of what is added to each sample, in its unit."""
    expire_after_s: int | None = None

    @property
    def is_binary(self) -> bool:
        """Whether it says ON and OFF."""
        return not self.unit

    @property
    def component(self) -> str:
        """What Home Assistant calls its kind."""
        return "binary_sensor" if self.is_binary else "sensor"


class VirtualEspHome(BusNode):
    """A node called ``node`` (as in its topics) with the sensors that were added to it."""

    def __init__(
        self,
        settings: BusSettings,
        node: str,
        *,
        interval_s: float = 1.0,
        seed: int = 1,
        discovery: str = "homeassistant",
    ) -> None:
        will = LastWill(f"{node}/status", b"offline")
        super().__init__(settings, will=will, interval_s=interval_s, seed=seed)
        self.node = node
        self._discovery = discovery
        self._sensors: dict[str, NodeSensor] = {}
        self._frozen: dict[str, bytes] | None = None
        self._changed: set[str] = set()

    def add(self, sensor: NodeSensor) -> None:
        """Wire a sensor to the node; announced when the node connects next."""
        self._sensors[sensor.id] = sensor

    def add_scale(self, sensor_id: str, *, grams: float = 0.0, unit: str = "g", noise_g: float = 0.5) -> None:
        """A scale under a slot, telling grams, kilograms, pounds or ounces."""
        per_unit = GRAMS[unit]
        decimals = 1 if unit == "g" else 4
        expire_s = max(3, round(3 * self._interval_s))
        self.add(NodeSensor(sensor_id, "weight", unit, grams / per_unit, decimals, noise_g / per_unit, expire_s))

    def add_contact(self, sensor_id: str, measure: Measure = Measure.DOOR) -> None:
        """A door, a motion sensor, a beam."""
        self.add(NodeSensor(sensor_id, measure.value))

    def name_of(self, sensor_id: str) -> str:
        """The sensor's name within the driver ``mqtt_sensors``."""
        return f"{self.node}.{sensor_id}"

    def weigh(self, sensor_id: str, grams: float) -> None:
        """Put this weight on a scale."""
        sensor = self._sensors[sensor_id]
        self._set(sensor_id, grams / GRAMS[sensor.unit])

    def measure(self, sensor_id: str, value: float) -> None:
        """Let a sensor measure ``value``, in its own unit."""
        self._set(sensor_id, value)

    def open(self, sensor_id: str) -> None:
        """Open a door."""
        self._set(sensor_id, 1.0)

    def shut(self, sensor_id: str) -> None:
        """Shut a door."""
        self._set(sensor_id, 0.0)

    def sense(self, sensor_id: str, *, is_on: bool) -> None:
        """Let a motion sensor or a beam see somebody, or nobody."""
        self._set(sensor_id, float(is_on))

    def _set(self, sensor_id: str, value: float) -> None:
        self._sensors[sensor_id] = replace(self._sensors[sensor_id], value=value)
        self._changed.add(sensor_id)
        self.stir()

    def _freeze(self) -> None:
        self._frozen = {sensor.id: self._payload(sensor) for sensor in self._sensors.values()}

    def _thaw(self) -> None:
        self._frozen = None
        self._changed.update(self._sensors)

    def _introduction(self) -> Sequence[Saying]:
        self._changed.update(self._sensors)
        announced = [self._announcement(sensor) for sensor in self._sensors.values()]
        return (*announced, Saying(f"{self.node}/status", b"online", retain=True))

    def _values(self, *, beat: bool) -> Sequence[Saying]:
        changed, self._changed = self._changed, set()
        return [
            Saying(self._state_topic(sensor), self._state(sensor), retain=True, is_value=True)
            for sensor in self._sensors.values()
            if sensor.id in changed or (beat and not sensor.is_binary)
        ]

    def _state(self, sensor: NodeSensor) -> bytes:
        if self._frozen is not None and sensor.id in self._frozen:
            return self._frozen[sensor.id]
        return self._payload(sensor)

    def _payload(self, sensor: NodeSensor) -> bytes:
        if sensor.is_binary:
            return b"ON" if sensor.value else b"OFF"
        value = sensor.value + (self._chance.gauss(0.0, sensor.noise) if sensor.noise else 0.0)
        return f"{value:.{sensor.decimals}f}".encode()

    def _state_topic(self, sensor: NodeSensor) -> str:
        return f"{self.node}/{sensor.component}/{sensor.id}/state"

    def _announcement(self, sensor: NodeSensor) -> Saying:
        mac = sha256(self.node.encode()).hexdigest()[:12]  # stays the same for a name
        config: dict[str, object] = {
            "dev_cla": sensor.device_class,
            "name": sensor.id,
            "stat_t": self._state_topic(sensor),
            "avty_t": f"{self.node}/status",
            "uniq_id": f"ESP{sensor.component}{sensor.id}",
            "dev": {
                "ids": mac,
                "name": self.node,
                "sw": "2025.10.0",
                "mdl": "esp32dev",
                "mf": "Espressif",
                "cns": [["mac", mac]],
            },
        }
        if not sensor.is_binary:
            config |= {"unit_of_meas": sensor.unit, "stat_cla": "measurement"}
        if sensor.expire_after_s:
            config["exp_aft"] = sensor.expire_after_s
        topic = f"{self._discovery}/{sensor.component}/{self.node}/{sensor.id}/config"
        return Saying(topic, orjson.dumps(config), retain=True)
