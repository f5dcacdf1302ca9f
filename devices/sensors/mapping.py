"""The mapping file: sensors that announce nothing, described by hand.

TOML, one ``[[sensors]]`` table each. A topic may have one or more ``+``; its name then says ``{1}``, ``{2}`` … for
what stands there, and each match is a sensor of its own, found with its first message.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from devices.readings import SENSOR_LENGTH_MAX, Measure, SensorFound
from devices.sensors.esphome import state_topic, status_topic
from devices.sensors.payload import Payload, Unreadable
from devices.sensors.plans import (
    Announcement,
    NumberReading,
    Presence,
    SensorPlan,
    SwitchReading,
    safe_name,
    topic_problem,
)
from devices.sensors.template import MISSING, Template
from devices.sensors.units import conversion
from devices.store_bus.messages import TOPIC_LENGTH_MAX

MAPPING_BYTES_MAX = 256 * 1024
RULES_MAX = 500
_PLACE = re.compile(r"\{(\d)\}")
_TABLE = re.compile(r"^\s*\[\[\s*sensors\s*\]\]", re.MULTILINE)


class MappingError(ValueError):
    """A mapping file that cannot be used: ``file:line: problem. Remedy.``"""


class MappedSensor(BaseModel):
    """One ``[[sensors]]`` table: where a sensor speaks, and what its messages mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=SENSOR_LENGTH_MAX, description="Its name, the same for ever")]
    measure: Annotated[Measure, Field(description="weight, temperature, humidity, battery, door, motion, occupancy …")]
    topic: Annotated[str, Field(max_length=TOPIC_LENGTH_MAX, description="Where it speaks; + stands for one level")] = (
        ""
    )
    esphome: Annotated[
        str, Field(max_length=120, pattern=r"^[A-Za-z0-9_-]*$", description="Instead of a topic: an ESPHome node")
    ] = ""
    value: Annotated[str, Field(max_length=200, description="JSON pointer to the value; empty: the message is it")] = ""
    unit: Annotated[str, Field(max_length=8, description="g, kg, lb, oz, °C, °F, K or %")] = ""
    scale: Annotated[float, Field(allow_inf_nan=False, description="What the value is multiplied by, in its unit")] = (
        1.0
    )
    on: Annotated[str, Field(min_length=1, max_length=80, description="The text for open, moving, occupied")] = "ON"
    off: Annotated[str, Field(min_length=1, max_length=80, description="The text for its contrary")] = "OFF"
    interval_s: Annotated[
        float | None, Field(gt=0, le=10**6, description="How often it speaks; older samples by thrice this are stale")
    ] = None
    availability: Annotated[
        str, Field(max_length=TOPIC_LENGTH_MAX, description="Where it says whether it is there")
    ] = ""
    available: Annotated[str, Field(max_length=80, description="The text there for: I am")] = "online"
    not_available: Annotated[str, Field(max_length=80, description="The text there for: I am not")] = "offline"
    kind: Literal["sensor", "binary_sensor", ""] = Field("", description="Of an ESPHome sensor; empty: by its measure")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.topic) == bool(self.esphome):
            raise ValueError("name either a topic or an ESPHome node")
        wildcards = self.filter.split("/").count("+")
        if problem := topic_problem("/".join("x" if part == "+" else part for part in self.filter.split("/"))):
            raise ValueError(problem)
        if {int(place) for place in _PLACE.findall(self.name)} != set(range(1, wildcards + 1)):
            raise ValueError(f"the topic has {wildcards} '+', so its name must say {{1}} … for each")
        if wildcards and self.availability:
            raise ValueError("a topic with '+' cannot have one availability")
        if self.availability and (problem := topic_problem(self.availability)):
            raise ValueError(problem)
        if self.value and not self.value.startswith("/"):
            raise ValueError("a JSON pointer begins with '/'")
        if self.on == self.off:
            raise ValueError("on and off are the same text")
        if not self.measure.is_binary:
            conversion(self.measure, self.unit)
        return self

    @property
    def filter(self) -> str:
        """The topic, with its ``+``."""
        kind = self.kind or ("binary_sensor" if self.measure.is_binary else "sensor")
        return self.topic or state_topic(self.esphome, kind, self.name.rpartition(".")[2])

    def plan(self, topic: str, places: Sequence[str] = ()) -> SensorPlan:
        """The plan for ``topic``, whose wildcards stand for ``places``."""
        name = safe_name(_PLACE.sub(lambda found: places[int(found[1]) - 1], self.name))
        template = Template(self.value, _pointer(self.value)) if self.value else None
        reading: NumberReading | SwitchReading = SwitchReading(self.on, self.off, template)
        if not self.measure.is_binary:
            reading = NumberReading(conversion(self.measure, self.unit), template, self.scale)
        says_it = self.availability or (status_topic(self.esphome) if self.esphome else "")
        presence = (Presence(says_it, self.available, self.not_available),) if says_it else ()
        found = SensorFound(
            name, self.measure, interval_s=self.interval_s, has_presence=bool(presence) and self.interval_s is None
        )
        return SensorPlan(found, topic, reading, self.unit, presence, is_subscribed=bool(places))


