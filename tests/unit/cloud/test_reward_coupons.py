"""A coupon whose limits all stores share is given by head office for points taken in a store, or they come back."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1, RewardTakenV1
from cloud_bridge.receipts import Hello
from cloud_bridge.replica import ReplicaUndo
from cloud_crm.database import Database
from cloud_crm.members import records
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_REDEEMED, available
from tests.unit.cloud.shop_days import CAUSE, Shop
from tests.unit.cloud.store_days import FakeClock, StoreDay

PROGRAMME: dict[str, Any] = {
    "rewards": [
        {"id": "spring", "name": "S", "kind": "coupon", "points": 100, "value_minor": 500, "coupon": "rare"}
    ],
    "coupons": [
        {"id": "rare", "name": "Rare", "kind": "amount", "amount_minor": 500, "minimum_minor": 600,
         "budget": {"member_uses_max": 0, "campaign_uses_max": 2}}
    ],
}  # fmt: skip


def take(one: Shop, key: str, *, store: str = "store-1", paid: bool = True, lease: str | None = None) -> str:
    """Anna takes the reward at a kiosk; what the kiosk wrote reaches the cloud."""
    day, redemption = one.days[store], posting_id("redemption", store, "kiosk", key)
    if paid:
        posting = PostingV1(
            id=redemption,
            debit=available(MemberId("anna")),
            credit=PROGRAMME_REDEEMED,
            points=100,
            lease=lease or day.incarnation,
        )
        day.write(PointsPostedV1(cause=CAUSE, member="anna", rule="redemption", postings=(posting,)))
    day.write(
        RewardTakenV1(
            cause=CAUSE, redemption=redemption, member="anna", reward="spring", points=100, voucher="V", coupon="rare"
        )
    )
    one.land(store)
    return redemption


def asked_back(one: Shop, store: str = "store-1") -> list[ReplicaUndo]:
    """What a store is asked to undo."""
    day = one.days[store]
    found: list[ReplicaUndo] = []
    epoch, version = "", 0
    while step := one.landing.next_step(store, incarnation=day.incarnation, epoch=epoch, version=version):
        found += step.undone
        epoch, version = step.epoch, step.to_version
    return found


@pytest.fixture
def one(database: Database, clock: FakeClock) -> Shop:
    shop = Shop(database, PROGRAMME, clock)
    shop.join("anna", {"name": "Anna"})
    shop.sell("anna", "r-1", 50_000)
    return shop


def test_the_coupon_is_given_and_lent_to_the_store_that_took_the_points(one: Shop) -> None:
    redemption = take(one, "k-1")
    (coupon,) = one.held("anna")
    assert (coupon.coupon, coupon.source, coupon.issued_by) == ("rare", "reward", "store-1")
    assert coupon.instance == posting_id("coupon", redemption)
    assert asked_back(one) == []
    assert one.balance("anna") == 400
    step = one.landing.next_step("store-1", incarnation=one.days["store-1"].incarnation, epoch="", version=0)
    assert step is not None
    assert [r.granted for r in step.rights if r.currency == f"coupon/{coupon.instance}"] == [1]


def test_told_twice_it_is_given_once(one: Shop) -> None:
    take(one, "k-1")
    take(one, "k-1", paid=False)
    assert one.coupons("anna") == ["rare"]
    assert asked_back(one) == []


def test_of_a_campaign_that_is_used_up_the_points_are_asked_back_in_the_store_that_took_them(one: Shop) -> None:
    take(one, "k-1")
    take(one, "k-2", store="store-2")
    last = take(one, "k-3")
    assert one.coupons("anna") == ["rare", "rare"]
    (undo,) = asked_back(one)
    assert (undo.redemption, undo.member, undo.points) == (last, "anna", 100)
    assert asked_back(one, "store-2") == []


def test_a_coupon_that_the_programme_has_no_more_is_as_one_that_is_used_up(one: Shop) -> None:
    one.announce({})
    take(one, "k-1")
    assert (one.coupons("anna"), len(asked_back(one))) == ([], 1)


def test_where_the_store_that_took_them_is_gone_the_points_are_not_asked_of_another_life(one: Shop) -> None:
    day = one.days["store-1"]
    gone = day.incarnation
    one.announce({})
    one.days["store-1"] = StoreDay("store-1", incarnation="f" * 32)
    one._landed["store-1"] = 0
    one.landing.greet("store-1", Hello(incarnation="f" * 32))
    take(one, "k-1", lease=gone)
    assert asked_back(one) == []


def test_a_reward_without_its_points_is_kept_as_a_dispute_and_gives_nothing(one: Shop) -> None:
    take(one, "k-1", paid=False)
    assert one.coupons("anna") == []
    with one.database.read() as connection:
        (dispute,) = records.disputes_of(connection)
    assert (dispute.gateway_id, dispute.member_id, dispute.reason) == ("store-1", "anna", "reward_without_redemption")
