"""A receipt was paid: what its quote redeems, whose it is, and what it earns."""

from __future__ import annotations

from dataclasses import replace

from cloud_bridge.contract import ChoiceMadeV1, SaleCompletedV1
from edge_agent.decisions.committing import Committing
from edge_agent.decisions.earning import Earning
from edge_agent.decisions.quoting.confirmations import Confirmation, Confirmations
from edge_agent.decisions.receipts import book_of, count_articles, kept, new_book, row_of
from edge_agent.decisions.shop import AWAITS_LINK, AWAITS_PROGRAMME, Shop
from edge_agent.journal import Recorded, Transaction
from edge_agent.outcomes import NothingToShow, Outcome, SaleWaits


class Sales:
    """Decides paid receipts, and claims of them."""

    def __init__(self, shop: Shop, committing: Committing, earning: Earning, confirmations: Confirmations) -> None:
        self._shop = shop
        self._committing = committing
        self._earning = earning
        self._confirmations = confirmations

    def sold(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1) -> Outcome:
        """A till closed a receipt."""
        if tx.sale(sale.sale) is None:
            confirmed = self._confirmations.confirm(tx, recorded, sale) if sale.quote else Confirmation()
            medium = self._medium(tx, recorded, sale, confirmed)
            tx.keep_sale(row_of(recorded, sale, medium))
            count_articles(tx, self._shop, sale)
            book = new_book(self._shop, recorded, sale)
            tx.keep_book(
                replace(
                    book,
                    member=confirmed.member,
                    lines=confirmed.lines or book.lines,
                    redeemed=confirmed.redeemed,
                    saved_minor=confirmed.saved_minor,
                    refused=confirmed.refused,
                )
            )
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

    def _medium(
        self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1, confirmed: Confirmation
    ) -> str | None:
        """By what the sale is known to be somebody's: a card the till read, the quote, or the visit at its counter."""
        counter, since = self._shop.counters.of_till(sale.till), recorded.at - self._shop.windows.visit
        named = sale.medium or confirmed.medium
        visit = tx.visit_at(counter, since)
        # Whoever came after the basket was priced stays: their own sale is still to come.
        if visit is not None and (sale.medium or named in {None, visit.medium}):
            tx.take_visit(counter, since)
        return named or (visit.medium if visit else None)

    def _attribute(self, tx: Transaction, recorded: Recorded, sale_id: str) -> Outcome:
        """Give a kept sale to the member whose medium it carries, or say what it waits for."""
        sale = kept(tx, sale_id)
        book = book_of(tx, self._shop, sale)
        if sale.medium is None:
            return SaleWaits(self._shop.counters.of_till(sale.till), "claim")
        entry = tx.member(book.member) if book.member else tx.member_of(sale.medium)
        if entry is None:
            return self._committing.defer(tx, recorded, sale, awaits=AWAITS_LINK, key=sale.medium)
        if tx.terms() is None:
            return self._committing.defer(tx, recorded, sale, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        tx.attribute_sale(sale.sale, entry.member, sale.medium)
        return self._earning.earn(tx, recorded, kept(tx, sale_id), book, entry)
