"""How one announced sensor is read: its topic, what its messages mean, and who says whether it is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from devices.readings import NAME_LENGTH_MAX, SENSOR_LENGTH_MAX, Measure, SensorFound
from devices.sensors.payload import NoValue, Payload, Unreadable, number
from devices.sensors.template import MISSING, Template
from devices.sensors.units import Conversion
from devices.store_bus.messages import TOPIC_LENGTH_MAX

PRESENCE_TOPICS_MAX = 8
_SAFE = re.compile(r"[^A-Za-z0-9._:-]")
_NO_VALUE = frozenset({"", "None", "unknown", "unavailable"})
_PLAIN = frozenset({"0", "1"})


class Mode(StrEnum):
    """Which of several topics decide whether a sensor is there, as Home Assistant has it."""

    ALL = "all"
    ANY = "any"
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Presence:
    """A topic that says whether a sensor is there."""

    topic: str
    there: str = "online"
    gone: str = "offline"
    template: Template | None = None
    in_json: str = ""
    """A member of a JSON object that says it; a message that is no JSON object says it itself."""

    def says(self, payload: Payload) -> bool | None:
        """There, gone, or nothing that is known here."""
        try:
            said = self._said(payload)
        except Unreadable:
            return None
        if said == self.there:
            return True
        return False if said == self.gone else None

    def _said(self, payload: Payload) -> str:
        if self.template is not None:
            return rendered(self.template(payload))
        if self.in_json and payload.raw[:1] == b"{":
            whole = payload.json
            return str(whole.get(self.in_json, "")) if isinstance(whole, dict) else ""
        return payload.text


@dataclass(frozen=True, slots=True)
class NumberReading:
    """A number in a unit."""

    conversion: Conversion
    template: Template | None = None
    scale: float = 1.0

    def read(self, payload: Payload) -> float | None:
        """The value in its measure's unit; ``None`` where the message does not speak of it.

        Raises :class:`~devices.sensors.payload.Unreadable`.
        """
        said = payload.text if self.template is None else self.template(payload)
        if said is MISSING or said == "":
            return None
        try:
            return self.conversion.convert(number(said) * self.scale)
        except Unreadable:
            raise
        except ValueError as error:
            raise Unreadable(str(error)) from error


@dataclass(frozen=True, slots=True)
class SwitchReading:
    """One of two texts; ``None`` for ``off``: everything that is not ``on``."""

    on: str = "ON"
    off: str = "OFF"
    template: Template | None = None

    def read(self, payload: Payload) -> float | None:
        """1.0 or 0.0; ``None`` where the message does not speak of it.

        Raises :class:`~devices.sensors.payload.Unreadable`.
        """
        said = payload.text if self.template is None else self.template(payload)
        if said is MISSING:
            return None
        text = rendered(said)
        if text == self.on:
            return 1.0
        if text == self.off:
            return 0.0
        if text in _NO_VALUE:
            raise NoValue("it says that it has no value")
        raise Unreadable("neither of the two texts it announced")


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """One sensor as it was announced. ``refusal`` says why it cannot be read, where it cannot."""

    found: SensorFound
    topic: str
    reading: NumberReading | SwitchReading
    unit: str = ""
    presence: tuple[Presence, ...] = ()
    mode: Mode = Mode.LATEST
    refusal: str = ""
    own_presence: str = ""
    """The presence topic that is not always spoken on; once it is, the age of a sample says nothing any more."""
    is_subscribed: bool = False
    """Its topic is heard already, by a filter."""

    @property
    def key(self) -> tuple[str, Measure]:
        """Who it is."""
        return self.found.sensor, self.found.measure

    def is_there(self, heard: Mapping[str, bool], *, latest: bool | None) -> bool:
        """Whether it is there, by what its presence topics said so far; what said nothing yet is taken for there."""
        if self.mode is Mode.LATEST:
            return latest is not False
        known = [heard[presence.topic] for presence in self.presence if presence.topic in heard]
        if self.mode is Mode.ALL:
            return all(known)
        return any(known) or len(known) < len(self.presence)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one source (a configuration topic, a device list, a line of the mapping) says there is, all of it.

    ``problems`` are of the announcement itself; those of a single sensor are its plan's refusal.
    """

    source: str
    plans: tuple[SensorPlan, ...] = ()
    problems: tuple[str, ...] = field(default=())
    node: str = ""
    """Who announces, where its topic says so: no one node may use up the room of all."""


def rendered(value: object) -> str:
    """A template's result as Jinja would print it."""
    return str(value)


def safe_name(*parts: str) -> str:
    """A sensor's name from what it calls itself: at most 80 characters, the same for ever, and no two alike."""
    plain = ".".join(part for part in parts if part)
    safe = _SAFE.sub("_", plain)
    if safe == plain and len(safe) <= SENSOR_LENGTH_MAX:
        return safe
    mark = sha256("\0".join(parts).encode()).hexdigest()[:8]
    return f"{safe[: SENSOR_LENGTH_MAX - 9]}-{mark}"


def readable(text: object) -> str:
    """A text for people, from whoever may write on the bus: printable, one line, short."""
    if not isinstance(text, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in text[: 2 * NAME_LENGTH_MAX]).strip()[:NAME_LENGTH_MAX]


def topic_problem(topic: object) -> str:
    """Why this cannot be a topic to listen to; empty where it can."""
    if not isinstance(topic, str) or not topic:
        return "it names no topic"
    if len(topic) > TOPIC_LENGTH_MAX:
        return f"it names a topic of more than {TOPIC_LENGTH_MAX} characters"
    if any(c in topic for c in "#+\0") or topic.startswith("$"):
        return "it names a topic that is not one"
    return ""
