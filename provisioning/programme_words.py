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
from provisioning.programme_phrases import days, goods, in_stores, money, points, span
from provisioning.speech import ENGLISH, Speech

_USUAL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Section:
    """What one section of the file says. ``key`` is how the file calls it."""

    key: str
    heading: str
    sentences: tuple[str, ...]


def explanation(terms: Terms, speech: Speech = ENGLISH) -> tuple[Section, ...]:
    """Every section in the order of the file, also those that were left out: they say what does not exist."""
    parts = (
        ("programme", speech.say("{name}: spending", name=terms.programme.name), _rate(terms, speech)),
        ("lots", speech.say("Pending and expiry"), _lots(terms, speech)),
        ("earning", speech.say("What else earns"), _earning(terms, speech)),
        ("tiers", speech.say("Tiers"), _tiers(terms, speech)),
        ("redeeming", speech.say("Points as payment"), offers.redeeming(terms, speech)),
        ("stacking", speech.say("The order of discounts"), offers.stacking(terms, speech)),
        ("rewards", speech.say("Rewards"), offers.rewards(terms, speech)),
        ("coupons", speech.say("Coupons, in the order they are taken off"), offers.coupons(terms, speech)),
        ("member_types", speech.say("Member types, the first that fits"), offers.member_types(terms, speech)),
        ("member_days", speech.say("Member days"), offers.member_days(terms, speech)),
    )
    return tuple(Section(key, heading, tuple(sentences)) for key, heading, sentences in parts)


def _rate(terms: Terms, speech: Speech) -> Iterator[str]:
    rate = terms.programme
    yield speech.say(
        "Each full {amount} of a receipt earns {points}.",
        amount=money(rate.per_minor, rate.currency),
        points=points(speech, rate.points),
    )
    if rate.minimum_minor:
        yield speech.say("Receipts below {amount} earn nothing.", amount=money(rate.minimum_minor, rate.currency))


def _lots(terms: Terms, speech: Speech) -> Iterator[str]:
    lots = terms.lots
    if lots.pending_days:
        yield speech.say("Points are pending for {days}, then they can be spent.", days=days(speech, lots.pending_days))
    else:
        yield speech.say("Points can be spent at once.")
    match lots.expiry:
        case Expiry.NEVER:
            yield speech.say("Points never expire.")
        case Expiry.DAYS:
            life = days(speech, lots.after)
            yield speech.say("Points expire after {days}, counted from the day they were earned.", days=life)
        case Expiry.MONTH_END if lots.after:
            months = speech.several("{number} month", "{number} months", lots.after)
            yield speech.say("Points expire at the end of the month, {months} later.", months=months)
        case Expiry.MONTH_END:
            yield speech.say("Points expire at the end of the month in which they were earned.")
        case Expiry.YEAR_END if lots.after:
            years = speech.several("{number} year", "{number} years", lots.after)
            yield speech.say("Points expire on 31 December, {years} later.", years=years)
        case Expiry.YEAR_END:
            yield speech.say("Points expire on 31 December of the year in which they were earned.")
    if lots.expiry is not Expiry.NEVER:
        life = days(speech, lots.restored_days)
        yield speech.say("Expired points that a refund gives back live for another {days}.", days=life)


def _earning(terms: Terms, speech: Speech) -> Iterator[str]:
    earning = terms.earning
    for multiplier in earning.multipliers:
        yield _multiplier(multiplier, speech)
    for activity in earning.activities:
        yield _activity(activity, speech)
    if earning.referral is not None:
        yield from _referral(earning.referral, terms.programme.currency, speech)
    if earning.day_points_max:
        most = points(speech, earning.day_points_max)
        yield speech.say("A member earns at most {points} a day by spending, in each store.", points=most)
    if not (earning.multipliers or earning.activities or earning.referral):
        yield speech.say("Nothing beside spending earns points.")


def _multiplier(rule: Multiplier, speech: Speech) -> str:
    earns = speech.say(
        "{goods} earn {percent} % of the usual points ({rule})",
        goods=goods(speech, rule.categories, rule.brands),
        percent=rule.percent,
        rule=rule.id,
    )
    return speech.joined(earns, span(speech, rule.starts, rule.ends), in_stores(speech, rule.stores))


