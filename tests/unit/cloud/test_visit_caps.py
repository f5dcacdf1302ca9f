"""So many visits earn in a period, in all stores together, however the stores tell of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_crm.clock import rfc3339
from cloud_crm.database import Database
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, pending
from tests.unit.cloud.shop_days import CAUSE, Shop
from tests.unit.cloud.store_days import FakeClock

FIRST = datetime(2027, 5, 1, 4, tzinfo=UTC)


def programme(period: str, *, pending_days: int = 7) -> dict[str, Any]:
    rule = {"id": "come-in", "kind": "visit", "points": 2, "times_max": 3, "period": period}
    return {"lots": {"pending_days": pending_days}, "earning": {"activities": [rule]}}


def visit(one: Shop, number: int, store: str) -> None:
    """Anna shows her card on the day ``number`` of May, and the store tells of it."""
    at = FIRST + timedelta(days=number - 1)
    day = one.days[store]
    day.time = rfc3339(at)
    on = one.keeper.days.on(store, at).isoformat()
    posting = PostingV1(
        id=posting_id("activity", "come-in", "anna", on),
        debit=PROGRAMME_ISSUED,
        credit=pending(MemberId("anna")),
        points=2,
        rule="visit",
    )
    day.write(PointsPostedV1(cause=CAUSE, member="anna", rule="visit", postings=(posting,)))
    one.land(store)


def points(one: Shop) -> int:
    """Anna's points, spendable and waiting."""
    told = one.told()[0]["anna"]
    return told.balance + told.pending - told.owed


@pytest.fixture
def shop(database: Database, clock: FakeClock) -> Shop:
    clock.at = FIRST
    one = Shop(database, programme("month"), clock)
    one.join("anna", {"name": "Anna"})
    return one


def test_two_stores_pay_together_no_more_than_the_rule_says(shop: Shop) -> None:
    for number in (1, 3, 5):
        visit(shop, number, "store-1")
    for number in (10, 12, 14):
        visit(shop, number, "store-2")
    assert points(shop) == 3 * 2


def test_the_next_month_pays_again(shop: Shop) -> None:
    for number in (10, 12, 14, 16):
        visit(shop, number, "store-2")
    visit(shop, 33, "store-1")
    assert points(shop) == 4 * 2


@pytest.mark.parametrize("seed", range(8))
def test_in_whatever_order_the_stores_tell_of_them_as_many_are_paid(shop: Shop, seed: int) -> None:
    told = [(number, store) for number in range(2, 26, 3) for store in ("store-1", "store-2")]
    random.Random(seed).shuffle(told)
    for number, store in told:
        visit(shop, number, store)
        assert points(shop) <= 3 * 2
    assert points(shop) == 3 * 2


@pytest.mark.parametrize("period", ["year", "ever"])
def test_longer_periods_hold_too(shop: Shop, period: str) -> None:
    shop.announce(programme(period))
    for number in (1, 40, 80, 120, 160):
        visit(shop, number, "store-1" if number % 80 else "store-2")
    assert points(shop) == 3 * 2


def test_where_points_do_not_wait_they_are_taken_back_all_the_same(database: Database, clock: FakeClock) -> None:
    clock.at = FIRST
    one = Shop(database, programme("month", pending_days=0), clock)
    one.join("anna", {"name": "Anna"})
    for number, store in ((1, "store-1"), (3, "store-1"), (5, "store-1"), (10, "store-2"), (12, "store-2")):
        visit(one, number, store)
    assert points(one) == 3 * 2


def test_one_store_that_counts_rightly_is_left_alone(shop: Shop) -> None:
    for number in (1, 3, 5):
        visit(shop, number, "store-1")
    with shop.database.read() as connection:
        rules = connection.exec_driver_sql("SELECT DISTINCT rule FROM postings").scalars().all()
    assert list(rules) == ["visit"]
