"""Which message is of which sensor, and what it says: the whole of the driver ``mqtt_sensors`` but the connection.

Pure: messages and a clock go in, observations come out, beside the topics that are wanted from now on. Whatever
comes in may be hostile; the first to use a name keeps it, and everything is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Protocol

from devices.observations import Observation
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead
from devices.sensors.complaints import Complaints
from devices.sensors.payload import NoValue, Payload, Unreadable
from devices.sensors.plans import Announcement, SensorPlan
from devices.store_bus import Heard

BAD_IN_A_ROW_MAX = 3
"""Unreadable messages after which a sensor counts as lost: one may be a disturbance."""
ANNOUNCEMENTS_MAX = 2_000
SENSORS_OF_NODE_MAX = 200
"""More of one node than any bridge has: it is out of order, or means ill, and the others need room."""
BATTERY_LOW_PERCENT = 15.0
BATTERY_WELL_PERCENT = 20.0
_TAKEN_BACK = "it took its announcement back"
_GONE = "not there, by its own last will or its bridge's word"


class Dialect(Protocol):
    """A way in which sensors announce themselves."""

    def filters(self) -> tuple[str, ...]: ...

    def is_announcement(self, topic: str) -> bool: ...

    def read(self, topic: str, payload: bytes) -> Announcement | None: ...


@dataclass(slots=True)
class _Line:
    """One sensor that is listened to."""

    plan: SensorPlan
    announced: SensorPlan
    """The plan before anything was heard."""
    source: str
    node: str = ""
    said: dict[str, bool] = field(default_factory=dict)
    """By presence topic, what it said last."""
    latest: bool | None = None
    lost: str = ""
    """Why it counts as lost; empty while it does not."""
    bad: int = 0


class Switchboard:
    """Everything heard on one connection, sorted out. Made anew for each connection."""

    def __init__(self, dialects: Sequence[Dialect], *, sensors_max: int, complaints: Complaints | None = None) -> None:
        self.complaints = complaints or Complaints()
        self._dialects = dialects
        self._sensors_max = sensors_max
        self._lines: dict[tuple[str, Measure], _Line] = {}
        self._by_topic: dict[str, list[_Line]] = {}
        self._by_presence: dict[str, list[_Line]] = {}
        self._announced: dict[str, bytes] = {}
        self._wanted: dict[str, None] = {}
        self._unwanted: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def filters(self) -> tuple[str, ...]:
        """What to subscribe to at first."""
        return tuple(name for dialect in self._dialects for name in dialect.filters())

    @property
    def wanted(self) -> int:
        """How many topics wait to be asked for."""
        return len(self._wanted)

    def take_wanted(self) -> list[str]:
        """Topics to subscribe to, since the last time asked; one known already is asked for anew, for its state."""
        wanted, self._wanted = list(self._wanted), {}
        return wanted

    def take_unwanted(self) -> list[str]:
        """Topics to listen to no more, since the last time asked."""
        unwanted = [topic for topic in self._unwanted if topic not in self._by_topic and topic not in self._by_presence]
        self._unwanted = {}
        return unwanted

    def hear(self, heard: Heard, now_s: float) -> list[Observation]:
        """What one message says, in order. ``now_s`` from any clock that only rises."""
        told: list[Observation] = []
        payload = Payload(heard.payload)
        present, lines = self._by_presence.get(heard.topic), self._by_topic.get(heard.topic)
        if (present is None and lines is None) or self._is_announcement(heard.topic):
            told += self._announcement(heard)
            lines = self._by_topic.get(heard.topic)
        if present:
            told += self._presence(present, heard.topic, payload)
        for line in lines or ():
            told += self._state(line, payload, is_retained=heard.is_retained)
        changed = self.complaints.changed(now_s)
        return [*told, changed] if changed is not None else told

    def begin(self, announcements: Iterable[Announcement]) -> list[Observation]:
        """What is known without having been announced on the bus."""
        return [told for announcement in announcements for told in self._announce(announcement)]

    def _is_announcement(self, topic: str) -> bool:
        return any(dialect.is_announcement(topic) for dialect in self._dialects)

    def _announcement(self, heard: Heard) -> Iterator[Observation]:
        mark = blake2b(heard.payload, digest_size=16).digest()
        if self._announced.get(heard.topic) == mark:
            return
        for dialect in self._dialects:
            announcement = dialect.read(heard.topic, heard.payload)
            if announcement is None:
                continue
            if heard.topic not in self._announced and len(self._announced) >= ANNOUNCEMENTS_MAX:
                self.complaints.add("announcements", f"more than {ANNOUNCEMENTS_MAX} announcements on the bus")
                return
            self._announced[heard.topic] = mark
            if not heard.payload:
                del self._announced[heard.topic]
            yield from self._announce(announcement)
            return

    def _announce(self, announcement: Announcement) -> Iterator[Observation]:
        source = announcement.source
        self.complaints.clear(source)
        for problem in announcement.problems:
            self.complaints.add(source, problem)
        if announcement.problems and not announcement.plans:
            return  # what cannot be read takes nothing back
        staying = {plan.key for plan in announcement.plans}
        for key, line in list(self._lines.items()):
            if line.source == source and key not in staying:
                self._forget(line)
                yield SensorLost(line.plan.found.sensor, _TAKEN_BACK, is_for_good=True)
        for plan in announcement.plans:
            yield from self._plan(plan, source, announcement.node)

    def _plan(self, plan: SensorPlan, source: str, node: str) -> Iterator[Observation]:
        name = plan.found.sensor
        known = self._lines.get(plan.key)
        if known is not None and known.source != source and known.plan.refusal and not plan.refusal:
            self._forget(known)  # whoever cannot be read keeps the name from nobody who can
            known = None
        if known is not None and known.source != source:
            self.complaints.add(source, f"{name}: {known.source} uses this name already, so {source} is not read")
            return
        if known is None and len(self._lines) >= self._sensors_max:
            self.complaints.add(source, f"{name}: more than {self._sensors_max} sensors")
            return
        if known is None and node and sum(line.node == node for line in self._lines.values()) >= SENSORS_OF_NODE_MAX:
            self.complaints.add(f"node {node}", f"{node}: more than {SENSORS_OF_NODE_MAX} sensors of one node")
            return
        if known is not None and plan.unit != known.plan.unit:
            refusal = (
                f"it announced {known.plan.unit or 'no unit'!r} and now {plan.unit or 'no unit'!r}: "
                "take the old announcement back first"
            )
            plan = replace(plan, refusal=refusal, unit=known.plan.unit)
        if known is not None and known.announced == plan:
            return
        if known is not None:
            self._forget(known)
        line = _Line(plan, plan, source, node)
        self._lines[plan.key] = line
        yield plan.found
        if plan.refusal:
            self.complaints.add(source, f"{name}: {plan.refusal}")
            yield SensorLost(name, plan.refusal)
            line.lost = plan.refusal
            return
        self._listen(line)

    def _listen(self, line: _Line) -> None:
        self._by_topic.setdefault(line.plan.topic, []).append(line)
        if not line.plan.is_subscribed:
            self._wanted[line.plan.topic] = None
        for presence in line.plan.presence:
            self._by_presence.setdefault(presence.topic, []).append(line)
            self._wanted[presence.topic] = None

    def _forget(self, line: _Line) -> None:
        del self._lines[line.plan.key]
        self.complaints.clear(line.plan.found.sensor)
        self.complaints.clear(_battery(line.plan.found.sensor))
        for places, topics in (
            (self._by_topic, (line.plan.topic,)),
            (self._by_presence, tuple(presence.topic for presence in line.plan.presence)),
        ):
            for topic in topics:
                if topic not in places:
                    continue  # who cannot be read was never listened to
                staying = [other for other in places[topic] if other is not line]
                if staying:
                    places[topic] = staying
                else:
                    del places[topic]
                    self._unwanted[topic] = None

    def _presence(self, lines: Iterable[_Line], topic: str, payload: Payload) -> Iterator[Observation]:
        told: set[Observation] = set()  # several measures of one sensor come and go as one
        for line in lines:
            for word in self._presence_of(line, topic, payload):
                if word not in told:
                    told.add(word)
                    yield word

    def _presence_of(self, line: _Line, topic: str, payload: Payload) -> Iterator[Observation]:
        says = next((p.says(payload) for p in line.plan.presence if p.topic == topic), None)
        if says is None:
            return
        is_news = topic not in line.said
        line.said[topic] = line.latest = says
        if is_news and topic == line.plan.own_presence:
            line.plan = replace(line.plan, found=replace(line.plan.found, has_presence=True))
            yield line.plan.found
        if not line.plan.is_there(line.said, latest=line.latest):
            if line.lost != _GONE:
                line.lost = _GONE
                yield SensorLost(line.plan.found.sensor, _GONE)
        elif line.lost == _GONE or (is_news and not line.lost):
            line.lost = ""
            yield SensorBack(line.plan.found.sensor)

    def _state(self, line: _Line, payload: Payload, *, is_retained: bool) -> Iterator[Observation]:
        found = line.plan.found
        try:
            value = line.plan.reading.read(payload)
        except NoValue as trouble:
            yield from self._lose(line, str(trouble))
            return
        except Unreadable as trouble:
            line.bad += 1
            if line.bad >= BAD_IN_A_ROW_MAX:
                yield from self._lose(line, f"it says {trouble}")
            return
        if value is None:
            return
        line.bad = 0
        was_gone = line.lost == _GONE
        line.lost = ""
        self.complaints.clear(found.sensor)
        yield SensorRead(found.sensor, found.measure, value, is_retained=is_retained)
        if was_gone and is_retained:
            # What the broker kept is older than the word that the sensor is gone.
            line.lost = _GONE
            yield SensorLost(found.sensor, _GONE)
        self._watch_battery(found, value)

    def _lose(self, line: _Line, reason: str) -> Iterator[Observation]:
        if line.lost == reason:
            return
        line.lost = reason
        self.complaints.add(line.plan.found.sensor, f"{line.plan.found.sensor}: {reason}")
        yield SensorLost(line.plan.found.sensor, reason)

    def _watch_battery(self, found: SensorFound, value: float) -> None:
        if found.measure is not Measure.BATTERY:
            return
        subject = _battery(found.sensor)
        if value <= BATTERY_LOW_PERCENT:
            self.complaints.add(subject, f"{found.name or found.sensor}: its battery is low")
        elif value >= BATTERY_WELL_PERCENT:
            self.complaints.clear(subject)


def _battery(sensor: str) -> str:
    return f"battery {sensor}"
