"""Hours of the week in the store's own time: who is on duty, and when only what is urgent may ring. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.config.alert_settings import EVERY_DAY, AlertSettings, ShiftSettings, WindowSettings

DAYS_AHEAD_MAX = 8
"""A week and a day: every window of the week begins once in it."""

Span = tuple[datetime, datetime]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan of one store. All instants are aware; what is compared is instants, so no day of 23 or 25 hours errs.

    A window whose hour is skipped by summer time begins (or ends) when the clocks have gone forward; one whose hour
    comes twice begins with the first.
    """

    settings: AlertSettings
    zone: ZoneInfo

    def is_quiet(self, at: datetime) -> bool:
        """Whether only what is urgent may ring."""
        return self._quiet_until(at) is not None

    def after_quiet(self, at: datetime) -> datetime | None:
        """The first instant from ``at`` on that is not quiet; ``None`` where it is always quiet."""
        moment = at
        while (until := self._quiet_until(moment)) is not None:
            moment = until
            if moment - at > DAYS_AHEAD_MAX * _DAY:
                return None
        return moment

    def on_duty(self, at: datetime, shifts: Iterable[ShiftSettings]) -> tuple[ShiftSettings, ...]:
        """Those of the shifts that are on."""
        return tuple(shift for shift in shifts if any(begins <= at < ends for begins, ends in self._spans(shift, at)))

    def shift_now(self, at: datetime) -> str | None:
        """Who is on duty, in the names of the plan; ``None`` where there is no plan or nobody is."""
        return " + ".join(shift.name for shift in self.on_duty(at, self.settings.shifts)) or None

    def next_begin(self, at: datetime, shifts: Iterable[ShiftSettings]) -> datetime | None:
        """When the first of the shifts begins after ``at``, within :data:`DAYS_AHEAD_MAX` days."""
        begins = [
            begin for shift in shifts for begin, _ in self._spans(shift, at, days_ahead=DAYS_AHEAD_MAX) if begin > at
        ]
        return min(begins, default=None)

    def _quiet_until(self, at: datetime) -> datetime | None:
        spans = [span for window in self.settings.quiet_hours for span in self._spans(window, at)]
        return max((ends for begins, ends in spans if begins <= at < ends), default=None)

    def _spans(self, window: WindowSettings, at: datetime, *, days_ahead: int = 0) -> Iterator[Span]:
        """The window's occurrences that begin yesterday, today, or in the days ahead."""
        today = at.astimezone(self.zone).date()
        for offset in range(-1, days_ahead + 1):
            day = today + offset * _DAY
            if EVERY_DAY[day.weekday()] in window.days:
                yield self._span(window, day)

    def _span(self, window: WindowSettings, day: date) -> Span:
        last = day + _DAY if window.ends <= window.begins else day
        begin = datetime.combine(day, window.begins.replace(tzinfo=None), tzinfo=self.zone)
        end = datetime.combine(last, window.ends.replace(tzinfo=None), tzinfo=self.zone)
        return begin.astimezone(UTC), end.astimezone(UTC)
