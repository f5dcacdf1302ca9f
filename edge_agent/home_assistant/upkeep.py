"""What stands at the broker, and what must be said so that it stands as it should: only changes, and not too fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from edge_agent.home_assistant.entities import Place, Projection, announcement

SAID_AT_ONCE_MAX = 200
"""Messages in one round; what is left over is said in the next."""
ANNOUNCEMENT_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saying:
    """One message, kept by the broker. An empty payload takes back what was kept."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Upkeep:
    """Compares what should stand at the broker with what was said there."""

    place: Place
    slow_s: float
    _said: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    _announced: dict[str, dict[str, str]] = field(default_factory=dict)
    """By device, the platforms of the components it was announced with, by key."""

    def forget(self) -> None:
        """Whatever was said may be lost: say it all again. What was announced is still known, to be taken back."""
        self._said.clear()

    def learn(self, topic: str, payload: bytes) -> None:
        """An announcement of ours that the broker kept, perhaps from before a restart."""
        group = self._group(topic)
        if group is None or not payload or len(payload) > ANNOUNCEMENT_BYTES_MAX:
            return
        known = self._announced.setdefault(group, {})
        for key, platform in _components(payload):
            known.setdefault(key, platform)
        self._said.pop(topic, None)

    def stands(self, topic: str) -> bool:
        """Whether something was said on this topic, and stands there."""
        return topic in self._said

    def due(self, wanted: Projection, now_s: float, *, software: str) -> list[Saying]:
        """What to say now, in this order: what is taken back first, then announcements, then states."""
        sayings = [*self._taken_back(wanted), *self._announcements(wanted, software), *self._states(wanted, now_s)]
        return sayings[:SAID_AT_ONCE_MAX]

    def said(self, saying: Saying, wanted: Projection, now_s: float) -> None:
        """The broker has it."""
        group = self._group(saying.topic)
        if not saying.payload:
            self._said.pop(saying.topic, None)
            self._announced.pop(group or "", None)
            return
        self._said[saying.topic] = (saying.payload, now_s)
        if group is not None and group in wanted.devices:
            self._announced[group] = {one.key: one.platform for one in wanted.devices[group].components}

    def _taken_back(self, wanted: Projection) -> Iterator[Saying]:
        for group in self._announced:
            if group not in wanted.devices:
                yield Saying(self.place.config(group), b"")
        for topic in self._said:
            if topic not in wanted.states and self._group(topic) is None:
                yield Saying(topic, b"")

    def _announcements(self, wanted: Projection, software: str) -> list[Saying]:
        first: list[Saying] = []
        then: list[Saying] = []
        for group, device in wanted.devices.items():
            keys = {component.key for component in device.components}
            gone = {k: platform for k, platform in self._announced.get(group, {}).items() if k not in keys}
            payload = announcement(self.place, group, device, software=software, gone=gone)
            topic = self.place.config(group)
            if self._said.get(topic, (b"", 0.0))[0] == payload:
                continue
            # An entity that moved to another device must have left the first before it is announced by the second.
            (first if gone else then).append(Saying(topic, payload))
        return [*first, *then]

    def _states(self, wanted: Projection, now_s: float) -> Iterator[Saying]:
        for topic, payload in wanted.states.items():
            said = self._said.get(topic)
            if said is None or (said[0] != payload and not (topic in wanted.slow and now_s - said[1] < self.slow_s)):
                yield Saying(topic, payload)

    def _group(self, topic: str) -> str | None:
        prefix, ending = f"{self.place.prefix}/device/{self.place.gateway}/", "/config"
        if not (topic.startswith(prefix) and topic.endswith(ending)):
            return None
        return topic.removeprefix(prefix).removesuffix(ending)


def _components(payload: bytes) -> Iterator[tuple[str, str]]:
    try:
        whole: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return
    listed = whole.get("components") if isinstance(whole, dict) else None
    for key, component in (listed if isinstance(listed, dict) else {}).items():
        # One that names but its platform was taken back already.
        if isinstance(component, dict) and len(component) > 1 and isinstance(component.get("platform"), str):
            yield key, component["platform"]
