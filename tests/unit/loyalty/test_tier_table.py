"""Tiers at their borders, day by day: reached at once, kept through grace, and their benefits with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from loyalty.checkout.coupons import Basket, Shopper
from loyalty.checkout.question import Question
from loyalty.checkout.quote import quote
from loyalty.events import Line, Purchase
from loyalty.identifiers import EventId, SaleId, StoreId
from loyalty.points.accruals import Occasion, purchase_accruals
from loyalty.points.standing import (
    Qualifying,
    Standing,
    next_standing,
    on_sale_for,
    qualifying_total,
    tier_reached,
)
from loyalty.terms.document import terms_from_toml
from loyalty.terms.tiers import Measure, TierPeriod, Tiers

TERMS = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
[tiers]
by = "spend"
period = "rolling"
period_days = 30
grace_days = 10
[[tiers.levels]]
id = "silver"
name = "Silver"
at = 10000
discount_percent = 2
[[tiers.levels]]
id = "gold"
name = "Gold"
at = 50000
discount_percent = 5
earn_percent = 150
early_purchase_days = 3
""")
BEGIN = date(2026, 1, 1)


def lived(purchases: dict[int, int], days: int, tiers: Tiers = TERMS.tiers) -> list[str | None]:
    """The tier on each day: what was spent on which day, looked at once a day."""
    standing, seen = Standing(), []
    bought = [Qualifying(BEGIN + timedelta(days=day), minor, minor // 100) for day, minor in purchases.items()]
    for day in range(days):
        on = BEGIN + timedelta(days=day)
        standing = next_standing(tiers, standing, qualifying_total(tiers, bought, on=on), on=on)
        seen.append(standing.tier)
    return seen


def test_a_tier_is_reached_on_its_day_kept_for_thirty_days_and_ten_of_grace() -> None:
    seen = lived({5: 50_000}, 50)
    # Counted through day 34; missed on day 35 for the first time; lost on day 45.
    assert seen == [None] * 5 + ["gold"] * 40 + [None] * 5


def test_a_tier_reached_again_within_grace_was_never_lost() -> None:
    seen = lived({5: 50_000, 44: 50_000}, 60)
    assert seen == [None] * 5 + ["gold"] * 55


def test_after_grace_a_member_has_the_tier_that_is_still_reached() -> None:
    seen = lived({5: 50_000, 30: 10_000}, 75)
    # Gold until day 44; silver counts through day 59, is missed on day 60 and lost on day 70.
    assert seen == [None] * 5 + ["gold"] * 40 + ["silver"] * 25 + [None] * 5


def test_what_is_short_of_the_higher_tier_does_not_prolong_its_grace() -> None:
    seen = lived({5: 50_000, 40: 10_000, 43: 39_999}, 46)
    assert seen[44:] == ["gold", "silver"]


@pytest.mark.parametrize(("grace", "last_gold"), [(0, "2026-12-31"), (1, "2027-01-01"), (60, "2027-03-01")])
def test_the_ladder_of_a_calendar_year_begins_anew_on_1_january_and_grace_is_counted_from_there(
    grace: int, last_gold: str
) -> None:
    tiers = replace(TERMS.tiers, period=TierPeriod.YEAR, grace_days=grace)
    seen = lived({364: 50_000}, 450, tiers)
    on = date.fromisoformat(last_gold)
    assert seen[(on - BEGIN).days] == "gold"
    assert seen[(on - BEGIN).days + 1] is None


@pytest.mark.parametrize(("by", "tier"), [(Measure.SPEND, "gold"), (Measure.POINTS, "silver"), (Measure.VISITS, None)])
def test_what_is_counted_is_what_the_programme_says(by: Measure, tier: str | None) -> None:
    tiers = replace(TERMS.tiers, by=by, levels=tuple(replace(one, at=one.at // 10) for one in TERMS.tiers.levels))
    bought = [Qualifying(BEGIN, 2_000, 1_500), Qualifying(BEGIN, 3_000, 0)]
    reached = tier_reached(tiers, qualifying_total(tiers, bought, on=BEGIN))
    assert (reached.id if reached else None) == tier


@pytest.mark.parametrize(
    ("tier", "price_minor", "points", "days_early"),
    [(None, 10_000, 100, 0), ("silver", 9_800, 100, 0), ("gold", 9_500, 150, 3), ("withdrawn", 10_000, 100, 0)],
)
def test_benefits_begin_and_end_with_the_tier(tier: str | None, price_minor: int, points: int, days_early: int) -> None:
    basket = Basket("harbour", "CNY", (Line("set", 10_000),))
    shopper = Shopper(member=True, tier=tier)
    assert quote(TERMS, Question(basket, shopper, BEGIN)).price_minor == price_minor
    purchase = Purchase(EventId("e"), StoreId("harbour"), SaleId("s"), "CNY", 10_000)
    accruals = purchase_accruals(TERMS, purchase, basket.lines, Occasion(BEGIN, tier=TERMS.tier(tier)))
    assert sum(one.points for one in accruals) == points
    first = BEGIN + timedelta(days=10)
    open_on = first - timedelta(days=days_early)
    assert on_sale_for(TERMS, Standing(tier), first, on=open_on)
    assert not on_sale_for(TERMS, Standing(tier), first, on=open_on - timedelta(days=1))
