"""Home Assistant as far as MQTT goes: it reads what is announced, and from then on only what the announcements name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from devices.store_bus import BusSettings, Heard, StoreBus

WITHIN_S = 25.0
_TEMPLATE = re.compile(r"\{\{ value_json\.(\w+) \}\}")


@dataclass
class Entity:
    """What a user would see of one component."""

    platform: str
    config: dict[str, Any]
    group: str
    key: str
    state: Any = None
    availability: dict[str, bool] = field(default_factory=dict)

    @property
    def is_available(self) -> bool:
        topics = [one["topic"] for one in self.config["availability"]]
        return all(self.availability.get(topic, False) for topic in topics)


class PlayedHomeAssistant:
    """``entities`` by unique id. It knows nothing of the gateway but the discovery prefix."""

    def __init__(self, settings: BusSettings, prefix: str = "homeassistant") -> None:
        self.entities: dict[str, Entity] = {}
        self.events: list[dict[str, Any]] = []
        self.announcements = 0
        self._prefix = prefix
        self._bus = StoreBus(settings)
        self._told = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        await self._bus.subscribe([f"{self._prefix}/device/+/+/config", f"{self._prefix}/device/+/config"])
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait((self._reading,))
        await self._bus.__aexit__(None, None, None)

    async def until(self, fits: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S), self._told:
            await self._told.wait_for(fits)

    def find(self, platform: str, part: str) -> Entity | None:
        """The entity of a platform with this in its unique id."""
        found = [e for name, e in self.entities.items() if e.platform == platform and part in name]
        return found[0] if found else None

    def shows(self, platform: str, part: str, state: Any) -> Callable[[], bool]:
        """Whether that entity is available and shows this."""
        return lambda: (e := self.find(platform, part)) is not None and e.is_available and e.state == state

    def is_available(self, part: str) -> bool:
        """Whether an entity with this in its unique id can be used."""
        return any(e.is_available for name, e in self.entities.items() if part in name)

    def happened(self, kind: str) -> bool:
        """Whether an event of that kind was told."""
        return any(event["event_type"] == kind for event in self.events)

    def can_press(self, part: str) -> bool:
        """Whether the button is not greyed out."""
        button = self.find("button", part)
        return button is not None and button.is_available and button.config["payload_press"] != "none"

    async def press(self, part: str) -> None:
        """Press a button."""
        button = self.find("button", part)
        assert button is not None
        await self._bus.publish(button.config["command_topic"], button.config["payload_press"].encode())

    async def is_born(self) -> None:
        """It starts, and says so."""
        await self._bus.publish(f"{self._prefix}/status", b"online")

    async def _read(self) -> None:
        async for heard in self._bus.messages():
            async with self._told:
                if heard.topic.endswith("/config"):
                    await self._announced(heard)
                else:
                    self._said(heard)
                self._told.notify_all()

    async def _announced(self, heard: Heard) -> None:
        self.announcements += 1
        group = heard.topic.split("/")[-2]
        if not heard.payload:
            self.entities = {name: e for name, e in self.entities.items() if e.group != group}
            return
        whole = orjson.loads(heard.payload)
        assert whole["device"]["identifiers"] and whole["origin"]["name"]
        topics: set[str] = set()
        for key, component in whole["components"].items():
            if set(component) == {"platform"}:
                self.entities = {n: e for n, e in self.entities.items() if (e.group, e.key) != (group, key)}
                continue
            config = {"availability": whole["availability"], **component}
            known = self.entities.get(config["unique_id"])
            assert known is None or (known.group, known.key) == (group, key), "one identifier, two entities"
            fresh = Entity(component["platform"], config, group, key)
            if known is not None:
                fresh.state, fresh.availability = known.state, known.availability
            self.entities[config["unique_id"]] = fresh
            topics |= {one["topic"] for one in config["availability"]} | {config.get("state_topic", "")}
        await self._bus.subscribe(sorted(topics - {""}))

    def _said(self, heard: Heard) -> None:
        for entity in self.entities.values():
            for one in entity.config["availability"]:
                if one["topic"] == heard.topic:
                    said = _value(heard.payload, one.get("value_template"))
                    entity.availability[heard.topic] = said == "online"
            if entity.config.get("state_topic") != heard.topic:
                continue
            if entity.platform == "event":
                self.events.append(orjson.loads(heard.payload))
            else:
                entity.state = _value(heard.payload, entity.config.get("value_template"))


def _value(payload: bytes, template: str | None) -> Any:
    if not payload:
        return None
    if template is None:
        return payload.decode()
    named = _TEMPLATE.fullmatch(template)
    assert named, f"{template} is more than Home Assistant's simplest template"
    return orjson.loads(payload)[named[1]]
