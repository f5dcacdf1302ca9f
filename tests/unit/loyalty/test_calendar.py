"""What day it is in a store, and on which day a birthday, a month and a year end there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.calendar import Birthday, ZoneError, business_date, business_day, month_end, year_end

ZONES = (
    "Pacific/Pago_Pago",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Pacific/Kiritimati",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-03-01T10:59:59", "Pacific/Pago_Pago", "2026-02-28"),  # UTC-11
        ("2026-03-01T11:00:00", "Pacific/Pago_Pago", "2026-03-01"),
        ("2026-02-28T09:59:59", "Pacific/Kiritimati", "2026-02-28"),  # UTC+14
        ("2026-02-28T10:00:00", "Pacific/Kiritimati", "2026-03-01"),
        ("2028-02-28T16:00:00", "Asia/Shanghai", "2028-02-29"),
        ("2025-12-31T18:29:59", "Asia/Kolkata", "2025-12-31"),
        ("2025-12-31T18:30:00", "Asia/Kolkata", "2026-01-01"),
        ("2026-03-28T23:00:00", "Europe/Berlin", "2026-03-29"),  # clocks go forward on this day
        ("2026-03-29T21:59:59", "Europe/Berlin", "2026-03-29"),
        ("2026-03-29T22:00:00", "Europe/Berlin", "2026-03-30"),
        ("2026-10-25T22:59:59", "Europe/Berlin", "2026-10-25"),  # clocks go back on this day
        ("2026-10-25T23:00:00", "Europe/Berlin", "2026-10-26"),
    ],
)
def test_the_business_date_is_the_local_one(instant: str, zone: str, day: str) -> None:
    assert business_date(utc(instant), zone) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-06-01", "Europe/Berlin", 24),
        ("2018-11-04", "America/Sao_Paulo", 23),  # midnight itself was skipped
        ("2011-12-30", "Pacific/Apia", 0),  # the whole day was skipped
        ("2026-03-29", "Pacific/Kiritimati", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(day: str, zone: str, hours: int) -> None:
    begin, end = business_day(date.fromisoformat(day), zone)
    assert end - begin == timedelta(hours=hours)


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_instant() -> None:
    begin, _ = business_day(date(2018, 11, 4), "America/Sao_Paulo")
    assert business_date(begin, "America/Sao_Paulo") == date(2018, 11, 4)
    assert business_date(begin - timedelta(microseconds=1), "America/Sao_Paulo") == date(2018, 11, 3)


@given(st.integers(0, 2_200_000_000), st.sampled_from(ZONES))
def test_every_instant_lies_in_its_business_day(seconds: int, zone: str) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    begin, end = business_day(business_date(instant, zone), zone)
    assert begin <= instant < end


def test_an_instant_without_an_offset_has_no_business_date() -> None:
    with pytest.raises(ValueError, match="offset"):
        business_date(datetime.fromisoformat("2026-01-01T00:00:00"), "Asia/Shanghai")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "x" * 500])
def test_an_unknown_zone_is_refused_with_a_remedy(zone: str) -> None:
    with pytest.raises(ZoneError, match="IANA"):
        business_date(utc("2026-01-01T00:00:00"), zone)


@pytest.mark.parametrize(
    ("birthday", "on", "window_days", "year"),
    [
        (Birthday(2, 29), "2028-02-29", 1, 2028),
        (Birthday(2, 29), "2028-02-28", 1, None),
        (Birthday(2, 29), "2027-02-28", 1, 2027),
        (Birthday(2, 29), "2027-03-01", 1, None),
        (Birthday(2, 29), "2100-02-28", 1, 2100),
        (Birthday(2, 28), "2027-02-28", 1, 2027),
        (Birthday(12, 30), "2027-01-02", 7, 2026),
        (Birthday(12, 30), "2027-01-06", 7, None),
        (Birthday(1, 1), "2026-12-31", 1, None),
        (Birthday(1, 1), "2027-01-01", 1, 2027),
    ],
)
def test_a_birthday_belongs_to_one_year(birthday: Birthday, on: str, window_days: int, year: int | None) -> None:
    assert birthday.year_of(date.fromisoformat(on), window_days=window_days) == year


@given(st.dates(date(2000, 1, 1), date(2000, 12, 31)), st.integers(1990, 2110))
def test_every_year_has_exactly_one_day_of_each_birthday(born: date, year: int) -> None:
    birthday = Birthday(born.month, born.day)
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    assert sum(birthday.year_of(day) == year for day in days) == 1


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (0, 1), (13, 1), (1, 0)])
def test_a_day_that_no_year_has_is_no_birthday(month: int, day: int) -> None:
    with pytest.raises(ValueError, match="no year"):
        Birthday(month, day)


@pytest.mark.parametrize(
    ("on", "after", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-02-28", 12, "2028-02-29"),
        ("2026-11-30", 1, "2026-12-31"),
        ("2026-12-01", 1, "2027-01-31"),
        ("2026-12-31", 0, "2026-12-31"),
    ],
)
def test_months_end_on_their_last_day(on: str, after: int, end: str) -> None:
    assert month_end(date.fromisoformat(on), after_months=after) == date.fromisoformat(end)


def test_a_year_ends_on_its_last_day() -> None:
    assert year_end(date(2026, 1, 1)) == date(2026, 12, 31)
    assert year_end(date(2028, 2, 29), after_years=1) == date(2029, 12, 31)
