"""A tier's coupon comes when the tier is reached, once per stay, and goes with it unless it was used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cloud_bridge.contract import CouponUsedV1
from cloud_crm.coupons.service import CouponService
from cloud_crm.database import Database
from cloud_crm.gateways.days import StoreDays
from cloud_crm.standing.privileges import TIER
from tests.unit.cloud.conftest import MEDIUM_KEY
from tests.unit.cloud.shop_days import ZONES, Shop
from tests.unit.cloud.store_days import FakeClock

MEMBER = "m-anna"
GIFTS = [
    {"id": name, "name": name, "kind": "amount", "amount_minor": 100, "minimum_minor": 101,
     "budget": {"member_uses_max": 0}}
    for name in ("cake", "dinner", "tea")
]  # fmt: skip


def programme(*, silver: str | None = "cake", gold: str | None = "dinner", **budget: int) -> dict[str, Any]:
    levels = [{"id": "silver", "name": "Silver", "at": 10_000}, {"id": "gold", "name": "Gold", "at": 50_000}]
    for level, coupon in zip(levels, (silver, gold), strict=True):
        if coupon:
            level["coupon"] = coupon
    gifts = [gift | {"budget": {"member_uses_max": 0, **budget}} for gift in GIFTS]
    return {"coupons": gifts, "tiers": {"by": "spend", "levels": levels}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 2, 4, 0, tzinfo=UTC))


@pytest.fixture
def shop(database: Database, clock: FakeClock) -> Shop:
    shop = Shop(database, programme(), clock)
    shop.join(MEMBER)
    return shop


def test_nothing_comes_before_the_tier_is_reached(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 9_999)
    assert shop.coupons(MEMBER) == []


def test_reaching_a_tier_gives_its_coupon_once_however_often_is_looked(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    shop.sell(MEMBER, "S2", 1_000)
    shop.pass_days(3)
    assert shop.coupons(MEMBER) == ["cake"]
    [held] = shop.held(MEMBER)
    assert (held.source, held.member_id) == (TIER, MEMBER)


def test_the_next_tier_takes_the_place_of_the_one_below(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    shop.sell(MEMBER, "S2", 40_000)
    assert shop.coupons(MEMBER) == ["dinner"]


def test_whoever_falls_out_of_a_tier_loses_the_unused_coupon(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    shop.refund(MEMBER, "S1", 5_000, points=50)
    assert shop.standing(MEMBER).tier == ""
    assert shop.coupons(MEMBER) == []


def test_a_used_coupon_stays_used_and_the_stay_gives_no_second_one(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    [held] = shop.held(MEMBER)
    day = shop.days["store-1"]
    day.write(
        CouponUsedV1(
            cause=f"{day.incarnation}/ledger/1",
            instance=held.instance,
            coupon="cake",
            member=MEMBER,
            sale="S2",
            discount_minor=100,
        )
    )
    shop.land()
    shop.pass_days(2)
    assert shop.coupons(MEMBER) == []


def test_a_new_stay_gives_the_coupon_again(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    shop.refund(MEMBER, "S1", 10_000, points=100)
    shop.pass_days(1)
    shop.sell(MEMBER, "S3", 12_000)
    assert shop.coupons(MEMBER) == ["cake"]


def test_what_the_head_office_took_back_is_not_given_again_in_the_same_stay(
    shop: Shop, database: Database, clock: FakeClock
) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    desk = CouponService(database, StoreDays(ZONES), clock=clock, medium_key=MEDIUM_KEY, changed=lambda: None)
    desk.withdraw(shop.held(MEMBER)[0].instance, reason="a mistake", operator="ada")
    shop.pass_days(2)
    assert shop.coupons(MEMBER) == []


def test_a_coupon_promised_later_reaches_whoever_is_in_the_tier(shop: Shop) -> None:
    shop.announce(programme(silver=None))
    shop.sell(MEMBER, "S1", 10_000)
    assert shop.coupons(MEMBER) == []
    shop.announce(programme(silver="tea"))
    shop.pass_days(1)
    assert shop.coupons(MEMBER) == ["tea"]


def test_a_spent_budget_gives_nothing_and_landing_goes_on(shop: Shop) -> None:
    shop.announce(programme(campaign_uses_max=1))
    shop.join("m-ben", {"name": "Ben"})
    shop.sell("m-ben", "S1", 10_000)
    shop.sell(MEMBER, "S2", 10_000)
    assert (shop.coupons("m-ben"), shop.coupons(MEMBER)) == (["cake"], [])
    assert shop.standing(MEMBER).tier == "silver"


def test_the_store_hears_of_the_coupon_and_of_its_loss(shop: Shop) -> None:
    shop.sell(MEMBER, "S1", 10_000)
    [held] = shop.held(MEMBER)
    assert not shop.told()[1][held.instance].used
    shop.refund(MEMBER, "S1", 10_000, points=100)
    assert shop.told()[1][held.instance].used
