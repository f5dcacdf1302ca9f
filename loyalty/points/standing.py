"""Which tier a member has. Upgrades count at once; a tier that is no longer reached stays for the days of grace.

What qualifies is counted apart from what can be spent: redeeming or losing points never costs a tier, a refund does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from loyalty.terms.document import Terms
from loyalty.terms.tiers import Measure, Tier, TierPeriod, Tiers


@dataclass(frozen=True, slots=True)
class Qualifying:
    """What one purchase counts towards a tier, after its refunds. ``on`` is the store's day of the purchase."""

    on: date
    spent_minor: int
    points: int
    visits: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's tier. ``lost_on`` is the day on which it ends unless it is reached again before."""

    tier: str | None = None
    since: date | None = None
    lost_on: date | None = None


@dataclass(frozen=True, slots=True)
class Benefits:
    """What a tier gives while it lasts."""

    discount_percent: int = 0
    earn_percent: int = 100
    early_purchase_days: int = 0


def qualifying_total(tiers: Tiers, purchases: Iterable[Qualifying], *, on: date) -> int:
    """The measure of the programme, summed over its period that ends with the day ``on``."""
    begins = date(on.year, 1, 1) if tiers.period is TierPeriod.YEAR else on - timedelta(days=tiers.period_days - 1)
    counted = [purchase for purchase in purchases if begins <= purchase.on <= on]
    match tiers.by:
        case Measure.SPEND:
            return sum(purchase.spent_minor for purchase in counted)
        case Measure.POINTS:
            return sum(purchase.points for purchase in counted)
        case Measure.VISITS:
            return sum(purchase.visits for purchase in counted)


def tier_reached(tiers: Tiers, total: int) -> Tier | None:
    """The highest tier whose mark ``total`` has reached."""
    return next((tier for tier in reversed(tiers.levels) if total >= tier.at), None)


def to_next_tier(tiers: Tiers, total: int) -> tuple[Tier, int] | None:
    """The next tier and how much is missing; ``None`` at the top."""
    return next(((tier, tier.at - total) for tier in tiers.levels if total < tier.at), None)


def next_standing(tiers: Tiers, standing: Standing, total: int, *, on: date) -> Standing:
    """The standing on the day ``on``, given what qualifies on it."""
    reached = tier_reached(tiers, total)
    rank = {None: -1} | {tier.id: index for index, tier in enumerate(tiers.levels)}
    # A tier that the programme no longer has ranks below all.
    held = rank.get(standing.tier, -1)
    target = rank[reached.id if reached else None]
    if target > held or (target == held and standing.tier not in rank):
        return Standing(reached.id if reached else None, since=on)
    if target == held:
        return replace(standing, lost_on=None)
    lost_on = standing.lost_on or on + timedelta(days=tiers.grace_days)
    if on >= lost_on:
        return Standing(reached.id if reached else None, since=on)
    return replace(standing, lost_on=lost_on)


def benefits(terms: Terms, standing: Standing) -> Benefits:
    """What the standing gives now; nothing without a tier."""
    tier = terms.tier(standing.tier)
    return Benefits(tier.discount_percent, tier.earn_percent, tier.early_purchase_days) if tier else Benefits()


def on_sale_for(terms: Terms, standing: Standing, goods_from: date, *, on: date) -> bool:
    """Whether goods sold to everyone from ``goods_from`` can be bought by this member on the day ``on``."""
    return on >= goods_from - timedelta(days=benefits(terms, standing).early_purchase_days)
