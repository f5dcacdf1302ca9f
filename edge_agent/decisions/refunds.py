"""Goods were given back: what of the points goes back with them, and what only the cloud can settle."""

from __future__ import annotations

from dataclasses import replace

from cloud_bridge.contract import SaleCompletedV1
from edge_agent.decisions.committing import Committing, standing_of
from edge_agent.decisions.receipts import book_of, count_articles, kept, new_book, row_of
from edge_agent.decisions.reversing import Reversed, Reversing
from edge_agent.decisions.shop import AWAITS_HEAD_OFFICE, AWAITS_PROGRAMME, AWAITS_SALE, Shop
from edge_agent.journal import Recorded, SaleRow, Transaction
from edge_agent.outcomes import NothingToShow, Outcome, SaleDecided
from loyalty.decide import Reason, Refused


class Refunds:
    """Decides receipts that give money back."""

    def __init__(self, shop: Shop, committing: Committing, reversing: Reversing) -> None:
        self._shop = shop
        self._committing = committing
        self._reversing = reversing

    def gave_back(self, tx: Transaction, recorded: Recorded, refund: SaleCompletedV1) -> Outcome:
        """A till gave money back, for a sale of this store, of another one, or of none it can name."""
        if tx.sale(refund.sale) is None:
            tx.keep_sale(row_of(recorded, refund, refund.medium))
            count_articles(tx, self._shop, refund)
            tx.keep_book(new_book(self._shop, recorded, refund))
        known = kept(tx, refund.sale)
        if refund.refund_store not in {None, self._shop.store}:
            return self._committing.leave(tx, recorded, known, awaits=AWAITS_HEAD_OFFICE)
        original = tx.sale(refund.refund_of) if refund.refund_of else None
        if refund.refund_of and original is None:
            return self._committing.defer(tx, recorded, known, awaits=AWAITS_SALE, key=refund.refund_of)
        if original is None:
            self._committing.refuse(tx, recorded, known, Refused(None, Reason.ORIGINAL_UNNAMED))
            return NothingToShow()
        terms = tx.terms()
        if terms is None:
            return self._committing.defer(tx, recorded, known, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        book = replace(book_of(tx, self._shop, known), refund_of=original.sale)
        tx.keep_book(book)
        done = self._reversing.reverse(tx, recorded, original.sale, book, terms)
        tx.add_refund(original.sale, -refund.total_minor)
        return self._shown(tx, refund, original, done)

    def _shown(self, tx: Transaction, refund: SaleCompletedV1, original: SaleRow, done: Reversed) -> Outcome:
        if original.member is None:
            return NothingToShow()
        return SaleDecided(
            counter=self._shop.counters.of_till(refund.till),
            standing=standing_of(tx, original.member),
            points=-done.taken_back,
            total_minor=refund.total_minor,
            currency=original.currency,
            refused=done.reason,
            redeemed=-done.restored,
            quote_refused=done.refused,
        )
