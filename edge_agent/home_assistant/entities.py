"""What Home Assistant is told: devices with their components, and the states these read.

Format: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from kiosk_ui.staff.board import Board

ORIGIN = "Regulars"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_UNFIT = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the board does not say of the gateway."""

    is_linked: bool
    durability: str
    software: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment."""

    board: Board
    facts: StoreFacts


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one gateway lies."""

    gateway: str
    topic: str
    prefix: str

    @property
    def root(self) -> str:
        """The topic above all that is said."""
        return f"{self.topic}/{self.gateway}"

    @property
    def status(self) -> str:
        """Where the gateway says whether it is there."""
        return f"{self.root}/status"

    def config(self, group: str) -> str:
        """Where the device ``group`` is announced."""
        return f"{self.prefix}/device/{self.gateway}/{group}/config"

    def unique(self, *parts: str) -> str:
        """An identifier that stays the same for ever, and is another at each gateway."""
        return "_".join(("regulars", self.gateway, *parts))


@dataclass(frozen=True, slots=True)
class Component:
    """One entity of a device; ``config`` without what all have."""

    key: str
    platform: str
    name: str
    config: Mapping[str, Any]


@dataclass(slots=True)
class Announced:
    """One device, with its components by key."""

    name: str
    kind: str
    components: list[Component] = field(default_factory=list)
    is_part: bool = True
    """A part of the gateway, not the gateway itself."""


@dataclass(slots=True)
class Projection:
    """Everything to be announced and said, as it should stand at the broker now."""

    devices: dict[str, Announced] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    """By topic; said and kept by the broker."""
    slow: set[str] = field(default_factory=set)
    """Topics of values that move all the time: said rarely."""

    def add(self, group: str, device: Announced, components: Iterable[Component]) -> None:
        """Components of a device, made when first named."""
        self.devices.setdefault(group, device).components.extend(components)

    def say(self, topic: str, state: Mapping[str, Any], *, is_slow: bool = False) -> None:
        """The state at a topic."""
        self.states[topic] = orjson.dumps(state)
        if is_slow:
            self.slow.add(topic)


def slug(*names: str) -> str:
    """Names as they may stand in a topic and in an entity id; no two alike, and the same for ever."""
    plain = "_".join(names)
    if _PLAIN.fullmatch(plain):
        return plain
    mark = blake2b("\0".join(names).encode(), digest_size=4).hexdigest()
    return f"{_UNFIT.sub('_', plain.lower()).strip('_-')[:50]}_{mark}".lstrip("_")


def announcement(
    place: Place, group: str, device: Announced, *, software: str, gone: Mapping[str, str] | None = None
) -> bytes:
    """The discovery payload of a device. ``gone``: platforms by key of components to be taken back."""
    components: dict[str, dict[str, Any]] = {key: {"platform": platform} for key, platform in (gone or {}).items()}
    for component in device.components:
        unique = place.unique(group, component.key)
        components[component.key] = {
            "platform": component.platform,
            "name": component.name,
            "unique_id": unique,
            "default_entity_id": f"{component.platform}.{unique}".replace("-", "_").lower(),
            **component.config,
        }
    about: dict[str, Any] = {
        "identifiers": [place.unique(group) if device.is_part else place.unique()],
        "name": device.name,
        "manufacturer": ORIGIN,
        "model": device.kind,
        "sw_version": software,
    }
    if device.is_part:
        about["via_device"] = place.unique()
    return orjson.dumps(
        {
            "device": about,
            "origin": {"name": ORIGIN, "sw_version": software},
            "availability": [{"topic": place.status}],
            "components": components,
        }
    )
