"""Head office pays birthday points to whoever did not come in, once with what the stores promise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_crm.database import Database
from cloud_crm.members import repository as members
from cloud_crm.standing.days import LATE_DAYS_MAX
from loyalty.calendar import Birthday
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, pending
from tests.unit.cloud.shop_days import CAUSE, Shop
from tests.unit.cloud.store_days import FakeClock

WINDOW_DAYS = 3
RULE: dict[str, Any] = {"id": "cake-day", "kind": "birthday", "points": 50, "window_days": WINDOW_DAYS}
PROGRAMME: dict[str, Any] = {"earning": {"activities": [RULE]}}
MAY_20 = {"name": "Anna", "birthday": "05-20"}


def celebrate(one: Shop, year: int, *, store: str = "store-1", points: int = 50) -> None:
    """A store promises Anna's points, as it does at a tap."""
    day = one.days[store]
    posting = PostingV1(
        id=posting_id("activity", "cake-day", "anna", str(year)),
        debit=PROGRAMME_ISSUED,
        credit=pending(MemberId("anna")),
        points=points,
        rule="birthday",
    )
    day.write(PointsPostedV1(cause=CAUSE, member="anna", rule="birthday", postings=(posting,)))
    one.land(store)


def noon(on: date) -> datetime:
    """Noon in store-1."""
    return datetime(on.year, on.month, on.day, 4, tzinfo=UTC)


def test_whoever_did_not_come_in_is_paid_when_the_days_are_over_and_once(database: Database, clock: FakeClock) -> None:
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 22)))
    assert one.balance("anna") == 0
    one.until(noon(date(2027, 5, 23)))
    assert one.balance("anna") == 50
    one.pass_days(30)
    assert one.balance("anna") == 50
    one.until(noon(date(2028, 5, 23)))
    assert one.balance("anna") == 100


def test_what_a_store_promised_is_not_paid_again(database: Database, clock: FakeClock) -> None:
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 21)))
    celebrate(one, 2027)
    one.until(noon(date(2027, 5, 23)))
    assert one.balance("anna") == 50


def test_two_stores_that_were_cut_off_and_head_office_count_once_together(database: Database, clock: FakeClock) -> None:
    one = Shop(database, {**PROGRAMME, "lots": {"pending_days": 7}}, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 23)))
    celebrate(one, 2027)
    celebrate(one, 2027, store="store-2")
    told = one.told()[0]["anna"]
    assert (told.balance, told.pending) == (0, 50)


@pytest.mark.parametrize(
    ("born", "first", "paid"),
    [
        ("02-29", date(2027, 2, 28), date(2027, 3, 3)),
        ("02-29", date(2028, 2, 29), date(2028, 3, 3)),
        ("12-31", date(2026, 12, 31), date(2027, 1, 3)),
    ],
)
def test_leap_days_and_new_year(database: Database, clock: FakeClock, born: str, first: date, paid: date) -> None:
    assert first == Birthday(*map(int, born.split("-"))).in_year(first.year)
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", {"name": "Anna", "birthday": born})
    one.until(noon(paid - timedelta(days=1)))
    assert one.balance("anna") == 0
    one.until(noon(paid))
    assert one.balance("anna") == 50


def test_the_days_are_those_of_the_members_own_store(database: Database, clock: FakeClock) -> None:
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", MAY_20, store="store-2")
    one.until(datetime(2027, 5, 23, 9, 59, tzinfo=UTC))
    assert one.balance("anna") == 0
    one.until(datetime(2027, 5, 23, 10, 0, tzinfo=UTC))
    assert one.balance("anna") == 50


def test_a_cloud_that_was_down_pays_late_but_not_long_after(database: Database, clock: FakeClock) -> None:
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 22) + timedelta(days=LATE_DAYS_MAX)))
    assert one.balance("anna") == 50
    one.until(noon(date(2028, 5, 23) + timedelta(days=LATE_DAYS_MAX)))
    assert one.balance("anna") == 50


def test_a_sale_that_lands_before_the_turn_of_the_day_takes_no_birthday_away(
    database: Database, clock: FakeClock
) -> None:
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 22)))
    clock.at = noon(date(2027, 5, 23))
    one.sell("anna", "r-1", 1_000)
    one.pass_days(1)
    assert one.balance("anna") == 50 + 10


def test_whoever_joined_afterwards_or_is_not_served_is_paid_nothing(database: Database, clock: FakeClock) -> None:
    one = Shop(database, PROGRAMME, clock)
    clock.at = noon(date(2027, 5, 23))
    one.join("late", MAY_20)
    clock.at = noon(date(2027, 5, 19))
    one.join("gone", MAY_20)
    with database.write() as connection:
        members.change_member(connection, "gone", {"blocked_at": "2027-05-19T04:00:00.000Z"})
    one.until(noon(date(2027, 5, 24)))
    assert (one.balance("late"), one.balance("gone")) == (0, 0)


def test_a_rule_that_pays_once_for_good_does(database: Database, clock: FakeClock) -> None:
    rule = {**RULE, "period": "ever"}
    one = Shop(database, {"earning": {"activities": [rule]}}, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 23)))
    one.until(noon(date(2028, 5, 23)))
    assert one.balance("anna") == 50


def test_without_the_rule_nobody_is_paid(database: Database, clock: FakeClock) -> None:
    one = Shop(database, {}, clock)
    one.join("anna", MAY_20)
    one.until(noon(date(2027, 5, 23)))
    assert one.balance("anna") == 0
