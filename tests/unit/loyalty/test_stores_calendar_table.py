"""What day it is in a store, from UTC-11 to UTC+14 and where clocks change at midnight; birthdays go by it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty.calendar import Birthday, business_date, business_day
from loyalty.checkout.offers import Person, offers_due
from loyalty.identifiers import EventId, MemberId
from loyalty.points.accruals import Activity, NotEarned, PastActivity, activity_accrual
from loyalty.points.lots import Accrual
from loyalty.terms.document import terms_from_toml
from loyalty.terms.earning import ActivityKind

TERMS = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
[[earning.activities]]
id = "birthday"
kind = "birthday"
points = 50
[[coupons]]
id = "cake"
name = "Cake"
kind = "gift"
gift_sku = "CAKE"
[[member_types]]
id = "all"
offers = [{ kind = "birthday_gift", coupon = "cake" }]
""")


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("Pacific/Pago_Pago", "2026-02-28", "2026-02-28T11:00", 24),
        ("Pacific/Kiritimati", "2026-02-28", "2026-02-27T10:00", 24),
        ("Asia/Shanghai", "2028-02-29", "2028-02-28T16:00", 24),
        ("Asia/Kathmandu", "2026-07-01", "2026-06-30T18:15", 24),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),  # half an hour back
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),  # 00:00 was 01:00
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00", 25),  # 24:00 was 23:00 once more
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
        ("Africa/Cairo", "2026-10-29", "2026-10-28T21:00", 25),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", 25),  # midnight twice: the first begins the day
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", 24),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),  # the day that was left out
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", 24),
    ],
)
def test_where_a_stores_day_begins_and_how_long_it_is(zone: str, day: str, begins: str, hours: float) -> None:
    on = date.fromisoformat(day)
    begin, end = business_day(on, zone)
    assert begin == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert end - begin == timedelta(hours=hours)
    if hours:
        assert business_date(begin, zone) == on == business_date(end - timedelta(microseconds=1), zone)
        assert business_date(begin - timedelta(microseconds=1), zone) < on


ZONES = (
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
)
BIRTHDAYS = (Birthday(2, 29), Birthday(2, 28), Birthday(1, 1), Birthday(12, 31), Birthday(4, 24), Birthday(10, 29))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("birthday", BIRTHDAYS, ids=lambda one: f"{one.month}-{one.day}")
def test_a_birthday_earns_once_in_each_year_on_the_stores_own_day(zone: str, birthday: Birthday) -> None:
    past: list[PastActivity] = []
    instant, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    while instant < until:  # the member taps every few hours for three years
        on = business_date(instant, zone)
        activity = Activity(MemberId("anna"), ActivityKind.BIRTHDAY, on, EventId("e"), birthday=birthday)
        answer = activity_accrual(TERMS, "birthday", activity, past)
        if isinstance(answer, Accrual):
            assert on == birthday.in_year(on.year)
            past.append(PastActivity("birthday", str(on.year), on))
        instant += timedelta(hours=7)
    first, last = business_date(datetime(2026, 1, 1, tzinfo=UTC), zone), on
    in_reach = [birthday.in_year(year) for year in range(first.year, last.year + 1)]
    assert [one.on for one in past] == [day for day in in_reach if first <= day <= last]


@pytest.mark.parametrize(
    ("on", "due"),
    [
        ("2027-02-27", False),
        ("2027-02-28", True),  # nobody born on a leap day waits four years
        ("2027-03-01", False),
        ("2028-02-28", False),
        ("2028-02-29", True),
        ("2100-02-28", True),  # no leap year, though four divides it
        ("2000-02-29", True),
    ],
)
def test_somebody_born_on_29_february_has_gift_and_points_on_one_day_of_every_year(on: str, due: bool) -> None:
    day, born = date.fromisoformat(on), Birthday(2, 29)
    gifts = offers_due(TERMS, Person(joined_on=date(1999, 1, 1), birthday=born), on=day)
    assert [gift.key for gift in gifts] == ([f"birthday_gift:{day.year}"] if due else [])
    answer = activity_accrual(
        TERMS, "birthday", Activity(MemberId("a"), ActivityKind.BIRTHDAY, day, EventId("e"), birthday=born), ()
    )
    assert isinstance(answer, Accrual) if due else answer is NotEarned.NOT_THEIR_BIRTHDAY


def test_one_instant_is_a_birthday_in_one_store_and_not_in_another() -> None:
    instant = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
    days = {zone: business_date(instant, zone) for zone in ("Pacific/Pago_Pago", "Asia/Shanghai", "Pacific/Kiritimati")}
    assert days == {
        "Pacific/Pago_Pago": date(2026, 4, 30),
        "Asia/Shanghai": date(2026, 5, 1),
        "Pacific/Kiritimati": date(2026, 5, 2),
    }
    assert [Birthday(5, 1).year_of(day) for day in days.values()] == [None, 2026, None]
