"""Member types and their offers, member days, rewards: a table over all three types of the programme."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from loyalty.calendar import Birthday
from loyalty.checkout.offers import (
    Person,
    held_on,
    may_redeem,
    member_days_for,
    member_type_of,
    offers_due,
    rewards_for,
)
from loyalty.programme import Programme
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.offers import MemberDay, OfferKind

EXAMPLE = Path(__file__).parents[3] / "docs" / "programme.example.toml"
TERMS = terms_from_toml(EXAMPLE.read_text("utf-8"))
DAY = date(2026, 9, 15)
NEW = Person(joined_on=DAY, birthday=Birthday(9, 15))
REGULAR = Person(joined_on=DAY - timedelta(100), purchases=5, birthday=Birthday(9, 15))
SENIOR = Person(joined_on=DAY - timedelta(365), purchases=20, birthday=Birthday(9, 15))


@pytest.mark.parametrize(
    ("person", "member_type", "kinds"),
    [
        (NEW, "new", [OfferKind.WELCOME_PACK, OfferKind.FIRST_PURCHASE_DISCOUNT]),
        (REGULAR, "regular", [OfferKind.NEWS, OfferKind.PROMOTIONS]),
        (SENIOR, "senior", [OfferKind.BIRTHDAY_GIFT, OfferKind.EXCLUSIVE_DISCOUNT, OfferKind.REDEMPTION]),
    ],
)
def test_each_member_type_is_offered_its_own(person: Person, member_type: str, kinds: list[OfferKind]) -> None:
    found = member_type_of(TERMS, person, on=DAY)
    assert found is not None
    assert found.id == member_type
    assert [due.offer.kind for due in offers_due(TERMS, person, on=DAY)] == kinds


@pytest.mark.parametrize(
    ("purchases", "days", "member_type"),
    [
        (0, 0, "new"),
        (0, 9_999, "new"),
        (1, 0, "regular"),
        (19, 999, "regular"),
        (20, 364, "regular"),
        (20, 365, "senior"),
    ],
)
def test_a_member_changes_type_at_its_borders(purchases: int, days: int, member_type: str) -> None:
    found = member_type_of(TERMS, Person(DAY - timedelta(days), purchases), on=DAY)
    assert found is not None
    assert found.id == member_type


def test_what_is_given_once_stays_given_also_after_a_merge() -> None:
    one, other = frozenset({"welcome_pack"}), frozenset({"first_purchase_discount"})
    merged = Person(joined_on=DAY, given=one | other)
    assert offers_due(TERMS, merged, on=DAY) == ()


def test_a_birthday_gift_is_due_once_on_each_birthday() -> None:
    def gifts(on: date, *given: str) -> list[str | None]:
        person = Person(SENIOR.joined_on, 20, Birthday(2, 29), frozenset(given))
        return [due.key for due in offers_due(TERMS, person, on=on) if due.offer.kind is OfferKind.BIRTHDAY_GIFT]

    assert gifts(date(2027, 2, 28)) == ["birthday_gift:2027"]
    assert gifts(date(2027, 2, 28), "birthday_gift:2027") == []
    assert gifts(date(2028, 2, 28), "birthday_gift:2027") == []
    assert gifts(date(2028, 2, 29), "birthday_gift:2027") == ["birthday_gift:2028"]


def test_a_first_purchase_discount_is_not_for_somebody_who_has_bought() -> None:
    terms = terms_from_toml(
        '[programme]\nname = "P"\ncurrency = "CNY"\n[[member_types]]\nid = "all"\n'
        'offers = [{ kind = "first_purchase_discount", coupon = "c" }]\n'
        '[[coupons]]\nid = "c"\nname = "C"\nkind = "percent"\npercent = 5\n'
    )
    assert len(offers_due(terms, Person(DAY), on=DAY)) == 1
    assert offers_due(terms, Person(DAY, purchases=1), on=DAY) == ()


def test_nobody_has_a_type_where_the_programme_has_none() -> None:
    terms = Terms(Programme("P", "CNY"))
    assert member_type_of(terms, NEW, on=DAY) is None
    assert offers_due(terms, NEW, on=DAY) == ()
    assert may_redeem(terms, None)


@pytest.mark.parametrize(
    ("member_type", "allowed"), [("new", False), ("regular", False), ("senior", True), (None, False)]
)
def test_where_redemption_is_an_offer_only_its_types_redeem(member_type: str | None, allowed: bool) -> None:
    assert may_redeem(TERMS, member_type) is allowed
    rewards = rewards_for(TERMS, member_type=member_type, tier=None, points=1_500)
    assert [reward.id for reward in rewards] == (["ten-off", "coffee-voucher", "cup"] if allowed else [])


@pytest.mark.parametrize(("points", "rewards"), [(399, []), (400, ["ten-off"]), (1_499, ["ten-off", "coffee-voucher"])])
def test_a_reward_is_open_from_its_price_on(points: int, rewards: list[str]) -> None:
    open_now = rewards_for(TERMS, member_type="senior", tier=None, points=points)
    assert [reward.id for reward in open_now] == rewards


@pytest.mark.parametrize(
    ("day", "on", "store", "held"),
    [
        (MemberDay("d", "D", weekdays=(2,)), "2026-09-15", "harbour", True),
        (MemberDay("d", "D", weekdays=(2,)), "2026-09-16", "harbour", False),
        (MemberDay("d", "D", weekdays=(2,), stores=("hill",)), "2026-09-15", "harbour", False),
        (MemberDay("d", "D", month_days=(31,)), "2026-01-31", "harbour", True),
        (MemberDay("d", "D", month_days=(31,)), "2026-02-28", "harbour", False),
        (MemberDay("d", "D", days=(date(2028, 2, 29),)), "2028-02-29", "harbour", True),
    ],
)
def test_a_member_day_is_held_on_its_days_in_its_stores(day: MemberDay, on: str, store: str, held: bool) -> None:
    assert held_on(day, on=date.fromisoformat(on), store=store) is held


@pytest.mark.parametrize(
    ("on", "tier", "days"),
    [
        ("2026-09-15", None, ["tuesday"]),
        ("2026-09-18", "gold", ["founding-day"]),
        ("2026-09-18", "silver", []),
        ("2026-09-17", "gold", []),
    ],
)
def test_only_eligible_members_are_admitted(on: str, tier: str | None, days: list[str]) -> None:
    found = member_days_for(TERMS, on=date.fromisoformat(on), store="harbour", member_type="regular", tier=tier)
    assert [day.id for day in found] == days
