"""What the cloud says about rights, and the gateway's answer in the same transaction.

All three kinds of row are totals, so hearing one twice, late or not at all does no harm: the next one says it all.
"""

from __future__ import annotations

import structlog

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_bridge.replica import STEP_ROWS_MAX, ReplicaRight, ReplicaStep
from edge_agent.journal import POINTS, KeptRedemption, Transaction
from edge_agent.rights.desk import RightsDesk
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_REDEEMED, Posting, Rule, available
from loyalty.rights.movements import Grant, GrantId, Incarnation, Refusal
from loyalty.rights.wallet import accept_grant

ANSWERS_AT_ONCE_MAX = STEP_ROWS_MAX
"""Recalls, and undos, answered with one step: as many as it can bring."""

log = structlog.get_logger(__name__)


class Replies:
    """Takes grants, answers recalls with returns, and undoes redemptions made here that were brought back elsewhere."""

    def __init__(self, desk: RightsDesk) -> None:
        self._desk = desk

    def answer(self, tx: Transaction, step: ReplicaStep) -> None:
        """Act on the rights of a step that was just applied."""
        for right in step.rights:
            self._take(tx, right)
        for undo in step.undone:
            tx.ask_undo(undo.redemption, undo.points)
        self.answer_due(tx)

    def answer_due(self, tx: Transaction) -> None:
        """Answer what the cloud still waits for; while redeeming rests nothing is answered, and asked again after."""
        if tx.rights_state().is_frozen:
            return
        for redemption, total in tx.undos_due(ANSWERS_AT_ONCE_MAX):
            self._undo(tx, redemption, total)
        # What was not here when the cloud asked may have been earned since; and now the cloud can lease it anew.
        for member, currency in tx.recalls_due(ANSWERS_AT_ONCE_MAX):
            self._desk.answer_recall(tx, member, currency)

    def _take(self, tx: Transaction, right: ReplicaRight) -> None:
        wallet = tx.wallet(right.member, right.currency)
        if right.incarnation != wallet.incarnation:
            log.info("rights", step="a lease of another incarnation ignored", incarnation=right.incarnation)
            return
        grant = Grant(
            grant_id=GrantId(f"{right.currency}/{right.granted}"),
            gateway=wallet.gateway,
            incarnation=Incarnation(right.incarnation),
            points=max(0, right.granted - wallet.granted),
            total=right.granted,
        )
        richer = accept_grant(wallet, grant)
        if not isinstance(richer, Refusal):
            tx.keep_wallet(right.member, right.currency, richer)
        if right.recalled:
            tx.recall(right.member, right.currency, right.recalled)

    def _undo(self, tx: Transaction, redemption: str, total: int) -> None:
        kept = tx.kept_redemption(redemption)
        if kept is None:
            return
        missing = total - kept.redemption.restored
        movement_id = posting_id("undo", redemption, str(total))
        lease = self._desk.restore(tx, redemption, movement_id, missing)
        if isinstance(lease, Refusal):
            log.warning("rights", step="not undone", redemption=redemption, why=lease.value)
        elif kept.currency == POINTS:
            _post(
                tx,
                kept,
                PostingV1(
                    id=movement_id,
                    debit=PROGRAMME_REDEEMED,
                    credit=available(MemberId(kept.member)),
                    points=missing,
                    lease=lease,
                    original=redemption,
                ),
            )


def _post(tx: Transaction, kept: KeptRedemption, told: PostingV1) -> None:
    """Give points back to the member: by an event of its own, because of what the redemption was made for."""
    cause = tx.cause_of(kept.redemption.movement_id) or kept.redemption.movement_id
    recorded = tx.record(
        PointsPostedV1(cause=cause, member=kept.member, rule=Rule.RESTORE.value, sale=kept.sale, postings=(told,))
    )
    booked = Posting(PostingId(told.id), told.debit, told.credit, told.points, Rule.RESTORE, EventId(cause))
    tx.post([booked], recorded)
