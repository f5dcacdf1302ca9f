"""A receipt was paid: whose it is, and what it earns."""

from __future__ import annotations

from cloud_bridge.contract import ChoiceMadeV1, SaleCompletedV1
from edge_agent.decisions.committing import Committing
from edge_agent.decisions.receipts import kept, row_of
from edge_agent.decisions.shop import AWAITS_LINK, AWAITS_PROGRAMME, Shop
from edge_agent.journal import Recorded, Transaction
from edge_agent.outcomes import NothingToShow, Outcome, SaleWaits
from loyalty.decide import decide_purchase
from loyalty.events import Purchase
from loyalty.identifiers import EventId, SaleId


class Sales:
    """Decides paid receipts, and claims of them."""

    def __init__(self, shop: Shop, committing: Committing) -> None:
        self._shop = shop
        self._committing = committing

    def sold(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1) -> Outcome:
        """A till closed a receipt."""
        counter = self._shop.counters.of_till(sale.till)
        if tx.sale(sale.sale) is None:
            medium = sale.medium or self._visiting_medium(tx, recorded, counter)
            tx.keep_sale(row_of(recorded, sale, medium))
        return self._attribute(tx, recorded, sale.sale)

    def claimed(self, tx: Transaction, recorded: Recorded, choice: ChoiceMadeV1) -> Outcome:
        """A member says that the sale just paid was theirs: it must be unclaimed, recent, and of this counter."""
        counter = self._shop.counters.of_kiosk(choice.kiosk)
        windows = self._shop.windows
        sale = tx.sale(choice.subject)
        since = recorded.at - windows.claim - windows.visit
        if sale is None or sale.medium or self._shop.counters.of_till(sale.till) != counter or sale.at < since:
            return NothingToShow()
        visit = tx.take_visit(counter, recorded.at - windows.visit)
        if visit is None:
            return NothingToShow()
        tx.attribute_sale(sale.sale, None, visit.medium)
        return self._attribute(tx, recorded, sale.sale)

    def _visiting_medium(self, tx: Transaction, recorded: Recorded, counter: str) -> str | None:
        visit = tx.take_visit(counter, recorded.at - self._shop.windows.visit)
        return visit.medium if visit else None

    def _attribute(self, tx: Transaction, recorded: Recorded, sale_id: str) -> Outcome:
        """Give a kept sale to the member whose medium it carries, or say what it waits for."""
        sale = kept(tx, sale_id)
        if sale.medium is None:
            return SaleWaits(self._shop.counters.of_till(sale.till), "claim")
        entry = tx.member_of(sale.medium)
        programme = tx.programme()
        if entry is None:
            return self._committing.defer(tx, recorded, sale, awaits=AWAITS_LINK, key=sale.medium)
        if programme is None:
            return self._committing.defer(tx, recorded, sale, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        tx.attribute_sale(sale.sale, entry.member, sale.medium)
        net = sale.total_minor - sale.refunded_minor
        purchase = Purchase(EventId(recorded.event_id), self._shop.store, SaleId(sale.sale), sale.currency, net)
        return self._committing.commit(tx, recorded, sale, decide_purchase(entry.member, programme, purchase))
