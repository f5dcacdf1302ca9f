"""A till asks what a basket costs: priced with what this gateway knows, what it redeems is held until the sale comes.

Known by its key, a question asked again has the same answer; another basket under the same key is priced anew and
holds what it needs in place of what the key held before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import orjson

from cloud_bridge.contract import CodeScannedV1
from devices.observations import QuoteAnswer, QuoteAsked, QuoteDeclined, QuoteStep
from edge_agent.decisions.customers import customer_of, occasion_of
from edge_agent.decisions.quoting.baskets import Asking, basket_of, coupons_here, steps_of, too_early
from edge_agent.decisions.quoting.plans import Plan, PlannedCoupon
from edge_agent.decisions.shop import Shop
from edge_agent.journal import POINTS, QuoteRow, Transaction
from edge_agent.rights.desk import RightsDesk
from loyalty.checkout.question import Quote
from loyalty.checkout.quote import quote as price
from loyalty.decide import Granted, decide_sale
from loyalty.events import Purchase
from loyalty.identifiers import EventId, MemberId, SaleId, medium_id
from loyalty.terms.document import Terms
from loyalty.terms.offers import Discount

PIN_NEEDED = "pin_needed"
"""Whoever shows a card that can be copied has to give their PIN at the kiosk first."""

IsProven = Callable[[str, str], bool]
"""Whether the member now at a counter has shown more than a card that can be copied: ``(counter, member)``."""

TYPED = "till"
"""The symbology of a code that a till names: scanned or typed there, who knows."""

COUPON_LAYERS = frozenset({Discount.PERCENT, Discount.AMOUNT, Discount.GIFT})
ALREADY_USED = "used"
CANCELLED = "cancelled"
NO_PROGRAMME = "no_programme"


@dataclass(frozen=True, slots=True)
class _Shown:
    """By what the shopper is known (``None``: a stranger), and whether that cannot be copied."""

    medium: str | None
    member: MemberId | None
    is_strong: bool


class Quotes:
    """Answers baskets."""

    def __init__(self, shop: Shop, desk: RightsDesk, *, is_proven: IsProven) -> None:
        self._shop = shop
        self._desk = desk
        self._is_proven = is_proven

    def answer(self, tx: Transaction, asked: QuoteAsked) -> QuoteAnswer:
        """Price a basket and hold what it redeems, in one transaction.

        Nothing has happened yet, so no event says it; only a code that cannot be checked here is told, so that the
        cloud lends the right to it if it is free.
        """
        known = tx.quote(asked.key)
        if known is not None and known.sale is not None:
            return replace(_answer_in(known), refused=ALREADY_USED, valid_s=0)
        if asked.is_cancelled:
            if known is not None:
                end_quote(tx, self._desk, known)
                tx.forget_quote(asked.key)
            return QuoteAnswer(asked.key, refused=CANCELLED)
        now = tx.now()
        shown = self._shown(tx, asked, now)
        fingerprint = _fingerprint(asked, shown)
        before = Plan.load(known.plan).unheld if known is not None else ()
        if known is not None:
            # A code that could not be checked may have arrived since: then the same question has a better answer.
            is_same = known.fingerprint == fingerprint and not before
            if known.is_open and is_same and now < known.ends_at:
                return replace(_answer_in(known), valid_s=int((known.ends_at - now).total_seconds()))
            end_quote(tx, self._desk, known)
        terms = tx.terms()
        if terms is None:
            return QuoteAnswer(asked.key, refused=NO_PROGRAMME)
        answer, plan = self._priced(tx, asked, shown, terms)
        for medium in plan.unheld:
            if medium not in before:
                tx.record(CodeScannedV1(scanner=asked.till, symbology=TYPED, medium=medium))
        tx.keep_quote(
            QuoteRow(
                key=asked.key,
                fingerprint=fingerprint,
                till=asked.till,
                member=shown.member,
                medium=shown.medium,
                price_minor=answer.price_minor,
                ends_at=now + self._shop.windows.quote,
                is_open=True,
                sale=None,
                answer=orjson.dumps(asdict(answer)).decode(),
                plan=plan.dump(),
            )
        )
        return answer

    def _shown(self, tx: Transaction, asked: QuoteAsked, now: datetime) -> _Shown:
        counter = self._shop.counters.of_till(asked.till)
        visit = tx.visit_at(counter, now - self._shop.windows.visit)
        if asked.card is not None:
            medium: str | None = medium_id("card", asked.card.number, key=self._shop.medium_key)
        else:
            medium = visit.medium if visit else None
        entry = tx.member_of(medium) if medium else None
        if entry is None:
            return _Shown(medium, None, is_strong=False)
        is_strong = visit is not None and visit.is_strong and visit.member == entry.member
        return _Shown(medium, entry.member, is_strong or self._is_proven(counter, entry.member))

    def _priced(self, tx: Transaction, asked: QuoteAsked, shown: _Shown, terms: Terms) -> tuple[QuoteAnswer, Plan]:
        """Price the basket; what cannot be held after all is left out and the rest priced again."""
        on = self._shop.day(tx.now())
        entry = tx.member(shown.member) if shown.member else None
        customer = customer_of(tx, terms, entry, on=on) if entry else None
        asking = Asking(
            seen=asked,
            basket=basket_of(asked, self._shop.store),
            on=on,
            customer=customer,
            usable=tx.usable(entry.member, on=on) if entry else None,
            coupons=coupons_here(tx, asked, shown.member, on=on, key=self._shop.medium_key),
        )
        while True:
            quote = price(terms, asking.question())
            plan = _plan(asking, quote)
            refused = self._unproven(plan, shown) or self._hold(tx, asked.key, shown.member, plan)
            if refused is None:
                break
            asking = _without(asking, refused)
        answer = QuoteAnswer(
            key=asked.key,
            full_minor=quote.full_minor,
            price_minor=quote.price_minor,
            line_prices=quote.line_prices,
            steps=steps_of(terms, quote),
            declined=(*too_early(asked, terms, customer, on=on), *asking.declined(quote)),
            points=quote.points,
            earns=self._earns(tx, terms, asking, plan) if customer else 0,
            is_member=customer is not None,
            balance=asking.usable.balance if asking.usable else None,
            usable_points=asking.usable.points if asking.usable else None,
            valid_s=int(self._shop.windows.quote.total_seconds()),
        )
        return answer, plan

    def _unproven(self, plan: Plan, shown: _Shown) -> QuoteDeclined | None:
        if plan.points <= self._shop.pin_above_points or plan.points == 0 or shown.is_strong:
            return None
        return QuoteDeclined(POINTS, PIN_NEEDED)

    def _hold(self, tx: Transaction, key: str, member: str | None, plan: Plan) -> QuoteDeclined | None:
        """Reserve all of a plan, or nothing: then what could not be reserved, and why."""
        wanted = [(coupon.member, coupon.currency, 1, coupon.coupon) for coupon in plan.coupons]
        if plan.points and member is not None:
            wanted.append((member, POINTS, plan.points, POINTS))
        held: list[tuple[str, str]] = []
        for owner, currency, points, source in wanted:
            refusal = self._desk.reserve(tx, owner, key, points, currency)
            if refusal is not None:
                for reserved in held:
                    self._desk.release(tx, reserved[0], key, reserved[1])
                return QuoteDeclined(source, refusal.value)
            held.append((owner, currency))
        return None

    def _earns(self, tx: Transaction, terms: Terms, asking: Asking, plan: Plan) -> int:
        """Points that the sale will earn at this price."""
        customer = asking.customer
        assert customer is not None  # noqa: S101  asked for members only
        total = sum(line.amount_minor for line in plan.lines)
        member = customer.entry.member
        occasion = occasion_of(
            terms,
            customer,
            store=self._shop.store,
            total_minor=total,
            earned_today=tx.earned_on(member, asking.on),
        )
        purchase = Purchase(EventId("quote"), self._shop.store, SaleId("quote"), asking.seen.currency, total)
        decision = decide_sale(member, terms, purchase, plan.lines, occasion)
        return decision.points + decision.pending if isinstance(decision, Granted) else 0


def end_quote(tx: Transaction, desk: RightsDesk, quote: QuoteRow) -> None:
    """Release what a quote still holds; it is kept, so that its sale can be known again."""
    if quote.is_open:
        plan = Plan.load(quote.plan)
        for coupon in plan.coupons:
            desk.release(tx, coupon.member, quote.key, coupon.currency)
        if plan.points and quote.member is not None:
            desk.release(tx, quote.member, quote.key)
    tx.keep_quote(replace(quote, is_open=False))


def _plan(asking: Asking, quote: Quote) -> Plan:
    coupons = tuple(
        PlannedCoupon(entry.instance, entry.coupon, entry.member, step.discount_minor)
        for step in quote.steps
        if (entry := asking.coupons.usable.get(step.source)) is not None and step.layer in COUPON_LAYERS
    )
    lines = tuple(
        replace(line, amount_minor=paid) for line, paid in zip(asking.basket.lines, quote.line_prices, strict=True)
    )
    saved = sum(step.discount_minor for step in quote.steps if step.points)
    return Plan(asking.seen.currency, quote.points, saved, coupons, lines, asking.coupons.unheld)


def _without(asking: Asking, refused: QuoteDeclined) -> Asking:
    """The same question without what could not be held."""
    coupons = asking.coupons
    declined = (*coupons.declined, refused)
    if refused.source == POINTS:
        seen = replace(asking.seen, points=0, reward=None)
        return replace(asking, seen=seen, coupons=replace(coupons, declined=declined))
    rest = {key: entry for key, entry in coupons.usable.items() if key != refused.source}
    return replace(asking, coupons=replace(coupons, usable=rest, declined=declined))


def _answer_in(quote: QuoteRow) -> QuoteAnswer:
    told = orjson.loads(quote.answer)
    lists = {
        "line_prices": tuple(told["line_prices"]),
        "steps": tuple(QuoteStep(**step) for step in told["steps"]),
        "declined": tuple(QuoteDeclined(**one) for one in told["declined"]),
    }
    return QuoteAnswer(**{**told, **lists})


def _fingerprint(asked: QuoteAsked, shown: _Shown) -> str:
    """What makes two questions the same: all that was asked, and who asked. Codes are hashed with the rest."""
    told = {
        "till": asked.till,
        "currency": asked.currency,
        "lines": [asdict(line) for line in asked.lines],
        "on_sale_from": asked.on_sale_from,
        "points": asked.points,
        "reward": asked.reward,
        "codes": asked.codes,
        "medium": shown.medium,
        "member": shown.member,
        "is_strong": shown.is_strong,
    }
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
