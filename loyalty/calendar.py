"""Business dates: what day it is in a store. Birthdays, expiry and tiers go by it, never by UTC."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = 12
_LEAP_YEAR = 2000


class ZoneError(ValueError):
    """A time zone that is not in the IANA database of this machine."""


def business_date(instant: datetime, zone: str) -> date:
    """The store's local date at ``instant`` (aware). ``zone`` is an IANA name such as ``Asia/Shanghai``.

    Raises :class:`ZoneError` for an unknown zone, ``ValueError`` for an instant without an offset.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset from UTC to have a business date")
    return instant.astimezone(_zone(zone)).date()


def known_zone(zone: str) -> str:
    """Return an IANA zone name, or raise :class:`ZoneError`."""
    _zone(zone)
    return zone


def business_day(on: date, zone: str) -> tuple[datetime, datetime]:
    """The UTC instants at which the store's day ``on`` begins and ends; 23 to 25 hours apart where clocks change,
    and the same instant for a day that a move across the date line left out.

    Where local midnight is skipped (clocks go forward at 00:00) the day begins at the skip itself.
    """
    return _begin(on, _zone(zone)), _begin(on + timedelta(days=1), _zone(zone))


@dataclass(frozen=True, slots=True)
class Birthday:
    """Month and day of birth. The year is not needed for any rule, so it is not kept.

    Someone born on 29 February has their birthday on 28 February in common years: the day a gift
    is due may come a day early, but it never falls into another month and never fails to come.
    """

    month: int
    day: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= _MONTHS or not 1 <= self.day <= calendar.monthrange(_LEAP_YEAR, self.month)[1]:
            raise ValueError(f"no year has a day {self.day} in month {self.month}")

    def in_year(self, year: int) -> date:
        """The birthday in one year."""
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))

    def year_of(self, on: date, *, window_days: int = 1) -> int | None:
        """The year of the birthday whose window holds ``on``; ``None`` outside.

        The window begins with the birthday and has ``window_days`` days, so one that begins on
        30 December still belongs to the old year on 2 January.
        """
        for year in (on.year, on.year - 1):
            if year >= 1 and 0 <= (on - self.in_year(year)).days < window_days:
                return year
        return None


def month_end(on: date, *, after_months: int = 0) -> date:
    """The last day of the month ``after_months`` later."""
    months = on.year * _MONTHS + on.month - 1 + after_months
    year, month = divmod(months, _MONTHS)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def year_end(on: date, *, after_years: int = 0) -> date:
    """31 December of the year ``after_years`` later."""
    return date(on.year + after_years, _MONTHS, 31)


def _begin(on: date, zone: ZoneInfo) -> datetime:
    """Midnight, or the first instant that bears the date: folding to UTC and back moves a skipped midnight forward."""
    midnight = datetime.combine(on, time(), tzinfo=zone)
    begin = midnight.astimezone(UTC)
    before = midnight.replace(fold=1).astimezone(UTC)
    skipped = begin.astimezone(zone).replace(tzinfo=None) != midnight.replace(tzinfo=None)
    return _after_skip(begin, before, zone) if skipped else begin


def _after_skip(one: datetime, other: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the transition between two readings of a skipped midnight, to the second."""
    low, high = sorted((one, other))
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneError(f"{name!r} is no time zone: write an IANA name such as Asia/Shanghai") from error
