"""What a sale earns whoever it belongs to, and what refunds told before that take back again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from edge_agent.decisions.committing import Committing, Ground, standing_of
from edge_agent.decisions.customers import Customer, customer_of, occasion_of
from edge_agent.decisions.reversing import Reversing
from edge_agent.decisions.shop import Shop
from edge_agent.journal import MemberEntry, PendingRow, Recorded, SaleBook, SaleRow, Transaction
from edge_agent.outcomes import Outcome, SaleDecided
from loyalty.decide import Granted, Reason, Refused, decide_sale
from loyalty.events import Purchase
from loyalty.identifiers import EventId, SaleId
from loyalty.terms.document import Terms


@dataclass(frozen=True, slots=True)
class _Buying:
    """The terms, and the customer as they were before this sale."""

    terms: Terms
    customer: Customer


class Earning:
    """Credits sales that belong to somebody."""

    def __init__(self, shop: Shop, committing: Committing, reversing: Reversing) -> None:
        self._shop = shop
        self._committing = committing
        self._reversing = reversing

    def earn(self, tx: Transaction, recorded: Recorded, sale: SaleRow, book: SaleBook, entry: MemberEntry) -> Outcome:
        """Credit a sale to its member: the whole of it, then what was given back before takes its part again."""
        terms = tx.terms()
        assert terms is not None  # noqa: S101  the caller defers without a programme
        before = customer_of(tx, terms, entry, on=book.day, before=sale.sale)
        reason = self._credit(tx, recorded, sale, replace(book, member=entry.member), _Buying(terms, before))
        for refund in tx.refunds_of(sale.sale):
            self._reversing.reverse(tx, recorded, sale.sale, refund, terms)
        after = tx.sale_book(sale.sale) or book
        waiting = tx.pending_of_sale(sale.sale)
        tier = customer_of(tx, terms, entry, on=book.day).tier
        return SaleDecided(
            counter=self._shop.counters.of_till(sale.till),
            standing=standing_of(tx, entry.member),
            points=after.earned - after.taken_back,
            total_minor=sale.total_minor,
            currency=sale.currency,
            refused=reason,
            pending=sum(row.points for row in waiting),
            available_on=waiting[0].available_on if waiting else None,
            redeemed=after.redeemed,
            saved_minor=after.saved_minor,
            quote_refused=after.refused,
            tier_reached=tier.name if tier and tier != before.tier else None,
        )

    def _credit(
        self, tx: Transaction, recorded: Recorded, sale: SaleRow, book: SaleBook, buying: _Buying
    ) -> Reason | None:
        """Post what the whole sale earns; the reason where that is nothing."""
        terms, member = buying.terms, buying.customer.entry.member
        occasion = occasion_of(
            terms,
            buying.customer,
            store=self._shop.store,
            total_minor=sale.total_minor,
            earned_today=tx.earned_on(member, book.day),
        )
        event = EventId(recorded.event_id)
        purchase = Purchase(event, self._shop.store, SaleId(sale.sale), sale.currency, sale.total_minor)
        decision = decide_sale(member, terms, purchase, book.lines, occasion)
        if isinstance(decision, Refused):
            tx.keep_book(book)
            self._committing.refuse(tx, recorded, sale, decision)
            return decision.reason
        posted = self._committing.post(tx, recorded, decision, Ground(sale.sale, book.sold_at))
        earned = posted.points + posted.pending
        tx.keep_book(replace(book, earned=earned))
        tx.add_points(sale.sale, earned)
        if posted.pending:
            _keep_waiting(tx, book, posted, days=terms.lots.pending_days)
        return None


def _keep_waiting(tx: Transaction, book: SaleBook, posted: Granted, *, days: int) -> None:
    for posting in posted.postings:
        tx.keep_pending(
            PendingRow(
                posting=posting.posting_id,
                member=posted.member,
                sale=book.sale,
                points=posting.points,
                rule=posting.rule,
                available_on=book.day + timedelta(days=days),
                event_id=book.event_id,
                sold_at=book.sold_at,
            )
        )
