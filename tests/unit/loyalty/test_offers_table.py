"""Member types and what each is offered, member days and who is admitted: one table for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from loyalty.calendar import Birthday
from loyalty.checkout.coupons import Basket, HeldCoupon, Shopper, Why
from loyalty.checkout.offers import Person, may_redeem, member_days_for, member_type_of, offers_due, rewards_for
from loyalty.checkout.question import POINTS, Question
from loyalty.checkout.quote import quote
from loyalty.events import Line
from loyalty.terms.document import terms_from_toml

TERMS = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
[redeeming]
points = 100
value_minor = 100
[tiers]
levels = [{ id = "gold", name = "Gold", at = 1 }]
[[rewards]]
id = "cup"
name = "Cup"
kind = "goods"
points = 500
value_minor = 900
[[coupons]]
id = "pack"
name = "Pack"
kind = "gift"
gift_sku = "PACK"
[[coupons]]
id = "first"
name = "First"
kind = "percent"
percent = 10
[[coupons]]
id = "cake"
name = "Cake"
kind = "gift"
gift_sku = "CAKE"
[[coupons]]
id = "senior-8"
name = "8 %"
kind = "percent"
percent = 8
member_types = ["senior"]
[[member_types]]
id = "new"
purchases_max = 0
offers = [
  { kind = "welcome_pack", coupon = "pack" },
  { kind = "first_purchase_discount", coupon = "first" },
]
[[member_types]]
id = "senior"
purchases_min = 20
member_days_min = 365
offers = [
  { kind = "birthday_gift", coupon = "cake" },
  { kind = "exclusive_discount", coupon = "senior-8" },
  { kind = "redemption" },
]
[[member_types]]
id = "regular"
offers = [{ kind = "news" }, { kind = "promotions" }]
[[member_days]]
id = "club"
name = "Club night"
weekdays = [5]
member_types = ["senior"]
tiers = ["gold"]
discount_percent = 10
""")
JOINED = date(2025, 6, 1)
BIRTHDAY = Birthday(6, 5)
ON_IT, AFTER_IT = date(2026, 6, 5), date(2026, 6, 6)  # a Friday and the day after
BASKET = Basket("harbour", "CNY", (Line("set", 10_000),))


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        (frozenset(), ["welcome_pack", "first_purchase_discount"]),
        (frozenset({"welcome_pack"}), ["first_purchase_discount"]),
        (frozenset({"welcome_pack", "first_purchase_discount"}), []),
    ],
)
def test_what_either_of_two_merged_accounts_was_given_is_not_given_again(
    given: frozenset[str], offered: list[str]
) -> None:
    merged = Person(JOINED, purchases=0, given=given)
    assert [due.key for due in offers_due(TERMS, merged, on=ON_IT)] == offered


def test_a_first_purchase_that_was_returned_wholly_leaves_somebody_new_but_gives_nothing_twice() -> None:
    before = Person(JOINED, purchases=0)
    given = frozenset(due.key for due in offers_due(TERMS, before, on=ON_IT) if due.key)
    bought = replace(before, purchases=1, given=given)
    returned = replace(bought, purchases=0)
    assert [due.offer.kind.value for due in offers_due(TERMS, bought, on=ON_IT)] == ["news", "promotions"]
    assert offers_due(TERMS, returned, on=ON_IT) == ()


@pytest.mark.parametrize(
    ("member_type", "redeems"), [(None, False), ("new", False), ("regular", False), ("senior", True)]
)
def test_only_who_is_offered_redemption_redeems_at_the_till_and_for_rewards(
    member_type: str | None, redeems: bool
) -> None:
    shopper = Shopper(member=True, member_type=member_type, points=1_000)
    answer = quote(TERMS, Question(BASKET, shopper, AFTER_IT, points=1_000))
    assert may_redeem(TERMS, member_type) is redeems
    assert answer.points == (1_000 if redeems else 0)
    assert [(one.source, one.why) for one in answer.declined] == (
        [] if redeems else [(POINTS, Why.NOT_FOR_THIS_MEMBER)]
    )
    rewards = rewards_for(TERMS, member_type=member_type, tier=None, points=500)
    assert [reward.id for reward in rewards] == (["cup"] if redeems else [])


@pytest.mark.parametrize(
    ("shopper", "on", "price_minor"),
    [
        (Shopper(member=True, member_type="senior", tier="gold"), ON_IT, 9_000),
        (Shopper(member=True, member_type="senior", tier="gold"), AFTER_IT, 10_000),  # a Saturday
        (Shopper(member=True, member_type="senior"), ON_IT, 10_000),
        (Shopper(member=True, member_type="regular", tier="gold"), ON_IT, 10_000),
        (Shopper(), ON_IT, 10_000),
    ],
)
def test_a_club_night_is_for_those_whom_it_admits(shopper: Shopper, on: date, price_minor: int) -> None:
    assert quote(TERMS, Question(BASKET, shopper, on)).price_minor == price_minor
    admitted = member_days_for(TERMS, on=on, store="harbour", member_type=shopper.member_type, tier=shopper.tier)
    assert bool(admitted) is (price_minor < 10_000)


def test_a_privilege_is_there_while_a_member_is_of_the_type_and_gone_when_not() -> None:
    prices = []
    for purchases in (19, 20, 19):  # one of them is returned
        found = member_type_of(TERMS, Person(JOINED, purchases), on=AFTER_IT)
        shopper = Shopper(member=True, member_type=found.id if found else None)
        answer = quote(TERMS, Question(BASKET, shopper, AFTER_IT, (HeldCoupon("senior-8"),)))
        prices.append(answer.price_minor)
    assert prices == [10_000, 9_200, 10_000]
