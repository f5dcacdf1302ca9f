"""What is doubtful about a programme that can be used: above all, where it would lose money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from loyalty.terms.document import Terms
from loyalty.terms.earning import Expiry
from loyalty.terms.offers import Coupon, CouponKind

GIVE_BACK_PERCENT_MAX = 30
"""More of the money spent than this, given back in rewards, is more than most shops earn on it."""

_SHORTEST_MONTH_DAYS = 28


@dataclass(frozen=True, slots=True)
class Concern:
    """One doubt: the key path it is about, what would happen, and what to write instead."""

    key: str
    says: str
    remedy: str


def warnings(terms: Terms) -> tuple[Concern, ...]:
    """All doubts about a programme, in the order of the file. An empty tuple is a sound programme."""
    return (*_time(terms), *_referral(terms), *_points_given_back(terms), *_coupons(terms), *_discounts(terms))


def points_per_minor(terms: Terms) -> Fraction:
    """The most points that one minor unit of spending can earn: the rate with every bonus at its highest."""
    earning = terms.earning
    bonuses = [
        max((multiplier.percent for multiplier in earning.multipliers), default=100),
        max((tier.earn_percent for tier in terms.tiers.levels), default=100),
        *(day.earn_percent for day in terms.member_days),
    ]
    percent = 100 + sum(bonus - 100 for bonus in bonuses)
    return Fraction(terms.programme.points * percent, terms.programme.per_minor * 100)


def minor_per_point(terms: Terms) -> Fraction:
    """The most that one point can buy."""
    prices = [(reward.value_minor, reward.points) for reward in terms.rewards]
    if terms.redeeming.points:
        prices.append((terms.redeeming.value_minor, terms.redeeming.points))
    return max((Fraction(value, points) for value, points in prices), default=Fraction(0))


def _points_given_back(terms: Terms) -> Iterator[Concern]:
    rate = points_per_minor(terms)
    prices = [(f"rewards[{i}].points", r.points, r.value_minor) for i, r in enumerate(terms.rewards)]
    if terms.redeeming.points:
        prices.insert(0, ("redeeming.points", terms.redeeming.points, terms.redeeming.value_minor))
    for key, points, value_minor in prices:
        back = Fraction(value_minor, points) * rate * 100
        if back > GIVE_BACK_PERCENT_MAX:
            enough = -(-value_minor * rate * 100 // GIVE_BACK_PERCENT_MAX)
            yield Concern(
                key,
                f"at the best rate its {points} points are earned by spending {int(points / rate)} and give back "
                f"{value_minor}, {int(back)} % of it",
                f"ask {enough} points or more, or give less",
            )


def _referral(terms: Terms) -> Iterator[Concern]:
    referral = terms.earning.referral
    if referral is None:
        return
    worth = (referral.referrer_points + referral.referred_points) * minor_per_point(terms)
    if worth > referral.minimum_minor:
        yield Concern(
            "earning.referral.minimum_minor",
            f"the points of both sides buy {int(worth)}, more than the first purchase must be",
            f"write {-(-worth // 1)} or more, or give fewer points",
        )


def _coupons(terms: Terms) -> Iterator[Concern]:
    for index, coupon in enumerate(terms.coupons):
        key = f"coupons[{index}]"
        if coupon.kind is CouponKind.AMOUNT and coupon.minimum_minor <= coupon.amount_minor:
            yield Concern(
                f"{key}.minimum_minor",
                f"goods up to {coupon.amount_minor} cost nothing with it",
                f"write more than {coupon.amount_minor}",
            )
        if coupon.kind is CouponKind.GIFT and coupon.gift_cost_minor == 0:
            yield Concern(
                f"{key}.gift_cost_minor", "the gift counts as free, so no liability limit holds", "write what it costs"
            )
        if _endless(coupon):
            yield Concern(
                f"{key}.budget", "it has no last day and no limit of any kind", "write ends, or a limit in its budget"
            )


def _discounts(terms: Terms) -> Iterator[Concern]:
    """Percentages of all layers together, one after the other, on one basket."""
    left = Fraction(100 - max((tier.discount_percent for tier in terms.tiers.levels), default=0), 100)
    for day in terms.member_days:
        left *= Fraction(100 - day.discount_percent, 100)
    percents = [c for c in terms.coupons if c.kind is CouponKind.PERCENT]
    stacked: dict[str, int] = {}
    for coupon in percents:
        place = coupon.group or f"alone: {coupon.id}"
        if not coupon.exclusive:
            stacked[place] = max(stacked.get(place, 0), coupon.percent)
    together = left
    for percent in stacked.values():
        together *= Fraction(100 - percent, 100)
    alone = [left * Fraction(100 - coupon.percent, 100) for coupon in percents if coupon.exclusive]
    lowest = min([together, *alone])
    if lowest < Fraction(1, 2):
        yield Concern(
            "stacking.order",
            f"a member with every percentage at once pays {int(lowest * 100)} % of the price",
            "put percent coupons into one group, or make them exclusive",
        )


def _time(terms: Terms) -> Iterator[Concern]:
    lots = terms.lots
    shortest = {
        Expiry.DAYS: lots.after,
        Expiry.MONTH_END: lots.after * _SHORTEST_MONTH_DAYS,
        Expiry.YEAR_END: (date(2002 + lots.after, 1, 1) - date(2002, 1, 1)).days if lots.after else 0,
    }
    if lots.expiry in shortest and shortest[lots.expiry] <= lots.pending_days:
        yield Concern(
            "lots.after",
            "some points expire on the day on which they become available, or the day they are earned",
            f"write a life longer than {lots.pending_days} days",
        )
    if lots.pending_days == 0 and minor_per_point(terms) > 0:
        yield Concern(
            "lots.pending_days",
            "points can be spent before the purchase that earned them is returned",
            "write the days of your return window",
        )


def _endless(coupon: Coupon) -> bool:
    budget = coupon.budget
    limited = budget.member_uses_max or budget.campaign_uses_max or budget.liability_minor_max
    return coupon.ends is None and not limited
