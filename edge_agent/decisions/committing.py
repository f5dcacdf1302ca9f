"""Station 5: a decision as an event with its postings, and what it changes about the sale."""

from __future__ import annotations

from cloud_bridge.contract import DecisionDeferredV1, DecisionRefusedV1, PointsPostedV1, PostingV1, SaleCompletedV1
from edge_agent.decisions.shop import AWAITS_LINK, Shop
from edge_agent.journal import Deferred, Reader, Recorded, SaleRow, Transaction
from edge_agent.outcomes import NothingToShow, Outcome, SaleDecided, SaleWaits, Standing
from loyalty.decide import Decision, Granted, Refused
from loyalty.identifiers import MemberId


class Committing:
    """Writes decisions down."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def commit(self, tx: Transaction, recorded: Recorded, sale: SaleRow, decision: Decision) -> Outcome:
        """Write down what was decided about a sale."""
        match decision:
            case Granted(member=member, points=points, postings=postings):
                posted = tx.record(
                    PointsPostedV1(
                        cause=recorded.event_id,
                        member=member,
                        rule=postings[0].rule.value,
                        sale=sale.sale,
                        postings=tuple(
                            PostingV1(id=p.posting_id, debit=p.debit, credit=p.credit, points=p.points)
                            for p in postings
                        ),
                    ),
                    traceparent=recorded.traceparent,
                )
                tx.post(postings, posted)
                tx.add_points(sale.sale, points)
                return self._decided(tx, recorded, sale, decision)
            case Refused(member=maybe, reason=reason):
                refused = DecisionRefusedV1(cause=recorded.event_id, reason=reason.value, member=maybe, sale=sale.sale)
                tx.record(refused, traceparent=recorded.traceparent)
                return self._decided(tx, recorded, sale, decision) if maybe else NothingToShow()

    def defer(self, tx: Transaction, recorded: Recorded, sale: SaleRow, *, awaits: str, key: str) -> Outcome:
        """Keep the sale's own fact until ``key`` arrives, also when a claim of it is what could not be decided."""
        medium = key if awaits == AWAITS_LINK else None
        deferred = DecisionDeferredV1(cause=sale.event_id, awaits=awaits, medium=medium, sale=sale.sale)
        tx.record(deferred, traceparent=recorded.traceparent)
        tx.defer(Deferred(event_id=sale.event_id, awaits=awaits, key=key))
        return SaleWaits(self._shop.counters.of_till(sale.till), awaits)

    def _decided(self, tx: Transaction, recorded: Recorded, sale: SaleRow, decision: Decision) -> Outcome:
        fact = recorded.data if isinstance(recorded.data, SaleCompletedV1) else None
        assert decision.member is not None  # noqa: S101  the caller has matched it
        return SaleDecided(
            counter=self._shop.counters.of_till(fact.till if fact else sale.till),
            standing=standing_of(tx, decision.member),
            points=decision.points if isinstance(decision, Granted) else 0,
            total_minor=fact.total_minor if fact else sale.total_minor,
            currency=sale.currency,
            refused=decision.reason if isinstance(decision, Refused) else None,
        )


def standing_of(reader: Reader, member: MemberId) -> Standing:
    """Who a member is to this store, now."""
    entry = reader.member(member)
    balance = reader.balance(member)
    if entry is None or balance is None or balance.as_of is None:
        raise LookupError("the replica names a medium of a member it does not hold")
    return Standing(member, entry.name, entry.language, balance.points, balance.as_of)
