"""Station 5: a decision as an event with its postings and the rights that move with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from cloud_bridge.contract import DecisionDeferredV1, DecisionRefusedV1, PointsPostedV1, PostingV1
from edge_agent.decisions.shop import AWAITS_LINK, Shop
from edge_agent.journal import Deferred, Reader, Recorded, SaleRow, Transaction
from edge_agent.outcomes import Outcome, SaleWaits, Standing
from edge_agent.rights.desk import RightsDesk
from loyalty.decide import Granted, Refused
from loyalty.identifiers import MemberId, PostingId
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available
from loyalty.rights.movements import Incarnation, Refusal


@dataclass(frozen=True, slots=True)
class Ground:
    """What postings stand on: the sale (``None`` for an activity), when it was paid, what a restoration undoes."""

    sale: str | None
    sold_at: datetime
    redemption: str | None = None
    leases: dict[PostingId, Incarnation] = field(default_factory=dict)
    """Leases of postings whose rights have been moved already."""


class Because(Protocol):
    """What a decision was made about: a recorded fact, or an event that something follows from days later."""

    @property
    def event_id(self) -> str: ...

    @property
    def traceparent(self) -> str | None: ...


class Committing:
    """Writes decisions down."""

    def __init__(self, shop: Shop, desk: RightsDesk) -> None:
        self._shop = shop
        self._desk = desk

    def post(self, tx: Transaction, because: Because, granted: Granted, ground: Ground) -> Granted:
        """Move rights, then post. Returns what was posted: a restoration that cannot be made here is left out."""
        told: list[PostingV1] = []
        kept: list[Posting] = []
        for posting in granted.postings:
            lease = ground.leases.get(posting.posting_id) or self._move(tx, granted.member, posting, ground)
            if isinstance(lease, Refusal):
                continue
            kept.append(posting)
            told.append(
                PostingV1(
                    id=posting.posting_id,
                    debit=posting.debit,
                    credit=posting.credit,
                    points=posting.points,
                    rule=posting.rule.value,
                    lease=lease,
                    original=ground.redemption if posting.rule is Rule.RESTORE else None,
                )
            )
        if not kept:
            return replace(granted, points=0, pending=0, postings=())
        event = PointsPostedV1(
            cause=because.event_id,
            member=granted.member,
            rule=kept[0].rule.value,
            sale=ground.sale,
            postings=tuple(told),
        )
        tx.post(kept, tx.record(event, traceparent=because.traceparent))
        account = available(granted.member)
        return replace(granted, points=sum(p.effect_on(account) for p in kept), postings=tuple(kept))

    def refuse(self, tx: Transaction, recorded: Recorded, sale: SaleRow, refused: Refused) -> None:
        """Say why nothing moved."""
        told = DecisionRefusedV1(
            cause=recorded.event_id, reason=refused.reason.value, member=refused.member, sale=sale.sale
        )
        tx.record(told, traceparent=recorded.traceparent)

    def defer(self, tx: Transaction, recorded: Recorded, sale: SaleRow, *, awaits: str, key: str) -> Outcome:
        """Keep the sale's own fact until ``key`` arrives, also when a claim of it is what could not be decided."""
        outcome = self.leave(tx, recorded, sale, awaits=awaits, medium=key if awaits == AWAITS_LINK else None)
        tx.defer(Deferred(event_id=sale.event_id, awaits=awaits, key=key))
        return outcome

    def leave(
        self, tx: Transaction, recorded: Recorded, sale: SaleRow, *, awaits: str, medium: str | None = None
    ) -> Outcome:
        """Say what a sale waits for; what only the cloud can decide is never decided again here."""
        deferred = DecisionDeferredV1(cause=sale.event_id, awaits=awaits, medium=medium, sale=sale.sale)
        tx.record(deferred, traceparent=recorded.traceparent)
        return SaleWaits(self._shop.counters.of_till(sale.till), awaits)

    def _move(
        self, tx: Transaction, member: MemberId, posting: Posting, ground: Ground
    ) -> Incarnation | Refusal | None:
        """Move the rights that go with a posting. ``None``: it moves none here."""
        account = available(member)
        if posting.rule is Rule.RESTORE:
            if ground.redemption is None:
                return Refusal.MADE_ELSEWHERE
            return self._desk.restore(tx, ground.redemption, posting.posting_id, posting.points)
        if posting.credit == account:
            return self._desk.earn(tx, member, posting.posting_id, posting.points, sold_at=ground.sold_at)
        if posting.debit == account and posting.credit == PROGRAMME_ISSUED:
            return self._desk.unearn(tx, member, posting.posting_id, posting.points, sold_at=ground.sold_at)
        return None


def standing_of(reader: Reader, member: MemberId) -> Standing:
    """Who a member is to this store, now."""
    entry = reader.member(member)
    balance = reader.balance(member)
    if entry is None or balance is None or balance.as_of is None:
        raise LookupError("the replica names a medium of a member it does not hold")
    return Standing(member, entry.name, entry.language, balance.points, balance.as_of)
