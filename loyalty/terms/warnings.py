"""What is doubtful about a programme that can be used: above all, where it would lose money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from loyalty.terms.document import Terms
from loyalty.terms.doubts import Concern, Doubt
from loyalty.terms.earning import Expiry
from loyalty.terms.offers import Coupon, CouponKind, MemberType, OfferKind
from loyalty.terms.tiers import Measure, TierPeriod

__all__ = ["GIVE_BACK_PERCENT_MAX", "Concern", "Doubt", "minor_per_point", "points_per_minor", "warnings"]

GIVE_BACK_PERCENT_MAX = 30
"""More of the money spent than this, given back in rewards, is more than most shops earn on it."""

_ALL_PERCENT = 100
_SHORTEST_MONTH_DAYS = 28
_LONGEST_YEAR_DAYS = 366


def warnings(terms: Terms) -> tuple[Concern, ...]:
    """All doubts about a programme. An empty tuple is a sound programme."""
    return (
        *_time(terms),
        *_tiers(terms),
        *_tier_coupons(terms),
        *_referral(terms),
        *_points_given_back(terms),
        *_reward_coupons(terms),
        *_coupons(terms),
        *_discounts(terms),
        *_goods_for_nothing(terms),
        *_member_types(terms),
        *_offers(terms),
    )


def points_per_minor(terms: Terms) -> Fraction:
    """The most points that one minor unit of spending can earn: the rate with every bonus at its highest."""
    earning = terms.earning
    bonuses = [
        max((multiplier.percent for multiplier in earning.multipliers), default=_ALL_PERCENT),
        max((tier.earn_percent for tier in terms.tiers.levels), default=_ALL_PERCENT),
        *(day.earn_percent for day in terms.member_days),
    ]
    percent = _ALL_PERCENT + sum(bonus - _ALL_PERCENT for bonus in bonuses)
    return Fraction(terms.programme.points * percent, terms.programme.per_minor * _ALL_PERCENT)


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
        back = Fraction(value_minor, points) * rate * _ALL_PERCENT
        if back > GIVE_BACK_PERCENT_MAX:
            enough = -(-value_minor * rate * _ALL_PERCENT // GIVE_BACK_PERCENT_MAX)
            figures = {"points": points, "spent": int(points / rate), "value": value_minor, "percent": int(back)}
            doubt = Doubt.LOSES_MONEY if back >= _ALL_PERCENT else Doubt.GIVES_BACK_MUCH
            yield Concern(key, doubt, {**figures, "enough": enough})


def _referral(terms: Terms) -> Iterator[Concern]:
    referral = terms.earning.referral
    if referral is None:
        return
    worth = (referral.referrer_points + referral.referred_points) * minor_per_point(terms)
    if worth > referral.minimum_minor:
        figures = {"worth": int(worth), "enough": -(-worth // 1)}
        yield Concern("earning.referral.minimum_minor", Doubt.REFERRAL_PAYS_FOR_ITSELF, figures)


def _reward_coupons(terms: Terms) -> Iterator[Concern]:
    """A gateway gives out a coupon bought with points by itself; what all stores share, head office gives later."""
    for index, reward in enumerate(terms.rewards):
        coupon = terms.coupon(reward.coupon) if reward.coupon else None
        if coupon is None:
            continue
        key = f"rewards[{index}].coupon"
        if coupon.budget.is_shared:
            yield Concern(key, Doubt.REWARD_GIVEN_LATER, {"coupon": coupon.id})
        elif coupon.budget.member_uses_max:
            uses = coupon.budget.member_uses_max
            yield Concern(key, Doubt.REWARD_ONLY_SO_OFTEN, {"coupon": coupon.id, "uses": uses})


def _coupons(terms: Terms) -> Iterator[Concern]:
    paid_with_points = {reward.coupon for reward in terms.rewards}
    for index, coupon in enumerate(terms.coupons):
        key = f"coupons[{index}]"
        if coupon.kind is CouponKind.AMOUNT and coupon.minimum_minor <= coupon.amount_minor:
            yield Concern(f"{key}.minimum_minor", Doubt.GOODS_FOR_NOTHING, {"amount": coupon.amount_minor})
        if coupon.kind is CouponKind.GIFT and coupon.gift_cost_minor == 0:
            yield Concern(f"{key}.gift_cost_minor", Doubt.GIFT_WITHOUT_COST)
        unbounded = coupon.kind is CouponKind.PERCENT and coupon.discount_max_minor == 0
        if unbounded and coupon.budget.liability_minor_max:
            yield Concern(f"{key}.discount_max_minor", Doubt.LIABILITY_WITHOUT_BOUND)
        if _endless(coupon) and coupon.id not in paid_with_points:
            yield Concern(f"{key}.budget", Doubt.ENDLESS)


def _discounts(terms: Terms) -> Iterator[Concern]:
    """Percentages of all layers together, one after the other, on one basket."""
    exclusive = [c.percent for c in terms.coupons if c.kind is CouponKind.PERCENT and c.exclusive]
    alone = [_beside_coupons(terms) * _left(percent) for percent in exclusive]
    lowest = min([_together(terms), *alone])
    if lowest < Fraction(1, 2):
        yield Concern("stacking.order", Doubt.NEARLY_NOTHING_TO_PAY, {"percent": int(lowest * _ALL_PERCENT)})


def _goods_for_nothing(terms: Terms) -> Iterator[Concern]:
    """Amount coupons beside each other and beside percentages. What was paid for with points is no gift."""
    paid_with_points = {reward.coupon for reward in terms.rewards}
    in_percent_groups = {c.group for c in terms.coupons if c.kind is CouponKind.PERCENT and c.group}
    amounts = [
        c
        for c in terms.coupons
        if c.kind is CouponKind.AMOUNT
        and not c.exclusive
        and c.id not in paid_with_points
        and c.group not in in_percent_groups
        and c.minimum_minor > c.amount_minor
    ]
    for basket in sorted({coupon.minimum_minor for coupon in amounts}):
        best: dict[str, int] = {}
        for coupon in amounts:
            if coupon.minimum_minor <= basket:
                place = coupon.group or f"alone: {coupon.id}"
                best[place] = max(best.get(place, 0), coupon.amount_minor)
        if basket * _together(terms) <= sum(best.values()):
            yield Concern("coupons", Doubt.NOTHING_TO_PAY, {"basket": basket})
            return


def _together(terms: Terms) -> Fraction:
    """The part of the price left by every percentage that can be used beside the others."""
    best: dict[str, int] = {}
    for coupon in terms.coupons:
        if coupon.kind is CouponKind.PERCENT and not coupon.exclusive:
            place = coupon.group or f"alone: {coupon.id}"
            best[place] = max(best.get(place, 0), coupon.percent)
    left = _beside_coupons(terms)
    for percent in best.values():
        left *= _left(percent)
    return left


def _beside_coupons(terms: Terms) -> Fraction:
    """The part of the price left by the highest tier and all member days."""
    left = _left(max((tier.discount_percent for tier in terms.tiers.levels), default=0))
    for day in terms.member_days:
        left *= _left(day.discount_percent)
    return left


def _left(percent: int) -> Fraction:
    return Fraction(_ALL_PERCENT - percent, _ALL_PERCENT)


def _time(terms: Terms) -> Iterator[Concern]:
    lots = terms.lots
    shortest = {
        Expiry.DAYS: lots.after,
        Expiry.MONTH_END: lots.after * _SHORTEST_MONTH_DAYS,
        Expiry.YEAR_END: (date(2002 + lots.after, 1, 1) - date(2002, 1, 1)).days if lots.after else 0,
    }
    if lots.expiry in shortest and shortest[lots.expiry] <= lots.pending_days:
        yield Concern("lots.after", Doubt.EXPIRES_TOO_SOON, {"days": lots.pending_days})
    if lots.pending_days == 0 and minor_per_point(terms) > 0:
        yield Concern("lots.pending_days", Doubt.SPENT_BEFORE_RETURNED)


def _tiers(terms: Terms) -> Iterator[Concern]:
    tiers, cap = terms.tiers, terms.earning.day_points_max
    if tiers.by is not Measure.POINTS or cap == 0:
        return
    days = _LONGEST_YEAR_DAYS if tiers.period is TierPeriod.YEAR else tiers.period_days
    for index, tier in enumerate(tiers.levels):
        if tier.at > cap * days:
            figures = {"cap": cap, "days": days, "most": cap * days}
            yield Concern(f"tiers.levels[{index}].at", Doubt.TIER_OUT_OF_REACH, figures)


def _member_types(terms: Terms) -> Iterator[Concern]:
    """Look at one member of each kind that the borders of the types tell apart."""
    types = terms.member_types
    if not types:
        return
    purchases = sorted({0, *(t.purchases_min for t in types), *(t.purchases_max + 1 for t in types)})
    days = sorted({0, *(t.member_days_min for t in types)})
    most = max(t.purchases_max for t in types)
    nobody: tuple[int, int] | None = None
    found: set[str] = set()
    for bought in (number for number in purchases if number <= most):
        for joined in days:
            fitting = next((one.id for one in types if _fits(one, bought, joined)), None)
            found |= {fitting} if fitting else set()
            nobody = nobody if fitting or nobody else (bought, joined)
    for index, one in enumerate(types):
        if one.id not in found:
            yield Concern(f"member_types[{index}]", Doubt.TYPE_NEVER_FITS)
    if nobody is None and most < MemberType("any").purchases_max:
        nobody = (most + 1, 0)
    if nobody is not None:
        yield Concern("member_types", Doubt.NO_TYPE_FITS, {"purchases": nobody[0], "days": nobody[1]})


def _fits(one: MemberType, purchases: int, days: int) -> bool:
    return one.purchases_min <= purchases <= one.purchases_max and days >= one.member_days_min


def _tier_coupons(terms: Terms) -> Iterator[Concern]:
    for index, tier in enumerate(terms.tiers.levels):
        coupon = terms.coupon(tier.coupon) if tier.coupon else None
        if coupon is None:
            continue
        key = f"tiers.levels[{index}].coupon"
        if coupon.tiers and tier.id not in coupon.tiers:
            yield Concern(key, Doubt.COUPON_FOR_OTHER_TIERS, {"coupon": coupon.id, "tier": tier.id})
        if uses := coupon.budget.member_uses_max:
            yield Concern(key, Doubt.TIER_COUPON_ONLY_SO_OFTEN, {"coupon": coupon.id, "uses": uses})


def _offers(terms: Terms) -> Iterator[Concern]:
    for index, one in enumerate(terms.member_types):
        for number, offer in enumerate(one.offers):
            key = f"member_types[{index}].offers[{number}]"
            if offer.kind is OfferKind.FIRST_PURCHASE_DISCOUNT and one.purchases_min > 0:
                yield Concern(key, Doubt.NO_FIRST_PURCHASE_LEFT)
            if offer.kind in {OfferKind.NEWS, OfferKind.PROMOTIONS} and not terms.member_days:
                yield Concern(key, Doubt.NOTHING_TO_TELL)
            coupon = terms.coupon(offer.coupon) if offer.coupon else None
            if coupon is not None and coupon.member_types and one.id not in coupon.member_types:
                figures = {"coupon": coupon.id, "member_type": one.id}
                yield Concern(f"{key}.coupon", Doubt.COUPON_FOR_OTHERS, figures)


def _endless(coupon: Coupon) -> bool:
    budget = coupon.budget
    limited = budget.member_uses_max or budget.campaign_uses_max or budget.liability_minor_max
    return coupon.ends is None and not limited
