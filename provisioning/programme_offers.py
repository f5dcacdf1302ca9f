"""What a programme gives, in sentences: rewards, coupons in the order they are taken off, member types and days."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, CouponKind, Discount, MemberDay, MemberType, OfferKind, RewardKind
from provisioning.programme_phrases import OR, audience, goods, in_stores, money, points, span, worth
from provisioning.speech import Speech

_PURCHASES_WITHOUT_END = 1_000_000
_USUAL_PERCENT = 100


def redeeming(terms: Terms, speech: Speech) -> Iterator[str]:
    """Points as part of the payment, and who may redeem at all."""
    step, currency = terms.redeeming, terms.programme.currency
    if step.points:
        pays = speech.say(
            "Each full {points} can pay {amount} of a purchase",
            points=points(speech, step.points),
            amount=money(step.value_minor, currency),
        )
        if step.share_percent_max < _USUAL_PERCENT:
            share = speech.say("up to {percent} % of the price", percent=step.share_percent_max)
            pays = speech.say(", ").join((pays, share))
        yield speech.say("{price}; {worth}.", price=pays, worth=worth(speech, step.value_minor, step.points))
    else:
        yield speech.say("Points do not pay at the till.")
    types = [t.id for t in terms.member_types if any(offer.kind is OfferKind.REDEMPTION for offer in t.offers)]
    if types:
        yield speech.say(
            "Only members of the type {types} redeem points, for rewards too.", types=speech.listed(types, OR)
        )


def rewards(terms: Terms, speech: Speech) -> Iterator[str]:
    """Each reward with its price and what a point is worth in it."""
    currency = terms.programme.currency
    for reward in terms.rewards:
        value = money(reward.value_minor, currency)
        what = {
            RewardKind.GOODS: speech.say("worth {value}", value=value),
            RewardKind.CASH: speech.say("takes {value} off the receipt", value=value),
            RewardKind.COUPON: speech.say("the coupon {coupon}, worth {value}", coupon=reward.coupon, value=value),
        }[reward.kind]
        price = speech.say(
            "“{name}” for {points}: {what}; {worth}",
            name=reward.name,
            points=points(speech, reward.points),
            what=what,
            worth=worth(speech, reward.value_minor, reward.points),
        )
        yield speech.joined(price, audience(speech, reward))
    if not terms.rewards:
        yield speech.say("Points buy no rewards.")


def stacking(terms: Terms, speech: Speech) -> Iterator[str]:
    """The layers, first to last."""
    said = {
        Discount.TIER: speech.say("the tier's discount"),
        Discount.MEMBER_DAY: speech.say("the member day's discount"),
        Discount.PERCENT: speech.say("percent coupons"),
        Discount.AMOUNT: speech.say("amount coupons"),
        Discount.GIFT: speech.say("gifts"),
        Discount.POINTS: speech.say("points"),
    }
    layers = speech.listed(said[layer] for layer in terms.stacking.order)
    yield speech.say(
        "Discounts are taken off in this order, each from what the one before it left: {layers}.", layers=layers
    )


def coupons(terms: Terms, speech: Speech) -> Iterator[str]:
    """Each coupon, in the order in which they are taken off."""
    place = {layer.value: index for index, layer in enumerate(terms.stacking.order)}
    for coupon in sorted(terms.coupons, key=lambda one: (place[one.kind.value], one.order, one.id)):
        yield _coupon(coupon, terms.programme.currency, speech)
    if not terms.coupons:
        yield speech.say("There are no coupons.")


def _coupon(coupon: Coupon, currency: str, speech: Speech) -> str:
    most, least = (money(minor, currency) for minor in (coupon.discount_max_minor, coupon.minimum_minor))
    what = _what(coupon, currency, speech)
    conditions = speech.joined(
        speech.say("“{name}” ({coupon}): {what}", name=coupon.name, coupon=coupon.id, what=what),
        speech.say("at most {amount}", amount=most) if coupon.discount_max_minor else "",
        speech.say("when the goods come to {amount} or more", amount=least) if coupon.minimum_minor else "",
        span(speech, coupon.starts, coupon.ends),
        in_stores(speech, coupon.stores),
        audience(speech, coupon),
    )
    said = [conditions]
    if coupon.group:
        said.append(speech.say("Of the group {group} only the coupon worth most applies.", group=coupon.group))
    if coupon.exclusive:
        said.append(
            speech.say("No other coupon applies beside it; the quote takes it alone when that leaves less to pay.")
        )
    return " ".join((*said, _budget(coupon, currency, speech)))


def _what(coupon: Coupon, currency: str, speech: Speech) -> str:
    fitting = goods(speech, coupon.categories, coupon.brands)
    match coupon.kind:
        case CouponKind.PERCENT:
            return speech.say("{percent} % off {goods}", percent=coupon.percent, goods=fitting)
        case CouponKind.AMOUNT:
            return speech.say("{amount} off {goods}", amount=money(coupon.amount_minor, currency), goods=fitting)
        case CouponKind.GIFT if coupon.categories or coupon.brands:
            return speech.say("the article {sku} as a gift beside {goods}", sku=coupon.gift_sku, goods=fitting)
        case CouponKind.GIFT:
            return speech.say("the article {sku} as a gift beside any purchase", sku=coupon.gift_sku)


def _budget(coupon: Coupon, currency: str, speech: Speech) -> str:
    budget = coupon.budget
    limits = []
    if budget.member_uses_max:
        uses = speech.several("{number} use", "{number} uses", budget.member_uses_max)
        limits.append(speech.say("{uses} by a member", uses=uses))
    if budget.campaign_uses_max:
        uses = speech.several("{number} use", "{number} uses", budget.campaign_uses_max)
        limits.append(speech.say("{uses} by all together", uses=uses))
    if budget.liability_minor_max:
        limits.append(speech.say("{amount} given in all", amount=money(budget.liability_minor_max, currency)))
    return speech.say("Limit: {limits}.", limits=speech.listed(limits)) if limits else speech.say("No limit.")


def member_types(terms: Terms, speech: Speech) -> Iterator[str]:
    """Who is of which type, and what each is offered."""
    said = {
        OfferKind.WELCOME_PACK: speech.say("a welcome pack, once"),
        OfferKind.FIRST_PURCHASE_DISCOUNT: speech.say("a discount on the first purchase, once"),
        OfferKind.NEWS: speech.say("news"),
        OfferKind.PROMOTIONS: speech.say("promotions"),
        OfferKind.BIRTHDAY_GIFT: speech.say("a gift for each birthday"),
        OfferKind.EXCLUSIVE_DISCOUNT: speech.say("a discount of their own"),
        OfferKind.REDEMPTION: speech.say("to redeem points"),
    }
    for number, one in enumerate(terms.member_types):
        anybody = speech.say("everybody else") if number else speech.say("everybody")
        offered = [
            speech.say("{offer} ({coupon})", offer=said[offer.kind], coupon=offer.coupon)
            if offer.coupon
            else said[offer.kind]
            for offer in one.offers
        ]
        yield speech.say(
            "The type {type} ({who}) is offered {offers}.",
            type=one.id,
            who=speech.say("; ").join(_conditions(one, speech)) or anybody,
            offers=speech.listed(offered) if offered else speech.say("nothing"),
        )
    if not terms.member_types:
        yield speech.say("There are no member types; all members are offered the same.")


def _conditions(one: MemberType, speech: Speech) -> Iterator[str]:
    least, most = one.purchases_min, one.purchases_max
    if most == 0:
        yield speech.say("no purchases so far")
    elif most < _PURCHASES_WITHOUT_END:
        yield speech.say("purchases so far: {least} to {most}", least=f"{least:,}", most=f"{most:,}")
    elif least:
        yield speech.say("purchases so far: {least} or more", least=f"{least:,}")
    if one.member_days_min:
        yield speech.say("days since joining: {least} or more", least=f"{one.member_days_min:,}")


def member_days(terms: Terms, speech: Speech) -> Iterator[str]:
    """When member days are held and what they give."""
    for day in terms.member_days:
        gives = []
        if day.discount_percent:
            gives.append(speech.say("{percent} % off", percent=day.discount_percent))
        if day.earn_percent > _USUAL_PERCENT:
            gives.append(speech.say("{percent} % of the usual points", percent=day.earn_percent))
        held = speech.say(
            "“{name}” {days}: {benefits}",
            name=day.name,
            days=_held(day, speech),
            benefits=speech.listed(gives) if gives else speech.say("no discount, the usual points"),
        )
        yield speech.joined(held, in_stores(speech, day.stores), audience(speech, day))
    if not terms.member_days:
        yield speech.say("There are no member days.")


def _held(day: MemberDay, speech: Speech) -> str:
    weekdays = (
        speech.say("Mondays"),
        speech.say("Tuesdays"),
        speech.say("Wednesdays"),
        speech.say("Thursdays"),
        speech.say("Fridays"),
        speech.say("Saturdays"),
        speech.say("Sundays"),
    )
    when = []
    if day.weekdays:
        when.append(speech.say("on {days}", days=speech.listed(weekdays[number - 1] for number in day.weekdays)))
    if day.month_days:
        when.append(speech.say("on day {days} of the month", days=speech.listed(map(str, day.month_days))))
    if day.days:
        when.append(speech.say("on {days}", days=speech.listed(one.isoformat() for one in day.days)))
    return speech.listed(when)
