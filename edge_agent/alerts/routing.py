"""Who hears of an alert, and from when on: by role, zone, shift, route and quiet hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.alerts.schedule import DAYS_AHEAD_MAX, Schedule
from edge_agent.config.alert_settings import RouteSettings, ShiftSettings
from edge_agent.floor.findings import AlertKind
from kiosk_ui.staff.board import Severity

_FAR = timedelta(days=DAYS_AHEAD_MAX)


@dataclass(frozen=True, slots=True)
class Called:
    """What somebody is called for. ``level`` counts how often it was passed on, from 0."""

    kind: AlertKind
    zone: str
    severity: Severity
    level: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A destination, and the instant before which its message must not be sent."""

    destination: str
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Routing:
    """The plan of one store. Nothing is left untold while anybody's destination is configured for it."""

    schedule: Schedule

    @property
    def top(self) -> int:
        """The level above which nobody new is called; with a single role the same are called once more."""
        return max(1, len(self.schedule.settings.roles) - 1)

    def targets(self, called: Called, at: datetime) -> tuple[Target, ...]:
        """Who hears of it: the role's shift on duty, or its next one, and whoever a route names. Each once."""
        found: dict[str, datetime] = {}
        for target in (*self._by_shift(called, at), *self._by_route(called, at)):
            found[target.destination] = min(target.not_before, found.get(target.destination, target.not_before))
        return tuple(Target(destination, moment) for destination, moment in found.items())

    def first_call(self, called: Called, at: datetime) -> datetime:
        """When somebody can have heard of it: from then on an alert that nobody takes is unclaimed."""
        moments = [target.not_before for target in self.targets(called, at)]
        return min(moments, default=self._waking(called, at) or at)

    def waking(self, called: Called, at: datetime) -> datetime:
        """``at``, or the end of the quiet hours it falls into."""
        return self._waking(called, at) or at

    def _by_shift(self, called: Called, at: datetime) -> tuple[Target, ...]:
        shifts = self._shifts_of(called)
        if called.severity is Severity.URGENT:
            # Nobody of this role is there: whoever is there above them; and at night, the last one's phone rings.
            duty = self.schedule.on_duty(at, shifts) or self._anybody(called, at)
            return _targets(duty, at)
        moment: datetime | None = at
        while moment is not None:
            moment = self.schedule.after_quiet(moment)
            if moment is None:
                return ()
            if duty := self.schedule.on_duty(moment, shifts):
                return _targets(duty, moment)
            later = self.schedule.next_begin(moment, shifts)
            moment = later if later is not None and later - at < _FAR else None
        return ()

    def _by_route(self, called: Called, at: datetime) -> tuple[Target, ...]:
        moment = self._waking(called, at)
        routes = [route for route in self.schedule.settings.routes if _fits(route, called)]
        return _targets(routes, moment) if moment is not None else ()

    def _waking(self, called: Called, at: datetime) -> datetime | None:
        return at if called.severity is Severity.URGENT else self.schedule.after_quiet(at)

    def _shifts_of(self, called: Called) -> tuple[ShiftSettings, ...]:
        """The shifts of the role at this level; where it has none that hears anything, of the nearest role that has."""
        roles = self.schedule.settings.roles
        level = min(called.level, len(roles) - 1)
        for role in (*roles[level:], *reversed(roles[:level])):
            if shifts := self._hearing(role, called.zone):
                return shifts
        return ()

    def _anybody(self, called: Called, at: datetime) -> tuple[ShiftSettings, ...]:
        roles = self.schedule.settings.roles
        above = [role for role in roles[min(called.level, len(roles) - 1) :] if self._hearing(role, called.zone)]
        there = (self.schedule.on_duty(at, self._hearing(role, called.zone)) for role in above)
        last = self._hearing(above[-1], called.zone) if above else self._shifts_of(called)
        return next((shifts for shifts in there if shifts), last)

    def _hearing(self, role: str, zone: str) -> tuple[ShiftSettings, ...]:
        shifts = [shift for shift in self.schedule.settings.shifts if shift.role == role and shift.destinations]
        return tuple(shift for shift in shifts if not shift.zones or not zone or zone in shift.zones)


def _targets(named: Iterable[ShiftSettings | RouteSettings], moment: datetime) -> tuple[Target, ...]:
    return tuple(Target(destination, moment) for one in named for destination in one.destinations)


def _fits(route: RouteSettings, called: Called) -> bool:
    return (
        (not route.kinds or called.kind in route.kinds)
        and (not route.zones or called.zone in route.zones)
        and (not route.severities or called.severity in route.severities)
    )
