"""Stations 3 to 5 for each kind of fact: identify, ask ``loyalty.decide``, write down what came of it.

Everything here runs inside one journal transaction and is repeatable: windows are counted from
the fact's own time, so a fact decided again after a crash is decided the same way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import orjson

from cloud_bridge.contract import (
    CardTappedV1,
    ChoiceMadeV1,
    CodeScannedV1,
    DecisionDeferredV1,
    DecisionRefusedV1,
    PointsPostedV1,
    PostingV1,
    SaleCompletedV1,
)
from devices.observations import SaleCompleted, SaleReceipt, SaleStatus
from edge_agent.counters import Counters
from edge_agent.journal import Deferred, Reader, Recorded, SaleRow, Transaction, Visit
from edge_agent.outcomes import (
    Claimable,
    MediumUnknown,
    MemberSeen,
    NothingToShow,
    Outcome,
    SaleDecided,
    SaleWaits,
    Standing,
    VisitEnded,
)
from edge_agent.translate import translate
from loyalty.decide import Decision, Granted, Refused, decide_purchase, decide_refund
from loyalty.events import Purchase, PurchaseStanding, Refund
from loyalty.identifiers import EventId, MemberId, SaleId, StoreId
from loyalty.programme import Programme

AWAITS_LINK = "link"
AWAITS_SALE = "sale"
AWAITS_PROGRAMME = "programme"
SETTLE_MAX = 1_000
"""Deferred facts decided for one link or sale; more than one person ever leaves behind."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How long a tap waits for its sale, and a sale for its tap."""

    visit: timedelta = timedelta(seconds=300)
    claim: timedelta = timedelta(seconds=120)


