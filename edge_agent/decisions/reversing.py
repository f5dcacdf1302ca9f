"""What a refund of this store's own sale moves: by the sale's own book, nothing is asked of the cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.decisions.committing import Committing, Ground
from edge_agent.decisions.receipts import book_of, kept
from edge_agent.decisions.shop import Shop
from edge_agent.journal import POINTS, Recorded, SaleBook, Transaction
from edge_agent.rights.desk import RightsDesk
from loyalty.decide import Reason, Refused, decide_own_refund
from loyalty.events import OwnSale, Refund
from loyalty.identifiers import EventId, SaleId, posting_id
from loyalty.ledger import Rule
from loyalty.rights.movements import Refusal
from loyalty.terms.document import Terms

SETTLED_LATER = "settled_by_head_office"
"""Redeemed points that cannot be restored here: the cloud sees to it."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """What a refund did: points taken back and restored, and why if neither."""

    taken_back: int = 0
    restored: int = 0
    reason: Reason | None = None
    refused: str = ""


class Reversing:
    """Takes back and restores, within the transaction of a refund or of the sale that it came before."""

    def __init__(self, shop: Shop, committing: Committing, desk: RightsDesk) -> None:
        self._shop = shop
        self._committing = committing
        self._desk = desk

    def reverse(
        self, tx: Transaction, recorded: Recorded, sale_id: str, refund_book: SaleBook, terms: Terms
    ) -> Reversed:
        """Settle one refund with its sale. What refunds before it gave back is in the books of those."""
        sale = kept(tx, sale_id)
        book = book_of(tx, self._shop, sale)
        refund = kept(tx, refund_book.sale)
        asked = Refund(
            EventId(recorded.event_id), self._shop.store, SaleId(refund.sale), refund.currency, -refund.total_minor
        )
        standing = OwnSale(
            member=sale.member,
            total_minor=sale.total_minor,
            refunded_minor=self._refunded_before(tx, sale_id, refund_book),
            earned=book.earned,
            taken_back=book.taken_back,
            pending=sum(row.points for row in tx.pending_of_sale(sale_id)),
            redeemed=book.redeemed,
            restored=book.restored,
        )
        decision = decide_own_refund(terms, standing, asked)
        if isinstance(decision, Refused):
            self._committing.refuse(tx, recorded, sale, decision)
            done = Reversed(reason=decision.reason)
        else:
            redemption = tx.redemption_of_sale(sale_id)
            ground = Ground(sale_id, book.sold_at, redemption.redemption.movement_id if redemption else None)
            posted = self._committing.post(tx, recorded, decision, ground)
            restored = sum(p.points for p in posted.postings if p.rule is Rule.RESTORE)
            taken_back = sum(p.points for p in posted.postings if p.rule is Rule.REFUND)
            wanted = any(p.rule is Rule.RESTORE for p in decision.postings)
            refused = SETTLED_LATER if wanted and not restored else ""
            _shorten_waiting(tx, sale_id, -decision.pending)
            tx.keep_book(replace(book, taken_back=book.taken_back + taken_back, restored=book.restored + restored))
            tx.add_points(sale_id, -taken_back)
            done = Reversed(taken_back, restored, refused=refused)
        if standing.refunded_minor - refund.total_minor >= sale.total_minor:
            self._give_coupons_back(tx, sale_id)
        told = replace(refund_book, taken_back=done.taken_back, restored=done.restored, refused=done.refused)
        tx.keep_book(replace(told, member=sale.member))
        return done

    def _refunded_before(self, tx: Transaction, sale_id: str, refund_book: SaleBook) -> int:
        """What of the sale earlier refunds gave back, in the order in which they were told."""
        refunded = 0
        for earlier in tx.refunds_of(sale_id):
            if earlier.sale == refund_book.sale:
                break
            refunded -= kept(tx, earlier.sale).total_minor
        return refunded

    def _give_coupons_back(self, tx: Transaction, sale_id: str) -> None:
        """A sale that is given back whole has used no coupon."""
        for use in tx.redemptions_of_sale(sale_id):
            if use.currency == POINTS or use.redemption.restored:
                continue
            use_id = use.redemption.movement_id
            moved = self._desk.restore_coupon(tx, use_id, posting_id("coupon-restore", use_id))
            coupon = tx.coupon(use.currency.removeprefix("coupon/"))
            if coupon is not None and not isinstance(moved, Refusal):
                tx.keep_coupon(replace(coupon, is_used=False))


def _shorten_waiting(tx: Transaction, sale_id: str, points: int) -> None:
    """Take points off what waits of a sale, in the order of the accruals' names."""
    for row in tx.pending_of_sale(sale_id):
        part = min(points, row.points)
        points -= part
        tx.keep_pending(replace(row, points=row.points - part))
