"""What a programme gives, in sentences: rewards, coupons in the order they are taken off, member types and days."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, CouponKind, Discount, MemberDay, MemberType, OfferKind, RewardKind
from provisioning.programme_phrases import audience, count, goods, in_stores, joined, listed, money, span, worth

_LAYERS = {
    Discount.TIER: "the tier's discount",
    Discount.MEMBER_DAY: "the member day's discount",
    Discount.PERCENT: "percent coupons",
    Discount.AMOUNT: "amount coupons",
    Discount.GIFT: "gifts",
    Discount.POINTS: "points",
}
_OFFERS = {
    OfferKind.WELCOME_PACK: "a welcome pack, once",
    OfferKind.FIRST_PURCHASE_DISCOUNT: "a discount on the first purchase, once",
    OfferKind.NEWS: "news",
    OfferKind.PROMOTIONS: "promotions",
    OfferKind.BIRTHDAY_GIFT: "a gift for each birthday",
    OfferKind.EXCLUSIVE_DISCOUNT: "a discount of their own",
    OfferKind.REDEMPTION: "to redeem points",
}
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_PURCHASES_WITHOUT_END = 1_000_000
_USUAL_PERCENT = 100


def redeeming(terms: Terms) -> Iterator[str]:
    """Points as part of the payment, and who may redeem at all."""
    step, currency = terms.redeeming, terms.programme.currency
    if step.points:
        share = f", up to {step.share_percent_max} % of the price" if step.share_percent_max < _USUAL_PERCENT else ""
        pays = f"Each full {count(step.points, 'point')} can pay {money(step.value_minor, currency)} of a purchase"
        yield f"{pays}{share}; {worth(step.value_minor, step.points)}."
    else:
        yield "Points do not pay at the till."
    types = [t.id for t in terms.member_types if any(offer.kind is OfferKind.REDEMPTION for offer in t.offers)]
    if types:
        yield f"Only members of the type {listed(types, 'or')} redeem points, for rewards too."


def rewards(terms: Terms) -> Iterator[str]:
    """Each reward with its price and what a point is worth in it."""
    currency = terms.programme.currency
    for reward in terms.rewards:
        value = money(reward.value_minor, currency)
        what = {
            RewardKind.GOODS: f"worth {value}",
            RewardKind.CASH: f"takes {value} off the receipt",
            RewardKind.COUPON: f"the coupon {reward.coupon}, worth {value}",
        }[reward.kind]
        price = (
            f"“{reward.name}” for {count(reward.points, 'point')}: {what}; {worth(reward.value_minor, reward.points)}"
        )
        yield joined(price, audience(reward))
    if not terms.rewards:
        yield "Points buy no rewards."


def stacking(terms: Terms) -> Iterator[str]:
    """The layers, first to last."""
    layers = [_LAYERS[layer] for layer in terms.stacking.order]
    yield f"Discounts are taken off in this order, each from what the one before it left: {listed(layers)}."


def coupons(terms: Terms) -> Iterator[str]:
    """Each coupon, in the order in which they are taken off."""
    place = {layer.value: index for index, layer in enumerate(terms.stacking.order)}
    for coupon in sorted(terms.coupons, key=lambda one: (place[one.kind.value], one.order, one.id)):
        yield _coupon(coupon, terms.programme.currency)
    if not terms.coupons:
        yield "There are no coupons."


def _coupon(coupon: Coupon, currency: str) -> str:
    fitting = goods(coupon.categories, coupon.brands)
    what = {
        CouponKind.PERCENT: f"{coupon.percent} % off {fitting}",
        CouponKind.AMOUNT: f"{money(coupon.amount_minor, currency)} off {fitting}",
        CouponKind.GIFT: f"the article {coupon.gift_sku} as a gift{_beside(coupon)}",
    }[coupon.kind]
    conditions = joined(
        f"“{coupon.name}” ({coupon.id}): {what}",
        f"at most {money(coupon.discount_max_minor, currency)}" if coupon.discount_max_minor else "",
        f"when the goods come to {money(coupon.minimum_minor, currency)} or more" if coupon.minimum_minor else "",
        span(coupon.starts, coupon.ends),
        in_stores(coupon.stores),
        audience(coupon),
    )
    company = []
    if coupon.group:
        company.append(f"Of the group {coupon.group} only the coupon worth most applies.")
    if coupon.exclusive:
        company.append("No other coupon applies beside it; the quote takes it alone when that leaves less to pay.")
    return " ".join((conditions, *company, _budget(coupon, currency)))


def _beside(coupon: Coupon) -> str:
    narrowed = coupon.categories or coupon.brands
    return f" beside {goods(coupon.categories, coupon.brands)}" if narrowed else " beside any purchase"


def _budget(coupon: Coupon, currency: str) -> str:
    budget = coupon.budget
    limits = [
        f"{count(budget.member_uses_max, 'use')} by a member" if budget.member_uses_max else "",
        f"{count(budget.campaign_uses_max, 'use')} by all together" if budget.campaign_uses_max else "",
        f"{money(budget.liability_minor_max, currency)} given in all" if budget.liability_minor_max else "",
    ]
    return f"Limit: {listed(found)}." if (found := [*filter(None, limits)]) else "No limit."


def member_types(terms: Terms) -> Iterator[str]:
    """Who is of which type, and what each is offered."""
    for number, one in enumerate(terms.member_types):
        who = "; ".join(_conditions(one)) or ("everybody else" if number else "everybody")
        offers = [_OFFERS[offer.kind] + (f" ({offer.coupon})" if offer.coupon else "") for offer in one.offers]
        yield f"The type {one.id} ({who}) is offered {listed(offers) if offers else 'nothing'}."
    if not terms.member_types:
        yield "There are no member types; all members are offered the same."


def _conditions(one: MemberType) -> Iterator[str]:
    least, most = one.purchases_min, one.purchases_max
    if most == 0:
        yield "no purchases so far"
    elif most < _PURCHASES_WITHOUT_END:
        yield f"purchases so far: {least:,} to {most:,}"
    elif least:
        yield f"purchases so far: {least:,} or more"
    if one.member_days_min:
        yield f"days since joining: {one.member_days_min:,} or more"


def member_days(terms: Terms) -> Iterator[str]:
    """When member days are held and what they give."""
    for day in terms.member_days:
        gives = [f"{day.discount_percent} % off"] if day.discount_percent else []
        if day.earn_percent > _USUAL_PERCENT:
            gives.append(f"{day.earn_percent} % of the usual points")
        given = listed(gives) if gives else "no discount, the usual points"
        yield joined(f"“{day.name}” {_held(day)}: {given}", in_stores(day.stores), audience(day))
    if not terms.member_days:
        yield "There are no member days."


def _held(day: MemberDay) -> str:
    when = []
    if day.weekdays:
        when.append("on " + listed(_WEEKDAYS[number - 1] for number in day.weekdays))
    if day.month_days:
        when.append(f"on day {listed(map(str, day.month_days))} of the month")
    if day.days:
        when.append("on " + listed(one.isoformat() for one in day.days))
    return listed(when)
