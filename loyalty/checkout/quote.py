"""The price of a basket: which coupons apply, in which order, what each takes off, and why others do not.

The same question always has the same answer, whatever the order in which coupons are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace

from loyalty.checkout.coupons import HeldCoupon, Why, best_of_groups, objection
from loyalty.checkout.pricing import Pricing
from loyalty.checkout.question import Declined, Question, Quote
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon

COUPONS_MAX = 50
"""Coupons looked at for one basket."""


def quote(terms: Terms, question: Question) -> Quote:
    """Price a basket. Coupons are used where they give most: one exclusive one, or all the others together.

    A coupon whose campaign can no longer pay what it would take off makes room for the next best.
    """
    basket = question.basket
    if basket.currency != terms.programme.currency:
        declined = tuple(Declined(key, Why.OTHER_CURRENCY) for key in sorted({c.coupon for c in question.coupons}))
        prices = tuple(line.amount_minor for line in basket.lines)
        return Quote(basket.full_minor, basket.full_minor, prices, declined=declined)
    question = replace(question, coupons=_each_once(question.coupons))
    usable, refused = _usable(terms, question)
    while True:
        priced, outdone = _best(terms, question, usable)
        unpaid = {one.source for one in priced.declined if one.why is Why.LIABILITY_REACHED}
        if not unpaid:
            return priced.answer((*refused, *outdone))
        refused += [Declined(source, Why.LIABILITY_REACHED) for source in unpaid]
        usable = [coupon for coupon in usable if coupon.id not in unpaid]


def _usable(terms: Terms, question: Question) -> tuple[list[Coupon], list[Declined]]:
    """The coupons nothing speaks against, in their order, and the others with the reason."""
    usable: list[Coupon] = []
    declined: list[Declined] = []
    for number, held in enumerate(question.coupons):
        coupon = terms.coupon(held.coupon)
        why: Why | None = Why.UNKNOWN
        if number >= COUPONS_MAX:
            why = Why.TOO_MANY_COUPONS
        elif coupon is not None:
            why = objection(coupon, held.used, question.basket, question.shopper, on=question.on)
        if coupon is not None and why is None:
            usable.append(coupon)
        else:
            declined.append(Declined(held.coupon, why or Why.UNKNOWN))
    return sorted(usable, key=lambda coupon: (coupon.order, coupon.id)), declined


def _each_once(coupons: Sequence[HeldCoupon]) -> tuple[HeldCoupon, ...]:
    """Of a coupon shown several times the one whose budget is most used, by key."""
    by_key = {held.coupon: held for held in sorted(coupons, key=lambda held: astuple(held.used))}
    return tuple(by_key[key] for key in sorted(by_key))


def _best(terms: Terms, question: Question, usable: Sequence[Coupon]) -> tuple[Pricing, list[Declined]]:
    """Price the choice of coupons that leaves least to pay before points; the first of equal ones."""
    kept, outdone = best_of_groups(usable, question.basket)
    together = [coupon for coupon in kept if not coupon.exclusive]
    choices = [[coupon] for coupon in kept if coupon.exclusive]
    if together or not choices:
        choices.insert(0, together)
    money_only = replace(question, points=0, reward=None)
    chosen = min(choices, key=lambda choice: Pricing(terms, money_only, choice).cost_to_member())
    declined = [Declined(coupon.id, Why.BETTER_ONE_OF_ITS_GROUP) for coupon in outdone]
    declined += [Declined(coupon.id, Why.EXCLUSIVE) for coupon in kept if coupon not in chosen]
    return Pricing(terms, question, chosen), declined
