"""Station 3's ground: the replica of members, media and programme that the cloud sends down."""

from __future__ import annotations

from typing import Protocol

import structlog

from cloud_bridge.replica import ReplicaStep
from edge_agent.decisions import AWAITS_LINK, AWAITS_PROGRAMME, SETTLE_MAX, Decisions
from edge_agent.journal import Journal, ReplicaCursor, StepOutcome, Transaction
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.replies import Replies
from loyalty.terms.document import terms_from_mapping
from loyalty.terms.fields import ProgrammeError

log = structlog.get_logger(__name__)


class ReplicaListener(Protocol):
    """Told after a step is durable, so that figures on screens can follow."""

    def __call__(self) -> None: ...


class Replica:
    """Applies replica steps, answers what they say of rights, and decides what waited for a link or a programme.

    All of it happens in the transaction of the step.
    """

    def __init__(
        self,
        journal: Journal,
        decisions: Decisions,
        *,
        changed: ReplicaListener = lambda: None,
        desk: RightsDesk | None = None,
    ) -> None:
        self._journal = journal
        self._decisions = decisions
        self._replies = Replies(desk or RightsDesk())
        self._changed = changed

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        """Apply one step and make it durable; a step that does not follow on is ignored and says so."""
        readable = _with_readable_terms(step)
        outcome = await self._journal.write(lambda tx: self._apply(tx, readable))
        log.info("identify", replica_version=step.to_version, outcome=outcome.value, members=len(step.members))
        self._changed()
        return outcome

    async def cursor(self) -> ReplicaCursor:
        """The version that is durable here."""
        return await self._journal.read(lambda reader: reader.replica_cursor())

    def _apply(self, tx: Transaction, step: ReplicaStep) -> StepOutcome:
        outcome = tx.apply_step(step)
        if outcome is StepOutcome.APPLIED:
            self._replies.answer(tx, step)
            if step.programme is not None:
                self._decisions.settle(tx, AWAITS_PROGRAMME, AWAITS_PROGRAMME)
            # Asked of the tables, not of the step: a link may arrive steps before the member it names.
            for medium in tx.media_to_settle(AWAITS_LINK, SETTLE_MAX):
                self._decisions.settle(tx, AWAITS_LINK, medium)
        return outcome


def _with_readable_terms(step: ReplicaStep) -> ReplicaStep:
    """The step without terms that this software cannot read: then those it has stay in force, and the rest is applied.

    A newer cloud may write terms that this version does not know; the store must go on.
    """
    programme = step.programme
    if programme is None or programme.terms is None:
        return step
    try:
        terms_from_mapping(programme.terms)
    except ProgrammeError as error:
        log.error("identify", problem=f"the programme's terms are not in force here: {error}")
        return step.model_copy(update={"programme": programme.model_copy(update={"terms": None})})
    return step
