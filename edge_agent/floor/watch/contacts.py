"""Doors, beams and motion: what changed and stayed so is journalled, within a bound; a door left open is told of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud_bridge.floor_contract import ContactChangedV1
from devices.readings import Measure
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.floor.sensors import Sensor

STAYS_S = 0.5
"""A contact that opens and shuts again within this only bounced."""
BURST_MAX = 20
EVERY_S = 30.0
"""A contact that never rests is journalled so often at most, once its burst is spent."""
CONTACTS = frozenset({Measure.DOOR, Measure.MOTION, Measure.OCCUPANCY})

Key = tuple[str, Measure]


@dataclass(frozen=True, slots=True)
class Contact:
    """How one contact stands, and what was told of it. ``since`` is when it began to stand so."""

    is_on: bool
    since_s: float
    since: datetime
    told: bool | None = None
    allowance: float = BURST_MAX
    allowed_s: float = 0.0

    def allowed(self, now_s: float) -> float:
        """How many events it may still cause now."""
        return min(float(BURST_MAX), self.allowance + (now_s - self.allowed_s) / EVERY_S)


class Contacts:
    """Every contact of the store."""

    def __init__(self) -> None:
        self._known: dict[Key, Contact] = {}

    def hear(self, sensor: Sensor, now_s: float, now: datetime) -> None:
        """A contact was read. One found so on connecting is a state: it is known, and no event."""
        if sensor.last is None or sensor.measure not in CONTACTS:
            return
        is_on, key = sensor.last.value == 1.0, (sensor.id, sensor.measure)
        known = self._known.get(key)
        if known is None:
            told = is_on if sensor.last.is_retained else None
            self._known[key] = Contact(is_on, now_s, now, told, allowed_s=now_s)
        elif known.is_on is not is_on:
            self._known[key] = replace(known, is_on=is_on, since_s=now_s, since=now)

    def due(self, now_s: float) -> dict[Key, Contact]:
        """Those whose change stayed and is not told yet, as they are once it is."""
        return {
            key: replace(known, told=known.is_on, allowance=known.allowed(now_s) - 1, allowed_s=now_s)
            for key, known in self._known.items()
            if known.told is not known.is_on and now_s - known.since_s >= STAYS_S and known.allowed(now_s) >= 1
        }

    def accept(self, due: dict[Key, Contact]) -> None:
        """They are journalled; what changed meanwhile is still to come."""
        for key, told in due.items():
            self._known[key] = replace(
                self._known[key], told=told.told, allowance=told.allowance, allowed_s=told.allowed_s
            )

    def doors(self, now_s: float, *, open_for: timedelta) -> Iterator[Finding]:
        """Whether each door has stood open for too long."""
        if not open_for:
            return
        for (sensor, measure), known in self._known.items():
            if measure is Measure.DOOR:
                is_long = known.is_on and now_s - known.since_s >= open_for.total_seconds()
                facts: dict[str, str | int] = {"since": known.since.isoformat(timespec="seconds")} if is_long else {}
                yield Finding(AlertKind.DOOR_OPEN, sensor, Holds.YES if is_long else Holds.NO, facts)


def event_of(key: Key, told: Contact) -> ContactChangedV1:
    """What is recorded of a contact."""
    return ContactChangedV1(sensor=key[0], measure=key[1].value, is_on=told.is_on)