@dataclass(frozen=True, slots=True)
class _Wildcard:
    sensor: MappedSensor
    pattern: re.Pattern[str]


class Mapping:
    """The rules of one mapping file."""

    def __init__(self, sensors: Sequence[MappedSensor] = (), *, file: str = "mapping") -> None:
        self._file = file
        self._plain = [sensor for sensor in sensors if "+" not in sensor.filter]
        self._wildcards = [
            _Wildcard(sensor, re.compile(re.escape(sensor.filter).replace(r"\+", "([^/]+)") + r"\Z"))
            for sensor in sensors
            if "+" in sensor.filter
        ]

    def announcements(self) -> tuple[Announcement, ...]:
        """The sensors whose topics are known already."""
        return tuple(
            Announcement(f"{self._file}: {sensor.name}", (sensor.plan(sensor.filter),)) for sensor in self._plain
        )

    def filters(self) -> tuple[str, ...]:
        """What else to subscribe to."""
        return tuple(rule.sensor.filter for rule in self._wildcards)

    def is_announcement(self, topic: str) -> bool:  # noqa: ARG002 - a dialect's signature
        """No topic is theirs alone."""
        return False

    def read(self, topic: str, payload: bytes) -> Announcement | None:  # noqa: ARG002 - a dialect's signature
        """The sensors that a message on this topic is of."""
        matches = ((rule.sensor, rule.pattern.match(topic)) for rule in self._wildcards)
        plans = tuple(sensor.plan(topic, found.groups()) for sensor, found in matches if found)
        return Announcement(f"{self._file}: {topic}", plans) if plans else None


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises :class:`MappingError`, which names the line and what to do."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAPPING_BYTES_MAX + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise MappingError(f"{path} cannot be read: {error.strerror}. Let the gateway's user read it.") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: not UTF-8 text at byte {error.start}. Save it as UTF-8.") from error
    if len(raw) > MAPPING_BYTES_MAX:
        raise MappingError(f"{path}: larger than {MAPPING_BYTES_MAX} bytes. Name a mapping file.")
    return parse_mapping(text, file=str(path))


def parse_mapping(text: str, *, file: str = "mapping") -> Mapping:
    """Read the text of a mapping file. Raises :class:`MappingError`."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError(f"{file}: not TOML: {error}. Mend the line named; text values need quotes.") from error
    if unknown := sorted(set(table) - {"sensors"}):
        raise MappingError(f"{file}: unknown key {unknown[0]!r}. Each sensor is a [[sensors]] table.")
    listed = table.get("sensors", [])
    if not isinstance(listed, list) or len(listed) > RULES_MAX:
        raise MappingError(f"{file}: sensors are at most {RULES_MAX} [[sensors]] tables. Write them so.")
    sensors: list[MappedSensor] = []
    for number, entry in enumerate(listed):
        line = _line(text, number)
        sensor = _sensor(entry, f"{file}:{line}")
        if twice := next((other for other in sensors if other.name == sensor.name), None):
            raise MappingError(f"{file}:{line}: two sensors are called {twice.name!r}. Give each a name of its own.")
        sensors.append(sensor)
    return Mapping(sensors, file=file)


def _sensor(entry: Any, place: str) -> MappedSensor:
    try:
        return MappedSensor.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        field = MappedSensor.model_fields.get(key)
        known = f"Known keys: {', '.join(MappedSensor.model_fields)}"
        meant = (f"Meant is: {field.description}" if field else known) if key else "Mend this table"
        said = first["msg"].removeprefix("Value error, ")
        raise MappingError(f"{place}: {key + ': ' if key else ''}{said}. {meant}.") from error


def _line(text: str, number: int) -> int:
    """The line of the ``number``-th table, counted from 1."""
    for at, found in enumerate(_TABLE.finditer(text)):
        if at == number:
            return text.count("\n", 0, found.start() + len(found[0]) - len(found[0].lstrip())) + 1
    return 1


def _pointer(pointer: str) -> Any:
    """A reader of what a JSON pointer (RFC 6901) names."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]

    def look(payload: Payload) -> Any:
        value = payload.json
        for part in parts:
            if isinstance(value, dict):
                value = value.get(part, MISSING)
            elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(value):
                value = value[int(part)]
            else:
                return MISSING
        if isinstance(value, (dict, list)):
            raise Unreadable("a value that is no number")
        return value

    return look
