"""From what a till asks to what ``loyalty.checkout`` prices: the shopper, the coupons here, and why others are not.

Of what the answer declines, this room says what only the gateway knows: held elsewhere, reserved, used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from devices.observations import QuoteAsked, QuoteDeclined, QuoteStep
from edge_agent.decisions.customers import Customer
from edge_agent.journal import CouponEntry, Reader, Usable
from loyalty.checkout.coupons import Basket, HeldCoupon, Shopper, Why
from loyalty.checkout.question import Question, Quote, Step
from loyalty.events import Line
from loyalty.identifiers import StoreId, medium_id
from loyalty.points.standing import Standing, on_sale_for
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, Discount, MemberDay, Reward
from loyalty.terms.tiers import Tier

HELD_ELSEWHERE = "held_elsewhere"
CANNOT_BE_CHECKED = "cannot_be_checked"
"""No coupon with this code is known here now; head office may know it."""
NOT_ON_SALE_YET = "not_on_sale_yet"
RESERVED = "reserved"
USED = "used"
FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class CouponsHere:
    """The coupons a basket may use, one instance of each, and those it may not, with the reason."""

    usable: dict[str, CouponEntry]
    declined: tuple[QuoteDeclined, ...]
    unheld: tuple[str, ...] = ()
    """Codes (hashed) that were shown and that this gateway has no right to."""


def basket_of(asked: QuoteAsked, store: StoreId) -> Basket:
    """What is on the counter, each line with all its pieces."""
    lines = tuple(
        Line(line.sku, line.quantity * line.unit_minor, category=line.category, brand=line.brand)
        for line in asked.lines
    )
    return Basket(store, asked.currency, lines)


def coupons_here(reader: Reader, asked: QuoteAsked, member: str | None, *, on: date, key: bytes) -> CouponsHere:
    """The member's own coupons and those whose codes were shown; of a coupon held twice, the one that ends first."""
    usable: dict[str, CouponEntry] = {}
    declined: list[QuoteDeclined] = []
    shown: list[CouponEntry] = []
    unheld: list[str] = []
    for number, code in enumerate(asked.codes):
        medium = medium_id("code", code.encode(), key=key)
        entry = reader.coupon_by_code(medium)
        if entry is None:
            # The code itself is worth money to whoever reads a log: the answer names its place.
            declined.append(QuoteDeclined(f"codes.{number}", CANNOT_BE_CHECKED))
        else:
            shown.append(entry)
        if entry is None or why_not_here(entry, member, on) == HELD_ELSEWHERE:
            unheld.append(medium)
    own = reader.coupons_of(member) if member else []
    for entry in _each_once((*shown, *own)):
        why = why_not_here(entry, member, on)
        if why is None:
            usable.setdefault(entry.coupon, entry)
        else:
            declined.append(QuoteDeclined(entry.coupon, why))
    refused = tuple(one for one in declined if one.source not in usable)
    return CouponsHere(usable, refused, tuple(dict.fromkeys(unheld)))


def too_early(asked: QuoteAsked, terms: Terms, customer: Customer | None, *, on: date) -> tuple[QuoteDeclined, ...]:
    """New goods in the basket that are not for this shopper yet: only some tiers may buy before everybody else."""
    standing = Standing(customer.tier.id if customer and customer.tier else None)
    return tuple(
        QuoteDeclined(f"lines.{number}", NOT_ON_SALE_YET)
        for number, goods_from in enumerate(asked.on_sale_from)
        if goods_from is not None and not on_sale_for(terms, standing, goods_from, on=on)
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks about a basket and what they may use: all that pricing depends on beside the terms."""

    seen: QuoteAsked
    basket: Basket
    on: date
    customer: Customer | None
    usable: Usable | None
    coupons: CouponsHere

    def question(self) -> Question:
        """What to price."""
        customer = self.customer
        shopper = Shopper(
            member=customer is not None,
            member_type=customer.member_type if customer else None,
            tier=customer.tier.id if customer and customer.tier else None,
            points=self.usable.points if self.usable else 0,
        )
        held = tuple(HeldCoupon(coupon) for coupon in self.coupons.usable)
        return Question(self.basket, shopper, self.on, held, points=self.seen.points, reward=self.seen.reward)

    def declined(self, quote: Quote) -> tuple[QuoteDeclined, ...]:
        """What was asked for and does not apply; where this gateway may not redeem at all, that is why."""
        is_frozen = self.usable is not None and self.usable.is_frozen
        priced = tuple(
            QuoteDeclined(one.source, FROZEN if is_frozen and one.why is Why.TOO_FEW_POINTS else one.why.value)
            for one in quote.declined
        )
        return (*self.coupons.declined, *priced)


def steps_of(terms: Terms, quote: Quote) -> tuple[QuoteStep, ...]:
    """The discounts in words for people."""
    return tuple(
        QuoteStep(
            layer=step.layer.value,
            source=step.source,
            name=_name(terms, step),
            discount_minor=step.discount_minor,
            price_minor=step.price_minor,
            percent=step.percent,
            points=step.points,
            gift_sku=step.gift_sku or "",
        )
        for step in quote.steps
    )


def _each_once(entries: Iterable[CouponEntry]) -> Iterable[CouponEntry]:
    seen: dict[str, CouponEntry] = {}
    for entry in entries:
        seen.setdefault(entry.instance, entry)
    return seen.values()


def why_not_here(entry: CouponEntry, member: str | None, on: date) -> str | None:
    """Why this coupon cannot be used here by this member on this day, as a key; ``None``: it can."""
    if entry.is_used:
        return USED
    if entry.member and entry.member != member:
        return Why.NOT_FOR_THIS_MEMBER
    if entry.last_day is not None and entry.last_day < on:
        return Why.ENDED
    if not entry.is_here:
        return HELD_ELSEWHERE
    return RESERVED if entry.is_reserved else None


def _name(terms: Terms, step: Step) -> str:
    named: dict[Discount, Sequence[Tier | MemberDay | Coupon | Reward]] = {
        Discount.TIER: terms.tiers.levels,
        Discount.MEMBER_DAY: terms.member_days,
        Discount.POINTS: terms.rewards,
    }
    rows = named.get(step.layer, terms.coupons)
    return next((row.name for row in rows if row.id == step.source), "")