def _activity(rule: ActivityRule, speech: Speech) -> str:
    """The usual rhythm of a birthday or a visit needs no second limit beside it."""
    once = {
        ActivityKind.VISIT: speech.say("a visit, once a day"),
        ActivityKind.BIRTHDAY: speech.say("a birthday, once a year"),
        ActivityKind.SURVEY: speech.say("a survey, once for each"),
        ActivityKind.REVIEW: speech.say("a review, once for each receipt"),
        ActivityKind.SHARE: speech.say("sharing something, once for each thing"),
    }[rule.kind]
    window = ""
    if rule.kind is ActivityKind.BIRTHDAY and rule.window_days > 1:
        window = speech.say("within {days} from the birthday on", days=days(speech, rule.window_days))
    natural = {ActivityKind.VISIT: (Period.DAY,), ActivityKind.BIRTHDAY: (Period.DAY, Period.MONTH, Period.YEAR)}
    limit = "" if rule.period in natural.get(rule.kind, ()) else _limit(rule, speech)
    earns = speech.say("{points} for {what} ({rule})", points=points(speech, rule.points), what=once, rule=rule.id)
    return speech.joined(earns, window, limit)


def _limit(rule: ActivityRule, speech: Speech) -> str:
    period = {
        Period.DAY: speech.say("a day"),
        Period.MONTH: speech.say("a month"),
        Period.YEAR: speech.say("a year"),
        Period.EVER: speech.say("in all"),
    }[rule.period]
    if rule.times_max == 1:
        return speech.say("at most once {period}", period=period)
    return speech.say("at most {number} times {period}", number=f"{rule.times_max:,}", period=period)


def _referral(terms: ReferralTerms, currency: str, speech: Speech) -> Iterator[str]:
    sides = (
        (speech.say("who brings a friend"), terms.referrer_points, terms.referrer_coupon),
        (speech.say("who was brought"), terms.referred_points, terms.referred_coupon),
    )
    for who, given, coupon in sides:
        gets = [points(speech, given)] if given else []
        if coupon:
            gets.append(speech.say("the coupon {coupon}", coupon=coupon))
        yield speech.say(
            "A member {who} gets {what}, after the friend's first purchase of {amount} or more.",
            who=who,
            what=speech.listed(gets) if gets else speech.say("nothing"),
            amount=money(terms.minimum_minor, currency),
        )
    if terms.first_purchase_percent > _USUAL_PERCENT:
        percent = terms.first_purchase_percent
        yield speech.say("That first purchase earns {percent} % of the usual points.", percent=percent)
    most = speech.several("{number} referral", "{number} referrals", terms.year_times_max)
    yield speech.say(
        "One member is paid for at most {referrals} in a calendar year; further ones pay nobody.", referrals=most
    )


def _tiers(terms: Terms, speech: Speech) -> Iterator[str]:
    tiers = terms.tiers
    if not tiers.levels:
        yield speech.say("There are no tiers.")
        return
    counted = {
        Measure.SPEND: speech.say("what a member spends"),
        Measure.POINTS: speech.say("points earned"),
        Measure.VISITS: speech.say("visits"),
    }[tiers.by]
    since = speech.say("since 1 January")
    if tiers.period is TierPeriod.ROLLING:
        since = speech.say("in the last {days}", days=days(speech, tiers.period_days))
    yield speech.say(
        "A tier is reached by {counted} {since}; spending points never costs one.", counted=counted, since=since
    )
    for tier in tiers.levels:
        yield _tier(tier, terms, speech)
    if tiers.grace_days:
        yield speech.say("A tier that is no longer reached stays for {days}.", days=days(speech, tiers.grace_days))
    else:
        yield speech.say("A tier that is no longer reached is lost at once.")


def _tier(tier: Tier, terms: Terms, speech: Speech) -> str:
    mark = {
        Measure.SPEND: money(tier.at, terms.programme.currency),
        Measure.POINTS: points(speech, tier.at),
        Measure.VISITS: speech.several("{number} visit", "{number} visits", tier.at),
    }[terms.tiers.by]
    benefits = []
    if tier.discount_percent:
        benefits.append(speech.say("{percent} % off every purchase", percent=tier.discount_percent))
    if tier.earn_percent > _USUAL_PERCENT:
        benefits.append(speech.say("{percent} % of the usual points", percent=tier.earn_percent))
    if tier.early_purchase_days:
        early = days(speech, tier.early_purchase_days)
        benefits.append(speech.say("new goods {days} before others", days=early))
    if (coupon := terms.coupon(tier.coupon or "")) is not None:
        benefits.append(speech.say("once on reaching it the coupon “{coupon}”", coupon=coupon.name))
    given = speech.listed(benefits) if benefits else speech.say("no benefits")
    return speech.say("“{name}” from {mark}: {benefits}.", name=tier.name, mark=mark, benefits=given)
