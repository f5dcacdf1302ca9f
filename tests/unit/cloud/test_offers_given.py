"""Every offer of every member type reaches who it is for: once where once is promised, and not longer than it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud_crm.database import Database
from tests.unit.cloud.people_days import change
from tests.unit.cloud.shop_days import Shop
from tests.unit.cloud.store_days import FakeClock

SHANGHAI, HONOLULU = ZoneInfo("Asia/Shanghai"), ZoneInfo("Pacific/Honolulu")
COUPONS = [
    {"id": name, "name": name, "kind": "amount", "amount_minor": 100, "minimum_minor": 101,
     "budget": {"member_uses_max": 0}}
    for name in ("pack", "first", "cake", "eight")
]  # fmt: skip
OFFERS = {
    "welcome_pack": "pack",
    "first_purchase_discount": "first",
    "birthday_gift": "cake",
    "exclusive_discount": "eight",
    "news": None,
    "promotions": None,
    "redemption": None,
}


def offer(kind: str) -> dict[str, Any]:
    coupon = OFFERS[kind]
    return {"kind": kind} | ({"coupon": coupon} if coupon else {})


def types(**offers: list[str]) -> dict[str, Any]:
    """New, senior and regular members, each with some kinds of offers."""
    new = {"id": "new", "purchases_max": 0, "offers": [offer(kind) for kind in offers.get("new", [])]}
    senior = {"id": "senior", "purchases_min": 2, "member_days_min": 10,
              "offers": [offer(kind) for kind in offers.get("senior", [])]}  # fmt: skip
    regular = {"id": "regular", "offers": [offer(kind) for kind in offers.get("regular", [])]}
    return {"coupons": COUPONS, "member_types": [new, senior, regular]}


def shop(database: Database, clock: FakeClock, programme: Mapping[str, Any]) -> Shop:
    return Shop(database, programme, clock)


def become(one: Shop, member_type: str) -> None:
    """Anna joins on the day before her birthday and becomes a member of this type on it."""
    one.clock.at = datetime(2026, 4, 20, 4, tzinfo=UTC)
    one.join("anna", {"name": "Anna", "birthday": "05-01"})
    if member_type in ("senior", "regular"):
        one.sell("anna", "r-1", 1_000)
    if member_type == "senior":
        one.sell("anna", "r-2", 1_000)
    one.until(datetime(2026, 5, 1, 4, tzinfo=UTC))
    assert one.standing("anna").member_type == member_type


# Whatever a first purchase discount is offered for, who has bought gets none.
@pytest.mark.parametrize("member_type", ["new", "regular", "senior"])
@pytest.mark.parametrize("kind", sorted(OFFERS))
def test_each_kind_of_offer_reaches_each_member_type(
    database: Database, clock: FakeClock, member_type: str, kind: str
) -> None:
    one = shop(database, clock, types(**{member_type: [kind]}))
    become(one, member_type)
    nothing = OFFERS[kind] is None or (kind == "first_purchase_discount" and member_type != "new")
    assert one.coupons("anna") == ([] if nothing else [OFFERS[kind]])


@pytest.mark.parametrize("kind", ["welcome_pack", "first_purchase_discount", "birthday_gift", "exclusive_discount"])
def test_nothing_is_given_twice_however_often_the_day_turns(database: Database, clock: FakeClock, kind: str) -> None:
    one = shop(database, clock, types(new=[kind]))
    become(one, "new")
    for _ in range(3):
        one.turn()
    assert one.coupons("anna") == [OFFERS[kind]]


def test_a_welcome_pack_is_not_given_again_after_the_programme_changed(database: Database, clock: FakeClock) -> None:
    one = shop(database, clock, types(new=["welcome_pack"]))
    one.join("anna")
    one.announce({**types(new=["welcome_pack"]), "member_days": [{"id": "d", "name": "D", "weekdays": [1]}]})
    one.pass_days(3)
    assert one.coupons("anna") == ["pack"]


def test_a_programme_with_more_offers_reaches_those_who_are_members_already(
    database: Database, clock: FakeClock
) -> None:
    one = shop(database, clock, types())
    one.join("anna")
    one.announce(types(new=["welcome_pack"]))
    one.turn()
    assert one.coupons("anna") == ["pack"]


@pytest.mark.parametrize(
    ("store", "begins"),
    [
        ("store-1", datetime(2026, 4, 30, 16, 0, tzinfo=UTC)),
        ("store-2", datetime(2026, 5, 1, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_birthday_gift_comes_with_the_local_day_of_the_members_store(
    database: Database, clock: FakeClock, store: str, begins: datetime
) -> None:
    one = shop(database, clock, types(new=["birthday_gift"]))
    one.clock.at = datetime(2026, 4, 1, 4, tzinfo=UTC)
    one.join("anna", {"name": "Anna", "birthday": "05-01"}, store=store)
    one.until(begins.replace(hour=begins.hour - 1, minute=59))
    assert one.coupons("anna") == []
    one.until(begins)
    assert one.coupons("anna") == ["cake"]


@pytest.mark.parametrize(("year", "day"), [(2027, 28), (2028, 29)])
def test_who_was_born_on_29_february_gets_a_gift_in_every_year(
    database: Database, clock: FakeClock, year: int, day: int
) -> None:
    one = shop(database, clock, types(new=["birthday_gift"]))
    one.clock.at = datetime(year, 1, 10, 4, tzinfo=UTC)
    one.join("anna", {"name": "Anna", "birthday": "02-29"})
    one.until(datetime(year, 2, day - 1, 12, tzinfo=SHANGHAI))
    assert one.coupons("anna") == []
    one.until(datetime(year, 2, day, 0, 1, tzinfo=SHANGHAI))
    assert one.coupons("anna") == ["cake"]
    one.until(datetime(year, 3, 1, 12, tzinfo=SHANGHAI))
    assert one.coupons("anna") == ["cake"]


def test_a_gift_comes_every_year_but_not_twice_for_a_birthday_that_is_moved(
    database: Database, clock: FakeClock
) -> None:
    one = shop(database, clock, types(new=["birthday_gift"]))
    one.join("anna", {"name": "Anna", "birthday": "05-01"})
    assert one.coupons("anna") == ["cake"]
    one.clock.at = datetime(2026, 6, 1, 4, tzinfo=UTC)
    change(one.days["store-1"], "anna", {"birthday": "06-01"})
    one.land()
    assert one.coupons("anna") == ["cake"]
    one.until(datetime(2027, 6, 1, 12, tzinfo=SHANGHAI))
    assert one.coupons("anna") == ["cake", "cake"]


def test_an_exclusive_discount_comes_again_once_it_is_used_and_goes_with_the_type(
    database: Database, clock: FakeClock
) -> None:
    one = shop(database, clock, types(senior=["exclusive_discount"]))
    become(one, "senior")
    first = one.held("anna")[0]
    one.refund("anna", "r-2", 1_000, points=10)
    assert one.standing("anna").member_type == "regular"
    assert one.coupons("anna") == []
    assert one.told()[1][first.instance].used
    one.sell("anna", "r-3", 1_000)
    assert [row.coupon for row in one.held("anna")] == ["eight"]
    assert one.held("anna")[0].instance != first.instance


def test_a_coupon_is_leased_to_the_store_where_the_member_joined(database: Database, clock: FakeClock) -> None:
    one = shop(database, clock, types(new=["welcome_pack"]))
    one.join("anna", store="store-2")
    instance = one.held("anna")[0].instance
    rights = {
        store: [row.granted for row in step.rights if row.currency == f"coupon/{instance}"]
        for store in one.days
        if (step := one.landing.next_step(store, incarnation="a" * 32, epoch="", version=0)) is not None
    }
    assert rights == {"store-1": [], "store-2": [1]}


def test_a_budget_that_is_gone_gives_nothing_and_stops_nobody(database: Database, clock: FakeClock) -> None:
    programme = types(new=["welcome_pack"])
    programme["coupons"] = [{**COUPONS[0], "budget": {"campaign_uses_max": 1}}, *COUPONS[1:]]
    one = shop(database, clock, programme)
    one.join("anna")
    one.join("bo", {"name": "Bo"})
    assert (one.coupons("anna"), one.coupons("bo")) == (["pack"], [])
