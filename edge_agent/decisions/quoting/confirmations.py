"""A sale names the quote it was priced by: what the quote held is redeemed in the sale's own transaction, or nothing.

A sale is never refused for its quote. Where what was promised cannot be kept, not a point and not a coupon of it
is used, and the receipt says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cloud_bridge.contract import CouponUsedV1, SaleCompletedV1
from edge_agent.decisions.committing import Committing, Ground
from edge_agent.decisions.quoting.plans import Plan, PlannedCoupon
from edge_agent.decisions.quoting.quotes import ALREADY_USED, end_quote
from edge_agent.decisions.shop import Shop
from edge_agent.journal import QuoteRow, Recorded, Transaction
from edge_agent.rights.desk import RightsDesk
from loyalty.decide import decide_redemption
from loyalty.events import Line, Purchase
from loyalty.identifiers import EventId, MemberId, SaleId, posting_id
from loyalty.rights.movements import Refusal

UNKNOWN_QUOTE = "unknown_quote"
PRICE_DIFFERS = "price_differs"
OTHER_MEMBER = "other_member"
COUPON_GONE = "coupon_gone"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What came of a sale's quote. ``member`` is set where it redeemed for one; ``refused`` is a key."""

    member: MemberId | None = None
    medium: str | None = None
    redeemed: int = 0
    saved_minor: int = 0
    lines: tuple[Line, ...] = ()
    refused: str = ""


class _NotKept(Exception):
    """Something the quote promised is gone; the savepoint undoes the rest."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Confirmations:
    """Redeems what quotes promised."""

    def __init__(self, shop: Shop, committing: Committing, desk: RightsDesk) -> None:
        self._shop = shop
        self._committing = committing
        self._desk = desk

    def confirm(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1) -> Confirmation:
        """Redeem what the quote of a sale promised: all of it or nothing. Its reservations end either way."""
        quote = tx.quote(sale.quote or "")
        if quote is None:
            return Confirmation(refused=UNKNOWN_QUOTE)
        if quote.sale is not None:
            return Confirmation(refused=ALREADY_USED)
        plan = Plan.load(quote.plan)
        refused = _objection(tx, quote, plan, sale)
        if not refused:
            try:
                with tx.savepoint():
                    self._redeem(tx, recorded, sale, _Promise(quote, plan))
            except _NotKept as gone:
                refused = gone.why
        end_quote(tx, self._desk, replace(quote, sale=sale.sale))
        medium = None if refused == OTHER_MEMBER else quote.medium
        if refused:
            return Confirmation(medium=medium, refused=refused)
        member = MemberId(quote.member) if quote.member else None
        return Confirmation(member, medium, plan.points, plan.saved_minor, plan.lines)

    def _redeem(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1, promise: _Promise) -> None:
        if promise.plan.points:
            self._redeem_points(tx, recorded, sale, promise)
        for coupon in promise.plan.coupons:
            self._use(tx, recorded, sale, promise.quote, coupon)

    def _redeem_points(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1, promise: _Promise) -> None:
        quote, points = promise.quote, promise.plan.points
        member = MemberId(quote.member or "")
        if tx.wallet(member).reserved.get(quote.key) != points:
            usable = tx.usable(member, on=self._shop.day(recorded.at))
            if usable is None or (usable.points < points and not usable.is_frozen):
                raise _NotKept(Refusal.NOT_ENOUGH_RIGHTS.value)
        purchase = Purchase(
            EventId(recorded.event_id), self._shop.store, SaleId(sale.sale), sale.currency, sale.total_minor
        )
        decision = decide_redemption(member, purchase, points)
        movement = decision.postings[0].posting_id
        lease = self._desk.redeem(tx, member, movement, points, sale=sale.sale, session=quote.key)
        if isinstance(lease, Refusal):
            raise _NotKept(lease.value)
        self._committing.post(tx, recorded, decision, Ground(sale.sale, recorded.at, leases={movement: lease}))

    def _use(
        self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1, quote: QuoteRow, planned: PlannedCoupon
    ) -> None:
        entry = tx.coupon(planned.instance)
        if entry is None or entry.is_used:
            raise _NotKept(COUPON_GONE)
        use = posting_id("coupon-use", planned.instance, self._shop.store, sale.sale)
        moved = self._desk.use_coupon(tx, planned, use, sale=sale.sale, session=quote.key)
        if isinstance(moved, Refusal):
            raise _NotKept(moved.value)
        tx.keep_coupon(replace(entry, is_used=True))
        used = CouponUsedV1(
            cause=recorded.event_id,
            instance=planned.instance,
            coupon=planned.coupon,
            member=quote.member,
            sale=sale.sale,
            discount_minor=planned.discount_minor,
        )
        tx.record(used, traceparent=recorded.traceparent)


@dataclass(frozen=True, slots=True)
class _Promise:
    quote: QuoteRow
    plan: Plan


def _objection(tx: Transaction, quote: QuoteRow, plan: Plan, sale: SaleCompletedV1) -> str:
    """Why a sale is not the one that was priced; empty where it is."""
    if sale.total_minor != quote.price_minor or sale.currency != plan.currency:
        return PRICE_DIFFERS
    if sale.medium is not None and quote.member is not None:
        entry = tx.member_of(sale.medium)
        if entry is None or entry.member != quote.member:
            return OTHER_MEMBER
    if quote.member is not None and tx.member(quote.member) is None:
        return OTHER_MEMBER
    return ""
