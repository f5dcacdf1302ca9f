"""Tiers: reached at once at their mark, kept through grace, lost on the day; benefits come and go with them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.points.standing import (
    Benefits,
    Qualifying,
    Standing,
    benefits,
    next_standing,
    on_sale_for,
    qualifying_total,
    tier_reached,
    to_next_tier,
)
from loyalty.programme import Programme
from loyalty.terms.document import Terms
from loyalty.terms.tiers import Measure, Tier, TierPeriod, Tiers

SILVER = Tier("silver", "Silver", at=1_000, discount_percent=2, earn_percent=110)
GOLD = Tier("gold", "Gold", at=5_000, discount_percent=5, earn_percent=125, early_purchase_days=2)
LADDER = Tiers(grace_days=30, levels=(SILVER, GOLD))
TERMS = Terms(Programme("P", "CNY"), tiers=LADDER)
DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("total", "tier", "missing"),
    [
        (0, None, 1_000),
        (999, None, 1),
        (1_000, "silver", 4_000),
        (4_999, "silver", 1),
        (5_000, "gold", None),
        (-10, None, 1_010),
    ],
)
def test_a_tier_is_reached_at_its_mark(total: int, tier: str | None, missing: int | None) -> None:
    reached = tier_reached(LADDER, total)
    assert (reached.id if reached else None) == tier
    following = to_next_tier(LADDER, total)
    assert (following[1] if following else None) == missing


@pytest.mark.parametrize(
    ("held", "total", "on", "after"),
    [
        (Standing(), 999, DAY, Standing()),
        (Standing(), 1_000, DAY, Standing("silver", DAY)),
        (Standing(), 5_000, DAY, Standing("gold", DAY)),
        (Standing("silver", DAY), 5_000, DAY + timedelta(1), Standing("gold", DAY + timedelta(1))),
        (Standing("gold", DAY), 4_999, DAY, Standing("gold", DAY, DAY + timedelta(30))),
        (
            Standing("gold", DAY, DAY + timedelta(30)),
            0,
            DAY + timedelta(29),
            Standing("gold", DAY, DAY + timedelta(30)),
        ),
        (
            Standing("gold", DAY, DAY + timedelta(30)),
            1_000,
            DAY + timedelta(30),
            Standing("silver", DAY + timedelta(30)),
        ),
        (Standing("gold", DAY, DAY + timedelta(30)), 0, DAY + timedelta(31), Standing(None, DAY + timedelta(31))),
        (Standing("gold", DAY, DAY + timedelta(30)), 5_000, DAY + timedelta(29), Standing("gold", DAY)),
        (Standing("silver", DAY, DAY + timedelta(5)), 5_000, DAY, Standing("gold", DAY)),
        (Standing("platinum", DAY), 0, DAY, Standing(None, DAY)),
        (Standing("platinum", DAY), 1_000, DAY, Standing("silver", DAY)),
    ],
)
def test_upgrades_count_at_once_and_downgrades_after_grace(
    held: Standing, total: int, on: date, after: Standing
) -> None:
    assert next_standing(LADDER, held, total, on=on) == after


def test_without_grace_a_tier_ends_on_the_day() -> None:
    ladder = Tiers(levels=(SILVER,))
    assert next_standing(ladder, Standing("silver", DAY), 0, on=DAY) == Standing(None, DAY)


@given(st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 40))
def test_asking_twice_on_a_day_changes_nothing(first: int, second: int, days: int) -> None:
    held = next_standing(LADDER, Standing(), first, on=DAY)
    later = DAY + timedelta(days)
    once = next_standing(LADDER, held, second, on=later)
    assert next_standing(LADDER, once, second, on=later) == once


def test_benefits_start_and_stop_with_the_tier() -> None:
    launch = DAY + timedelta(2)
    gold = next_standing(LADDER, Standing(), 5_000, on=DAY)
    assert benefits(TERMS, gold) == Benefits(5, 125, 2)
    assert on_sale_for(TERMS, gold, launch, on=DAY)
    in_grace = next_standing(LADDER, gold, 0, on=DAY)
    assert benefits(TERMS, in_grace) == Benefits(5, 125, 2)
    lost = next_standing(LADDER, in_grace, 0, on=DAY + timedelta(30))
    assert benefits(TERMS, lost) == Benefits()
    assert not on_sale_for(TERMS, lost, launch, on=DAY)
    assert on_sale_for(TERMS, lost, launch, on=launch)


@pytest.mark.parametrize(
    ("tiers", "on", "total"),
    [
        (Tiers(by=Measure.SPEND), date(2026, 12, 31), 700),
        (Tiers(by=Measure.SPEND), date(2027, 1, 1), 0),
        (Tiers(by=Measure.POINTS), date(2026, 12, 31), 7),
        (Tiers(by=Measure.VISITS), date(2026, 12, 31), 2),
        (Tiers(by=Measure.VISITS, period=TierPeriod.ROLLING, period_days=2), date(2026, 1, 1), 2),
        (Tiers(by=Measure.VISITS, period=TierPeriod.ROLLING, period_days=1), date(2026, 1, 1), 1),
        (Tiers(by=Measure.SPEND, period=TierPeriod.ROLLING, period_days=366), date(2026, 12, 31), 1_700),
    ],
)
def test_what_qualifies_is_counted_in_the_period(tiers: Tiers, on: date, total: int) -> None:
    purchases = [
        Qualifying(date(2025, 12, 31), 1_000, 10),
        Qualifying(date(2026, 1, 1), 300, 3),
        Qualifying(date(2026, 6, 1), 400, 4),
    ]
    assert qualifying_total(tiers, purchases, on=on) == total
