"""Tiers and referrals follow purchases as they land, in any store, and refunds as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_crm.database import Database
from cloud_crm.members import repository as members
from cloud_crm.standing import repository as standings
from tests.unit.cloud.shop_days import Shop
from tests.unit.cloud.store_days import FakeClock

GRACE_DAYS = 10
TIERS: dict[str, Any] = {
    "tiers": {
        "by": "spend",
        "period": "rolling",
        "period_days": 30,
        "grace_days": GRACE_DAYS,
        "levels": [{"id": "silver", "name": "S", "at": 10_000}, {"id": "gold", "name": "G", "at": 50_000}],
    }
}
REFERRAL: dict[str, Any] = {
    "earning": {
        "referral": {
            "referrer_points": 100,
            "referred_points": 50,
            "minimum_minor": 2_000,
            "year_times_max": 2,
            "referrer_coupon": "thanks",
        }
    },
    "coupons": [
        {"id": "thanks", "name": "Thanks", "kind": "amount", "amount_minor": 500, "minimum_minor": 600,
         "budget": {"member_uses_max": 0}}
    ],
}  # fmt: skip


@pytest.mark.parametrize(("minor", "tier"), [(9_999, ""), (10_000, "silver"), (49_999, "silver"), (50_000, "gold")])
def test_a_tier_is_reached_exactly_at_its_mark(database: Database, clock: FakeClock, minor: int, tier: str) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", minor)
    assert one.standing("anna").tier == tier
    told = one.told()[0]["anna"]
    assert (told.tier, told.qualifying, told.purchases, told.balance) == (tier, minor, 1, minor // 100)


def test_purchases_of_all_stores_count_together(database: Database, clock: FakeClock) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", 6_000)
    one.sell("anna", "r-1", 6_000, store="store-2")
    assert (one.standing("anna").tier, one.standing("anna").purchases) == ("silver", 2)


def test_a_tier_stays_for_the_days_of_grace_and_then_ends(database: Database, clock: FakeClock) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", 10_000)
    one.pass_days(29)
    assert (one.standing("anna").tier, one.standing("anna").tier_ends) == ("silver", "")
    one.pass_days(1)
    ends = (datetime(2026, 5, 31, tzinfo=UTC) + timedelta(days=GRACE_DAYS)).date().isoformat()
    assert (one.standing("anna").tier, one.standing("anna").tier_ends) == ("silver", ends)
    assert one.told()[0]["anna"].tier_ends == ends
    one.pass_days(GRACE_DAYS - 1)
    assert one.standing("anna").tier == "silver"
    one.pass_days(1)
    assert one.standing("anna").tier == ""


def test_one_long_pause_ends_where_daily_turns_end(database: Database, clock: FakeClock) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", 10_000)
    one.until(clock.at + timedelta(days=100))
    one.pass_days(GRACE_DAYS)
    assert one.standing("anna").tier == ""


def test_redeemed_and_refunded_differ_a_refund_counts_against_the_tier(database: Database, clock: FakeClock) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", 10_000)
    one.refund("anna", "r-1", 1, points=0)
    assert one.standing("anna").qualifying == 9_999
    assert one.standing("anna").tier == "silver"
    one.pass_days(GRACE_DAYS)
    assert one.standing("anna").tier == ""


def test_a_standing_that_did_not_change_tells_the_stores_nothing(database: Database, clock: FakeClock) -> None:
    one = Shop(database, TIERS, clock)
    one.join("anna")
    one.sell("anna", "r-1", 10_000)
    before = one.told()[0]["anna"].version
    one.pass_days(2)
    assert one.told()[0]["anna"].version == before


def bring(one: Shop, friend: str, *, phone: str = "") -> None:
    """Anna brings a friend."""
    with one.database.read() as connection:
        row = members.find_member(connection, "anna")
    assert row is not None
    assert row.referral_code is not None
    one.join(friend, {"name": friend} | ({"phone": phone} if phone else {}), referrer=row.referral_code)


def test_both_sides_are_paid_after_the_friends_first_real_purchase(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    bring(one, "bo")
    assert one.told()[0]["bo"].was_referred
    assert (one.balance("anna"), one.balance("bo")) == (0, 0)
    one.sell("bo", "r-1", 2_000)
    assert (one.balance("anna"), one.balance("bo")) == (100, 50 + 20)
    assert one.coupons("anna") == ["thanks"]


def test_a_referral_pays_once(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    bring(one, "bo")
    for number in range(3):
        one.sell("bo", f"r-{number}", 2_000)
        one.turn()
    assert one.balance("anna") == 100
    assert one.coupons("anna") == ["thanks"]


@pytest.mark.parametrize(("minor", "paid"), [(1_999, 0), (2_000, 100)])
def test_a_first_purchase_below_the_minimum_pays_nothing(
    database: Database, clock: FakeClock, minor: int, paid: int
) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    bring(one, "bo")
    one.sell("bo", "r-1", minor)
    assert one.balance("anna") == paid


def test_a_first_purchase_given_back_is_paid_back_by_both(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    bring(one, "bo")
    one.sell("bo", "r-1", 2_000)
    one.refund("bo", "r-1", 2_000, points=20)
    assert (one.balance("anna"), one.balance("bo")) == (0, 0)
    assert one.coupons("anna") == []
    one.sell("bo", "r-2", 5_000)
    one.turn()
    assert (one.balance("anna"), one.balance("bo")) == (0, 50)


def test_what_the_referrer_spent_meanwhile_is_owed(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    bring(one, "bo")
    one.sell("bo", "r-1", 2_000)
    one.sell("anna", "r-9", 3_000)
    one.refund("anna", "r-9", 3_000, points=130)
    one.refund("bo", "r-1", 2_000, points=20)
    told = one.told()[0]["anna"]
    assert (told.balance, told.owed) == (0, 100)


def test_one_member_is_paid_for_so_many_friends_a_year_and_no_more(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna")
    for number in range(3):
        bring(one, f"friend-{number}")
        one.sell(f"friend-{number}", f"r-{number}", 2_000)
    assert one.balance("anna") == 200
    one.until(datetime(2027, 2, 1, tzinfo=UTC))
    assert one.balance("anna") == 200


def test_who_may_be_the_same_person_twice_is_not_paid_for(database: Database, clock: FakeClock) -> None:
    one = Shop(database, REFERRAL, clock)
    one.join("anna", {"name": "Anna", "phone": "13800138000"})
    bring(one, "bo", phone="+86 138-0013-8000")
    one.sell("bo", "r-1", 2_000)
    assert one.balance("anna") == 0
    with database.read() as connection:
        assert standings.payouts_by(connection, "anna") == []


def test_points_paid_for_a_referral_wait_where_points_wait(database: Database, clock: FakeClock) -> None:
    one = Shop(database, {**REFERRAL, "lots": {"pending_days": 7}}, clock)
    one.join("anna")
    bring(one, "bo")
    one.sell("bo", "r-1", 2_000)
    told = one.told()[0]["anna"]
    assert (told.balance, told.pending) == (0, 100)
