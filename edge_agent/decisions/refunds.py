"""Goods were given back: what of the points goes back with them."""

from __future__ import annotations

from cloud_bridge.contract import SaleCompletedV1
from edge_agent.decisions.committing import Committing
from edge_agent.decisions.receipts import kept, row_of
from edge_agent.decisions.shop import AWAITS_PROGRAMME, AWAITS_SALE, Shop
from edge_agent.journal import Recorded, SaleRow, Transaction
from edge_agent.outcomes import Outcome
from loyalty.decide import Decision, decide_refund
from loyalty.events import PurchaseStanding, Refund
from loyalty.identifiers import EventId, SaleId
from loyalty.programme import Programme


class Refunds:
    """Decides receipts that give money back."""

    def __init__(self, shop: Shop, committing: Committing) -> None:
        self._shop = shop
        self._committing = committing

    def gave_back(self, tx: Transaction, recorded: Recorded, refund: SaleCompletedV1) -> Outcome:
        """A till gave money back."""
        if tx.sale(refund.sale) is None:
            tx.keep_sale(row_of(recorded, refund, refund.medium))
        known = kept(tx, refund.sale)
        original = tx.sale(refund.refund_of) if refund.refund_of else None
        if refund.refund_of and original is None:
            return self._committing.defer(tx, recorded, known, awaits=AWAITS_SALE, key=refund.refund_of)
        programme = tx.programme()
        if programme is None:
            return self._committing.defer(tx, recorded, known, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        decision = self._decide(recorded, refund, original, programme)
        if original is None:
            return self._committing.commit(tx, recorded, known, decision)
        outcome = self._committing.commit(tx, recorded, original, decision)
        tx.add_refund(original.sale, -refund.total_minor)
        return outcome

    def _decide(
        self, recorded: Recorded, refund: SaleCompletedV1, original: SaleRow | None, programme: Programme
    ) -> Decision:
        standing = None
        if original is not None:
            standing = PurchaseStanding(
                member=original.member,
                total_minor=original.total_minor,
                refunded_minor=original.refunded_minor,
                points=original.points,
            )
        asked = Refund(
            EventId(recorded.event_id), self._shop.store, SaleId(refund.sale), refund.currency, -refund.total_minor
        )
        return decide_refund(standing, programme, asked)