class Decisions:
    """Decides facts for one store."""

    def __init__(self, store: StoreId, counters: Counters, windows: Windows, *, medium_key: bytes) -> None:
        self._store = store
        self._counters = counters
        self._windows = windows
        self._medium_key = medium_key

    def decide(self, tx: Transaction, recorded: Recorded) -> Outcome:
        """Decide one recorded fact and write down all that follows from it."""
        match recorded.data:
            case CardTappedV1(reader=reader, medium=medium):
                return self._shown(tx, recorded, self._counters.of_device(reader), medium)
            case CodeScannedV1(scanner=scanner, medium=str(medium)):
                return self._shown(tx, recorded, self._counters.of_device(scanner), medium)
            case SaleCompletedV1() as sale if sale.refund_of is None and sale.total_minor >= 0:
                return self._sold(tx, recorded, sale)
            case SaleCompletedV1() as refund:
                return self._gave_back(tx, recorded, refund)
            case ChoiceMadeV1(choice="claim") as choice:
                return self._claimed(tx, recorded, choice)
            case ChoiceMadeV1(choice="done") as choice:
                return self._left(tx, recorded, choice)
            case _:
                return NothingToShow()

    def repeated(self, reader: Reader, seen: SaleCompleted) -> SaleReceipt | None:
        """The answer to a sale whose number is taken; ``None`` for a new one."""
        known = reader.sale(seen.sale_id)
        if known is None:
            return None
        fact = translate("", seen, key=self._medium_key)
        assert isinstance(fact, SaleCompletedV1)  # noqa: S101  translate() maps type to type
        if known.fingerprint != fingerprint(fact):
            return SaleReceipt(seen.sale_id, SaleStatus.CONFLICT)
        balance = reader.balance(known.member) if known.member else None
        points = known.points if balance else None
        return SaleReceipt(seen.sale_id, SaleStatus.DUPLICATE, points, balance.points if balance else None)

    def settle(self, tx: Transaction, awaits: str, key: str) -> int:
        """Decide what waited for ``key`` to arrive; returns how many facts were decided."""
        waiting = tx.deferred_for(awaits, key)[:SETTLE_MAX]
        for fact in waiting:
            tx.settle_deferred(fact.event_id)
            self.decide(tx, fact)
        return len(waiting)

    # ── taps and codes ────────────────────────────────────────────────────────────────────────

    def _shown(self, tx: Transaction, recorded: Recorded, counter: str, medium: str) -> Outcome:
        entry = tx.member_of(medium)
        tx.open_visit(Visit(counter=counter, medium=medium, member=entry.member if entry else None, at=recorded.at))
        if entry is None:
            return MediumUnknown(counter)
        return MemberSeen(counter, self._standing(tx, entry.member), self._claimable(tx, recorded, counter))

    def _claimable(self, tx: Transaction, recorded: Recorded, counter: str) -> Claimable | None:
        till = self._counters.till_at(counter)
        sale = tx.unclaimed_sale(till, recorded.at - self._windows.claim) if till else None
        if sale is None or sale.total_minor - sale.refunded_minor <= 0:
            return None
        return Claimable(sale.sale, sale.total_minor - sale.refunded_minor, sale.currency)

    def _left(self, tx: Transaction, recorded: Recorded, choice: ChoiceMadeV1) -> Outcome:
        counter = self._counters.of_kiosk(choice.kiosk)
        visit = tx.take_visit(counter, recorded.at - self._windows.visit)
        member = tx.member(MemberId(visit.member)) if visit and visit.member else None
        return VisitEnded(counter, member.name if member else None, (member.language or None) if member else None)

    # ── sales ─────────────────────────────────────────────────────────────────────────────────

    def _sold(self, tx: Transaction, recorded: Recorded, sale: SaleCompletedV1) -> Outcome:
        counter = self._counters.of_till(sale.till)
        if tx.sale(sale.sale) is None:
            medium = sale.medium or self._visiting_medium(tx, recorded, counter)
            tx.keep_sale(_row(recorded, sale, medium))
        outcome = self._attribute(tx, recorded, sale.sale)
        self.settle(tx, AWAITS_SALE, sale.sale)
        return outcome

    def _visiting_medium(self, tx: Transaction, recorded: Recorded, counter: str) -> str | None:
        visit = tx.take_visit(counter, recorded.at - self._windows.visit)
        return visit.medium if visit else None

    def _attribute(self, tx: Transaction, recorded: Recorded, sale_id: str) -> Outcome:
        """Give a kept sale to the member whose medium it carries, or say what it waits for."""
        sale = _kept(tx, sale_id)
        counter = self._counters.of_till(sale.till)
        if sale.medium is None:
            return SaleWaits(counter, "claim")
        entry = tx.member_of(sale.medium)
        programme = tx.programme()
        if entry is None:
            return self._defer(tx, recorded, sale, awaits=AWAITS_LINK, key=sale.medium)
        if programme is None:
            return self._defer(tx, recorded, sale, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        tx.attribute_sale(sale.sale, entry.member, sale.medium)
        net = sale.total_minor - sale.refunded_minor
        purchase = Purchase(EventId(recorded.event_id), self._store, SaleId(sale.sale), sale.currency, net)
        return self._commit(tx, recorded, sale, decide_purchase(entry.member, programme, purchase))

    def _claimed(self, tx: Transaction, recorded: Recorded, choice: ChoiceMadeV1) -> Outcome:
        """A member says that the sale just paid was theirs: it must be unclaimed, recent, and of this counter."""
        counter = self._counters.of_kiosk(choice.kiosk)
        sale = tx.sale(choice.subject)
        since = recorded.at - self._windows.claim - self._windows.visit
        if sale is None or sale.medium or self._counters.of_till(sale.till) != counter or sale.at < since:
            return NothingToShow()
        visit = tx.take_visit(counter, recorded.at - self._windows.visit)
        if visit is None:
            return NothingToShow()
        tx.attribute_sale(sale.sale, None, visit.medium)
        return self._attribute(tx, recorded, sale.sale)

    def _gave_back(self, tx: Transaction, recorded: Recorded, refund: SaleCompletedV1) -> Outcome:
        if tx.sale(refund.sale) is None:
            tx.keep_sale(_row(recorded, refund, refund.medium))
        kept = _kept(tx, refund.sale)
        original = tx.sale(refund.refund_of) if refund.refund_of else None
        if refund.refund_of and original is None:
            return self._defer(tx, recorded, kept, awaits=AWAITS_SALE, key=refund.refund_of)
        programme = tx.programme()
        if programme is None:
            return self._defer(tx, recorded, kept, awaits=AWAITS_PROGRAMME, key=AWAITS_PROGRAMME)
        decision = self._decide_refund(recorded, refund, original, programme)
        if original is None:
            return self._commit(tx, recorded, kept, decision)
        outcome = self._commit(tx, recorded, original, decision)
        tx.add_refund(original.sale, -refund.total_minor)
        return outcome

    def _decide_refund(
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
            EventId(recorded.event_id), self._store, SaleId(refund.sale), refund.currency, -refund.total_minor
        )
        return decide_refund(standing, programme, asked)

    # ── writing down ──────────────────────────────────────────────────────────────────────────

    def _commit(self, tx: Transaction, recorded: Recorded, sale: SaleRow, decision: Decision) -> Outcome:
        """Station 5: the decision as an event, its postings, and what it changes about the sale."""
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

    def _decided(self, tx: Transaction, recorded: Recorded, sale: SaleRow, decision: Decision) -> Outcome:
        fact = recorded.data if isinstance(recorded.data, SaleCompletedV1) else None
        assert decision.member is not None  # noqa: S101  the caller has matched it
        return SaleDecided(
            counter=self._counters.of_till(fact.till if fact else sale.till),
            standing=self._standing(tx, decision.member),
            points=decision.points if isinstance(decision, Granted) else 0,
            total_minor=fact.total_minor if fact else sale.total_minor,
            currency=sale.currency,
            refused=decision.reason if isinstance(decision, Refused) else None,
        )

    def _defer(self, tx: Transaction, recorded: Recorded, sale: SaleRow, *, awaits: str, key: str) -> Outcome:
        """Keep the sale's own fact until ``key`` arrives, also when a claim of it is what could not be decided."""
        medium = key if awaits == AWAITS_LINK else None
        deferred = DecisionDeferredV1(cause=sale.event_id, awaits=awaits, medium=medium, sale=sale.sale)
        tx.record(deferred, traceparent=recorded.traceparent)
        tx.defer(Deferred(event_id=sale.event_id, awaits=awaits, key=key))
        return SaleWaits(self._counters.of_till(sale.till), awaits)

    def _standing(self, reader: Reader, member: MemberId) -> Standing:
        entry = reader.member(member)
        balance = reader.balance(member)
        if entry is None or balance is None or balance.as_of is None:
            raise LookupError("the replica names a medium of a member it does not hold")
        return Standing(member, entry.name, entry.language, balance.points, balance.as_of)


def fingerprint(sale: SaleCompletedV1) -> str:
    """What makes two receipts the same: all the till said of them."""
    return hashlib.sha256(orjson.dumps(sale.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _row(recorded: Recorded, sale: SaleCompletedV1, medium: str | None) -> SaleRow:
    return SaleRow(
        sale=sale.sale,
        till=sale.till,
        currency=sale.currency,
        total_minor=sale.total_minor,
        refunded_minor=0,
        points=0,
        member=None,
        medium=medium,
        refund_of=sale.refund_of,
        fingerprint=fingerprint(sale),
        event_id=recorded.event_id,
        at=recorded.at,
    )


def _kept(tx: Transaction, sale_id: str) -> SaleRow:
    sale = tx.sale(sale_id)
    if sale is None:
        raise LookupError("a sale that was just kept is not in the books")
    return sale
