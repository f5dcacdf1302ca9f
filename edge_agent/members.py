"""Station 3's ground: the replica of members, media and programme that the cloud sends down."""

from __future__ import annotations

from typing import Protocol

import structlog

from cloud_bridge.replica import ReplicaStep
from edge_agent.decisions import AWAITS_LINK, AWAITS_PROGRAMME, SETTLE_MAX, Decisions
from edge_agent.journal import Journal, ReplicaCursor, StepOutcome, Transaction

log = structlog.get_logger(__name__)


class ReplicaListener(Protocol):
    """Told after a step is durable, so that figures on screens can follow."""

    def __call__(self) -> None: ...


class Replica:
    """Applies replica steps; what waited for a link or a programme is decided in the same transaction."""

    def __init__(self, journal: Journal, decisions: Decisions, *, changed: ReplicaListener = lambda: None) -> None:
        self._journal = journal
        self._decisions = decisions
        self._changed = changed

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        """Apply one step and make it durable; a step that does not follow on is ignored and says so."""
        outcome = await self._journal.write(lambda tx: self._apply(tx, step))
        log.info("identify", replica_version=step.to_version, outcome=outcome.value, members=len(step.members))
        self._changed()
        return outcome

    async def cursor(self) -> ReplicaCursor:
        """The version that is durable here."""
        return await self._journal.read(lambda reader: reader.replica_cursor())

    def _apply(self, tx: Transaction, step: ReplicaStep) -> StepOutcome:
        outcome = tx.apply_step(step)
        if outcome is StepOutcome.APPLIED:
            if step.programme is not None:
                self._decisions.settle(tx, AWAITS_PROGRAMME, AWAITS_PROGRAMME)
            # Asked of the tables, not of the step: a link may arrive steps before the member it names.
            for medium in tx.media_to_settle(AWAITS_LINK, SETTLE_MAX):
                self._decisions.settle(tx, AWAITS_LINK, medium)
        return outcome
