"""What a purchase, an activity or a referral earns under the terms. Nothing here knows how much a member has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from loyalty.calendar import Birthday
from loyalty.events import Line, Purchase
from loyalty.identifiers import EventId, MemberId, posting_id
from loyalty.ledger import POINTS_MAX, Rule
from loyalty.points.lots import Accrual
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind, ActivityRule, Multiplier, Period, ReferralTerms
from loyalty.terms.offers import MemberDay
from loyalty.terms.tiers import Tier

_UNCHANGED_PERCENT = 100


class NotEarned(StrEnum):
    """Why an activity or a referral earns nothing."""

    ALREADY_EARNED = "already_earned"
    CAP_REACHED = "cap_reached"
    NOT_THEIR_BIRTHDAY = "not_their_birthday"
    NO_SUCH_RULE = "no_such_rule"
    REFERRED_THEMSELVES = "referred_themselves"
    NOT_THE_FIRST_PURCHASE = "not_the_first_purchase"
    BELOW_MINIMUM = "below_minimum"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a purchase meets beside its lines: the day, the member's tier, member days they are admitted to."""

    on: date
    tier: Tier | None = None
    member_days: tuple[MemberDay, ...] = ()
    was_referred: bool = False
    """This is the first real purchase of somebody who was referred."""
    earned_today: int = 0
    """Points this member earned by spending today, before this purchase."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Something a member did. ``key`` says which one: the survey, the receipt reviewed, the thing shared."""

    member: MemberId
    kind: ActivityKind
    on: date
    cause: EventId
    key: str = ""
    birthday: Birthday | None = None


@dataclass(frozen=True, slots=True)
class PastActivity:
    """Points an activity earned before, also by an account that was merged into this member's."""

    rule: str
    key: str
    on: date


@dataclass(frozen=True, slots=True)
class ReferredPurchase:
    """A purchase of a member whom another one brought."""

    referrer: MemberId
    referred: MemberId
    purchase: Purchase
    earlier_purchases: int
    """Real purchases of the referred member before this one: those that, after refunds, reach the minimum."""
    paid_this_year: int
    """Referrals for which the referrer was paid in this calendar year."""


@dataclass(frozen=True, slots=True)
class ReferralReward:
    """What one side gets."""

    member: MemberId
    accrual: Accrual | None
    coupon: str | None


