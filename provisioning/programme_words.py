"""Says in plain sentences what a loyalty programme promises, for the people who answer for it.

A sentence states what the rules in :mod:`loyalty` do with the terms, the defaults included: who never opens the
file shall be surprised by nothing at the till.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind, ActivityRule, Expiry, Multiplier, Period, ReferralTerms
from loyalty.terms.tiers import Measure, Tier, TierPeriod
from provisioning import programme_offers as offers
from provisioning.programme_phrases import count, goods, in_stores, joined, listed, money, span

_USUAL_PERCENT = 100
_ONCE_FOR = {
    ActivityKind.VISIT: "a visit, once a day",
    ActivityKind.BIRTHDAY: "a birthday, once a year",
    ActivityKind.SURVEY: "a survey, once for each",
    ActivityKind.REVIEW: "a review, once for each receipt",
    ActivityKind.SHARE: "sharing something, once for each thing",
}
_PERIODS = {Period.DAY: "a day", Period.MONTH: "a month", Period.YEAR: "a year", Period.EVER: "in all"}


@dataclass(frozen=True, slots=True)
class Section:
    """What one section of the file says. ``key`` is how the file calls it."""

    key: str
    heading: str
    sentences: tuple[str, ...]


def explanation(terms: Terms) -> tuple[Section, ...]:
    """Every section in the order of the file, also those that were left out: they say what does not exist."""
    parts = (
        ("programme", f"{terms.programme.name}: spending", _rate(terms)),
        ("lots", "Pending and expiry", _lots(terms)),
        ("earning", "What else earns", _earning(terms)),
        ("tiers", "Tiers", _tiers(terms)),
        ("redeeming", "Points as payment", offers.redeeming(terms)),
        ("stacking", "The order of discounts", offers.stacking(terms)),
        ("rewards", "Rewards", offers.rewards(terms)),
        ("coupons", "Coupons, in the order they are taken off", offers.coupons(terms)),
        ("member_types", "Member types, the first that fits", offers.member_types(terms)),
        ("member_days", "Member days", offers.member_days(terms)),
    )
    return tuple(Section(key, heading, tuple(sentences)) for key, heading, sentences in parts)


def _rate(terms: Terms) -> Iterator[str]:
    rate = terms.programme
    yield f"Each full {money(rate.per_minor, rate.currency)} of a receipt earns {count(rate.points, 'point')}."
    if rate.minimum_minor:
        yield f"Receipts below {money(rate.minimum_minor, rate.currency)} earn nothing."


def _lots(terms: Terms) -> Iterator[str]:
    lots = terms.lots
    if lots.pending_days:
        yield f"Points are pending for {count(lots.pending_days, 'day')}, then they can be spent."
    else:
        yield "Points can be spent at once."
    months = f", {count(lots.after, 'month')} later" if lots.after else " in which they were earned"
    years = f", {count(lots.after, 'year')} later" if lots.after else " of the year in which they were earned"
    yield {
        Expiry.NEVER: "Points never expire.",
        Expiry.DAYS: f"Points expire after {count(lots.after, 'day')}, counted from the day they were earned.",
        Expiry.MONTH_END: f"Points expire at the end of the month{months}.",
        Expiry.YEAR_END: f"Points expire on 31 December{years}.",
    }[lots.expiry]
    if lots.expiry is not Expiry.NEVER:
        yield f"Expired points that a refund gives back live for another {count(lots.restored_days, 'day')}."


def _earning(terms: Terms) -> Iterator[str]:
    earning = terms.earning
    yield from map(_multiplier, earning.multipliers)
    yield from map(_activity, earning.activities)
    if earning.referral is not None:
        yield from _referral(earning.referral, terms.programme.currency)
    if earning.day_points_max:
        yield f"A member earns at most {count(earning.day_points_max, 'point')} a day by spending."
    if not (earning.multipliers or earning.activities or earning.referral):
        yield "Nothing beside spending earns points."


def _multiplier(rule: Multiplier) -> str:
    fitting = goods(rule.categories, rule.brands)
    earns = f"{fitting} earn {rule.percent} % of the usual points ({rule.id})"
    return joined(earns, span(rule.starts, rule.ends), in_stores(rule.stores))


def _activity(rule: ActivityRule) -> str:
    """The usual rhythm of a birthday or a visit needs no second limit beside it."""
    window = ""
    if rule.kind is ActivityKind.BIRTHDAY and rule.window_days > 1:
        window = f"within {count(rule.window_days, 'day')} from the birthday on"
    natural = {ActivityKind.VISIT: Period.DAY, ActivityKind.BIRTHDAY: Period.YEAR}
    limit = "" if natural.get(rule.kind) is rule.period else f"at most {_times(rule.times_max)} {_PERIODS[rule.period]}"
    return joined(f"{count(rule.points, 'point')} for {_ONCE_FOR[rule.kind]} ({rule.id})", window, limit)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _referral(terms: ReferralTerms, currency: str) -> Iterator[str]:
    sides = (
        ("who brings a friend", terms.referrer_points, terms.referrer_coupon),
        ("who was brought", terms.referred_points, terms.referred_coupon),
    )
    for who, points, coupon in sides:
        gets = [count(points, "point")] if points else []
        if coupon:
            gets.append(f"the coupon {coupon}")
        purchase = f"after the friend's first purchase of {money(terms.minimum_minor, currency)} or more"
        yield f"A member {who} gets {listed(gets) if gets else 'nothing'}, {purchase}."
    if terms.first_purchase_percent > _USUAL_PERCENT:
        yield f"That first purchase earns {terms.first_purchase_percent} % of the usual points."
    yield f"One member is paid for at most {count(terms.year_times_max, 'referral')} in a calendar year."


def _tiers(terms: Terms) -> Iterator[str]:
    tiers = terms.tiers
    if not tiers.levels:
        yield "There are no tiers."
        return
    counted = {Measure.SPEND: "what a member spends", Measure.POINTS: "points earned", Measure.VISITS: "visits"}
    since = "since 1 January" if tiers.period is TierPeriod.YEAR else f"in the last {count(tiers.period_days, 'day')}"
    yield f"A tier is reached by {counted[tiers.by]} {since}; spending points never costs one."
    for tier in tiers.levels:
        yield _tier(tier, tiers.by, terms.programme.currency)
    if tiers.grace_days:
        yield f"A tier that is no longer reached stays for {count(tiers.grace_days, 'day')}."
    else:
        yield "A tier that is no longer reached is lost at once."


def _tier(tier: Tier, by: Measure, currency: str) -> str:
    mark = {
        Measure.SPEND: money(tier.at, currency),
        Measure.POINTS: count(tier.at, "point"),
        Measure.VISITS: count(tier.at, "visit"),
    }[by]
    benefits = [f"{tier.discount_percent} % off every purchase"] if tier.discount_percent else []
    if tier.earn_percent > _USUAL_PERCENT:
        benefits.append(f"{tier.earn_percent} % of the usual points")
    if tier.early_purchase_days:
        benefits.append(f"new goods {count(tier.early_purchase_days, 'day')} before others")
    return f"“{tier.name}” from {mark}: {listed(benefits) if benefits else 'no benefits'}."
