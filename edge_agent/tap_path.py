"""Read this first: the path of one tap, station by station.

1. **Sense**     a device yields an observation; it knows no clock and no member. A card that can prove itself is asked
   to (:mod:`edge_agent.cards`), while it lies there
2. **Record**    the fact is stamped and journalled before anything acts on it
3. **Identify**  medium → member, from the local replica
4. **Decide**    ``loyalty.decide``, pure
5. **Commit**    decision, postings and outbox rows, in the transaction of the fact
6. **Show**      the outcome goes to a screen; it may be lost, it never blocks
7. **Uplink**    ``cloud_bridge.uplink`` sends what was committed, oldest first
8. **Post**      ``cloud_crm`` applies it to the ledger, once

Stations 2 to 5 share one transaction and one ``fsync``. A decision that raises leaves the fact
recorded and undecided; it is decided again at the next start (:meth:`TapPath.replay`). Touches on
a kiosk, till sales and scanned codes walk the same stations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from cloud_bridge.contract import SaleCompletedV1
from devices.observations import FormAnswer, FormFilled, QuoteAsked, SaleCompleted, SaleReceipt, SaleStatus
from edge_agent.cards import Accepted, CardDesk, Refused, Undecided
from edge_agent.cards.evidence import Evidence
from edge_agent.decisions import Decisions
from edge_agent.journal import Journal, JournalError, Recorded, Transaction
from edge_agent.outcomes import CannotBeDone, CardRefused, FormDecided, Outcome
from edge_agent.translate import Translatable, translate

log = structlog.get_logger(__name__)

ATTEMPTS_MAX = 3
REPLAY_MAX = 10_000


class Station(StrEnum):
    """The eight words of the house: log events, diagrams and tests use them."""

    SENSE = "sense"
    RECORD = "record"
    IDENTIFY = "identify"
    DECIDE = "decide"
    COMMIT = "commit"
    SHOW = "show"
    UPLINK = "uplink"
    POST = "post"


class DecisionBugError(Exception):
    """A decision raised. The fact is safe in the journal, undecided; the next start tries again."""


class Show(Protocol):
    """Station 6, declared here by its user: puts an outcome on a screen without ever waiting."""

    def __call__(self, outcome: Outcome, /) -> None: ...


Pass = Callable[[Station, str], None]
"""Told at each station which trace passes it: ``(station, traceparent)``."""


def log_passage(station: Station, traceparent: str) -> None:
    """The default :data:`Pass`: one debug line a station."""
    log.debug(station.value, traceparent=traceparent)


@dataclass(frozen=True, slots=True)
class _Walked:
    """What the transaction of one fact brought: an outcome, or a bug and a fact that waits."""

    recorded: Recorded | None
    outcome: Outcome | None
    receipt: SaleReceipt | None = None
    answer: FormAnswer | None = None
    bug: Exception | None = None


class TapPath:
    """Walks observations through the stations, one call each."""

    def __init__(
        self,
        journal: Journal,
        decisions: Decisions,
        show: Show,
        *,
        medium_key: bytes,
        cards: CardDesk,
        passing: Pass = log_passage,
    ) -> None:
        self._journal = journal
        self._decisions = decisions
        self._show = show
        self._medium_key = medium_key
        self._cards = cards
        self._passing = passing

    async def walk(self, device: str, seen: Translatable | QuoteAsked) -> Outcome | None:
        """Walk one observation from Sense to Show; what it caused is durable when this returns.

        A basket that is only priced is no fact: it is answered, what it holds is durable, and nothing is shown.

        ``None`` means that nothing new happened (a till repeated itself). Raises ``JournalFull``
        when nothing can be recorded, :class:`DecisionBugError` when the decision failed.
        """
        self._passing(Station.SENSE, "")
        if isinstance(seen, QuoteAsked):
            await self._price(seen)
            return None
        evidence = await self._cards.examine(seen)
        walked = await self._journal.write(lambda tx: self._record_and_decide(tx, device, seen, evidence))
        if walked.recorded is not None:
            self._passing(Station.COMMIT, walked.recorded.traceparent)
        if isinstance(seen, SaleCompleted):
            seen.reply(walked.receipt or SaleReceipt(seen.sale_id, SaleStatus.RECORDED))
        if isinstance(seen, FormFilled) and walked.answer is not None:
            seen.reply(walked.answer)
        if walked.bug is not None:
            raise DecisionBugError(f"{type(seen).__name__} from {device} is recorded but undecided") from walked.bug
        if walked.outcome is not None:
            self._show(walked.outcome)
            self._passing(Station.SHOW, walked.recorded.traceparent if walked.recorded else "")
        return walked.outcome

    async def _price(self, asked: QuoteAsked) -> None:
        """Answer a basket; one that meets a bug of ours is left unanswered, and its till told to try again."""
        try:
            asked.reply(await self._journal.write(lambda tx: self._decisions.quote(tx, asked)))
        except JournalError:
            raise
        except Exception as bug:
            log.error("decide", quote=True, exc_info=bug)

    async def replay(self) -> int:
        """Decide what the last run recorded but did not decide; returns how many were decided.

        A fact whose decision keeps raising is set aside after :data:`ATTEMPTS_MAX` starts, where
        staff can see it, so that one poisoned fact cannot keep a store closed.
        """
        waiting = await self._journal.read(lambda reader: reader.undecided(REPLAY_MAX))
        decided = 0
        for recorded in waiting:
            walked = await self._journal.write(lambda tx, fact=recorded: self._decide_again(tx, fact))  # type: ignore[misc]
            decided += walked.bug is None
        if waiting:
            log.info("decide", replayed=len(waiting), decided=decided)
        return decided

    def _record_and_decide(
        self, tx: Transaction, device: str, shown: Translatable, evidence: Evidence | None
    ) -> _Walked:
        match self._cards.judge(tx, device, shown, evidence):
            case Refused(refusal):
                recorded = tx.record(refusal)
                self._passing(Station.RECORD, recorded.traceparent)
                return _Walked(recorded, CardRefused(self._decisions.counter_of(device), device, refusal.reason))
            case Undecided(reason):
                return _Walked(None, CannotBeDone(self._decisions.counter_of(device), reason))
            case Accepted(seen):
                pass
        if isinstance(seen, SaleCompleted):
            repeated = self._decisions.repeated(tx, seen)
            if repeated is not None:
                return _Walked(None, None, receipt=repeated)
        if isinstance(seen, FormFilled):
            answered = self._decisions.form_repeated(tx, seen)
            if answered is not None:
                return _Walked(None, None, answer=answered)
        fact = translate(device, seen, key=self._medium_key)
        recorded = tx.record(fact, undecided=True)
        self._passing(Station.RECORD, recorded.traceparent)
        return self._decide(tx, recorded, seen)

    def _decide_again(self, tx: Transaction, recorded: Recorded) -> _Walked:
        attempts = tx.count_attempt(recorded)
        walked = self._decide(tx, recorded)
        if walked.bug is not None and attempts >= ATTEMPTS_MAX:
            tx.set_aside(recorded, reason=f"{type(walked.bug).__name__} in {attempts} attempts")
            log.error("decide", event_id=recorded.event_id, set_aside=True, attempts=attempts)
        return walked

    def _decide(self, tx: Transaction, recorded: Recorded, seen: Translatable | None = None) -> _Walked:
        try:
            with tx.savepoint():
                self._passing(Station.IDENTIFY, recorded.traceparent)
                outcome = self._decisions.decide(tx, recorded, seen)
                self._passing(Station.DECIDE, recorded.traceparent)
                tx.mark_decided(recorded)
        except Exception as bug:
            log.error("decide", event_id=recorded.event_id, exc_info=bug)
            return _Walked(recorded, None, bug=bug)
        answer = outcome.answer if isinstance(outcome, FormDecided) else None
        return _Walked(recorded, outcome, receipt=self._receipt(tx, recorded), answer=answer)

    def _receipt(self, tx: Transaction, recorded: Recorded) -> SaleReceipt | None:
        fact = recorded.data
        return self._decisions.receipt(tx, fact.sale) if isinstance(fact, SaleCompletedV1) else None