def purchase_accruals(
    terms: Terms, purchase: Purchase, lines: Sequence[Line], occasion: Occasion
) -> tuple[Accrual, ...]:
    """The usual points of the receipt, then each bonus on its own; all within the cap of the day.

    ``lines`` are what was paid for them, after discounts. A multiplier's bonus is computed on the usual points of
    its goods alone; lines that come to more than the receipt count no further than it. Bonuses add up and never
    multiply each other. The rate's accrual has the id that :func:`loyalty.decide.decide_purchase` gives, so both
    are one posting.
    """
    rate = terms.programme
    if purchase.currency != rate.currency:
        return ()
    usual = rate.points_for(purchase.total_minor)
    parts: list[tuple[tuple[str, ...], Rule, int]] = [(("spend",), Rule.SPEND, usual)]
    if purchase.total_minor >= rate.minimum_minor:
        spent = {m.id: (m, 0) for m in terms.earning.multipliers}
        for line in lines:
            if (best := _best(terms.earning.multipliers, line, purchase, on=occasion.on)) is not None:
                spent[best.id] = (best, spent[best.id][1] + line.amount_minor)
        unspent = purchase.total_minor
        for multiplier, minor in spent.values():
            counted = min(minor, unspent)
            unspent -= counted
            of_goods = min(counted // rate.per_minor * rate.points, POINTS_MAX)
            bonus = of_goods * (multiplier.percent - _UNCHANGED_PERCENT) // 100
            parts.append((("multiplier", multiplier.id), Rule.MULTIPLIER, bonus))
    for name, rule, percent in _bonus_percents(terms, occasion):
        parts.append((name, rule, usual * (percent - _UNCHANGED_PERCENT) // 100))
    return tuple(_capped(parts, terms.earning.day_points_max, occasion.earned_today, purchase))


def activity_accrual(
    terms: Terms, rule_id: str, activity: Activity, past: Iterable[PastActivity]
) -> Accrual | NotEarned:
    """What one activity rule gives: once for its key, and not beyond its cap in the period of the day."""
    rule = next((rule for rule in terms.earning.activities if rule.id == rule_id), None)
    if rule is None or rule.kind is not activity.kind:
        return NotEarned.NO_SUCH_RULE
    key = activity_key(rule, activity)
    if key is None:
        return NotEarned.NOT_THEIR_BIRTHDAY
    earned = [one for one in past if one.rule == rule.id]
    if any(one.key == key for one in earned):
        return NotEarned.ALREADY_EARNED
    # A birthday has its year as key; claimed in January, that of the old year takes nothing from the new one.
    yearly = rule.kind is ActivityKind.BIRTHDAY and rule.period is not Period.EVER
    if not yearly and sum(_same_period(rule.period, one.on, activity.on) for one in earned) >= rule.times_max:
        return NotEarned.CAP_REACHED
    posting = posting_id("activity", rule.id, activity.member, key)
    return Accrual(posting, Rule(rule.kind.value), rule.points, activity.cause)


def activity_key(rule: ActivityRule, activity: Activity) -> str | None:
    """What makes two activities the same one; ``None`` for a birthday that is not today."""
    match rule.kind:
        case ActivityKind.VISIT:
            return activity.on.isoformat()
        case ActivityKind.BIRTHDAY:
            birthday = activity.birthday
            year = birthday.year_of(activity.on, window_days=rule.window_days) if birthday else None
            return None if year is None else str(year)
        case _:
            return activity.key


def referral_rewards(terms: Terms, referral: ReferredPurchase) -> tuple[ReferralReward, ...] | NotEarned:
    """What both sides get for the first real purchase of somebody who was referred."""
    offer = terms.earning.referral
    if offer is None:
        return NotEarned.NO_SUCH_RULE
    if referral.referrer == referral.referred:
        return NotEarned.REFERRED_THEMSELVES
    if referral.earlier_purchases > 0:
        return NotEarned.NOT_THE_FIRST_PURCHASE
    if not referral_stands(offer, referral.purchase.total_minor):
        return NotEarned.BELOW_MINIMUM
    if referral.paid_this_year >= offer.year_times_max:
        return NotEarned.CAP_REACHED
    sides = (
        ("referrer", referral.referrer, offer.referrer_points, offer.referrer_coupon),
        ("referred", referral.referred, offer.referred_points, offer.referred_coupon),
    )
    return tuple(
        ReferralReward(member, _referral_accrual(side, referral, points), coupon)
        for side, member, points, coupon in sides
        if points or coupon
    )


def referral_stands(offer: ReferralTerms, left_minor: int) -> bool:
    """Whether what refunds left of a first purchase is still a real one; if not, both sides' points go back."""
    return left_minor >= offer.minimum_minor


def _referral_accrual(side: str, referral: ReferredPurchase, points: int) -> Accrual | None:
    if points == 0:
        return None
    return Accrual(posting_id("referral", side, referral.referred), Rule.REFERRAL, points, referral.purchase.event)


def _best(multipliers: Iterable[Multiplier], line: Line, purchase: Purchase, *, on: date) -> Multiplier | None:
    """The highest multiplier that fits a line; of equal ones the first by key."""
    fitting = (
        m
        for m in multipliers
        if (not m.categories or line.category in m.categories)
        and (not m.brands or line.brand in m.brands)
        and (not m.stores or purchase.store in m.stores)
        and (m.starts is None or m.starts <= on)
        and (m.ends is None or on <= m.ends)
    )
    return min(fitting, key=lambda m: (-m.percent, m.id), default=None)


def _bonus_percents(terms: Terms, occasion: Occasion) -> Iterable[tuple[tuple[str, ...], Rule, int]]:
    if occasion.tier is not None:
        yield ("tier", occasion.tier.id), Rule.TIER_BONUS, occasion.tier.earn_percent
    for day in occasion.member_days:
        yield ("member-day", day.id), Rule.MEMBER_DAY, day.earn_percent
    if occasion.was_referred and (referral := terms.earning.referral) is not None:
        yield ("first-purchase",), Rule.FIRST_PURCHASE, referral.first_purchase_percent


def _capped(
    parts: Iterable[tuple[tuple[str, ...], Rule, int]], day_points_max: int, earned_today: int, purchase: Purchase
) -> Iterable[Accrual]:
    left = max(0, day_points_max - earned_today) if day_points_max else POINTS_MAX
    for name, rule, points in parts:
        granted = min(points, left)
        left -= granted
        if granted > 0:
            yield Accrual(posting_id(*name, purchase.store, purchase.sale), rule, granted, purchase.event)


def _same_period(period: Period, one: date, other: date) -> bool:
    match period:
        case Period.DAY:
            return one == other
        case Period.MONTH:
            return (one.year, one.month) == (other.year, other.month)
        case Period.YEAR:
            return one.year == other.year
        case Period.EVER:
            return True
