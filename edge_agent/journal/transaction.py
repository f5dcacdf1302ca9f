"""What a unit of work may do: read everything, record events, keep the books."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cloud_bridge.downlink import StepOutcome
from cloud_bridge.payload import EventData
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane
from edge_agent.journal.books import BookKeeping, BookQueries, to_ms
from edge_agent.journal.database import Statements
from edge_agent.journal.floor import FloorKeeping, FloorQueries
from edge_agent.journal.lanes import second_copies
from edge_agent.journal.lanes.chain import place_of
from edge_agent.journal.lanes.events import Appender, AppenderState, EventQueries
from edge_agent.journal.people import PeopleKeeping, PeopleQueries
from edge_agent.journal.terms_shelf import TermsShelf
from edge_agent.journal.till_books.checkout import CheckoutKeeping, CheckoutQueries
from edge_agent.journal.usable import UsableQueries
from edge_agent.journal.values import Counts, Deferred, JournalError, JournalFull, Recorded
from edge_agent.journal.wallets import WalletKeeping

SAVEPOINT_DEPTH_MAX = 8


class Reader(EventQueries, BookQueries, PeopleQueries, UsableQueries, CheckoutQueries, FloorQueries):
    """Asks the journal. Valid only inside the function it was handed to."""

    def counts(self) -> Counts:
        """How much is in here, beside the lanes."""
        row = self._connection.execute(
            """SELECT (SELECT count(*) FROM undecided WHERE set_aside IS NULL),
                (SELECT count(*) FROM undecided WHERE set_aside IS NOT NULL),
                (SELECT count(*) FROM deferred), (SELECT count(*) FROM sales), (SELECT count(*) FROM postings),
                (SELECT count(*) FROM replica_members), (SELECT count(*) FROM replica_media)"""
        ).fetchone()
        return Counts(*row)


class Transaction(Reader, BookKeeping, PeopleKeeping, WalletKeeping, CheckoutKeeping, FloorKeeping):
    """Reads and writes the journal, all or nothing. Valid only inside the unit it was handed to.

    A unit may be run a second time after its first run was undone (when the disk was full), so it
    should touch nothing but the transaction.
    """

    def __init__(
        self, connection: Statements, appender: Appender, *, full: JournalFull | None, shelf: TermsShelf | None = None
    ) -> None:
        super().__init__(connection, shelf)
        self._appender = appender
        self._full = full
        self.is_nearly_full = False
        """Whether so little room is left that nothing should be redeemed."""
        self._waiting: set[int] = set()
        self._depth = 0

    def record(self, data: EventData, *, traceparent: str | None = None, undecided: bool = False) -> Recorded:
        """Stamp an event and put it behind the others of its lane.

        ``traceparent`` continues a trace; a new one begins without it. ``undecided`` marks a fact
        that must be decided. Raises :class:`JournalFull` (ledger lane, disk nearly full) and
        ``EnvelopeError`` (too large).
        """
        if self._full is not None and data.lane is Lane.LEDGER:
            raise self._full
        recorded = self._appender.append(data, traceparent)
        place = place_of(self._appender.state.number, recorded.sequence)
        second_copies.keep(self._connection, place, data)
        if undecided:
            self._waiting.add(place)
        return recorded

    def mark_decided(self, recorded: Recorded) -> None:
        """The fact needs no more deciding."""
        place = self.place(recorded.event_id)
        if place in self._waiting:
            self._waiting.remove(place)
        else:
            self._connection.execute("DELETE FROM undecided WHERE place = ?", (place,))
            self._release(place)

    def count_attempt(self, recorded: Recorded) -> int:
        """Count one more attempt to decide a fact; returns how many there were."""
        self._flush_marks()
        row = self._connection.execute(
            "UPDATE undecided SET attempts = attempts + 1 WHERE place = ? RETURNING attempts",
            (self.place(recorded.event_id),),
        ).fetchone()
        return int(row[0]) if row else 0

    def set_aside(self, recorded: Recorded, reason: str) -> None:
        """Leave a fact undecided for a person to look at; it is not replayed any more."""
        self._flush_marks()
        self._connection.execute(
            "UPDATE undecided SET set_aside = ? WHERE place = ?", (reason[:300], self.place(recorded.event_id))
        )

    def undecided(self, limit: int) -> list[Recorded]:
        self.flush()
        self._flush_marks()
        return super().undecided(limit)

    def defer(self, deferred: Deferred) -> None:
        """Keep a fact until what it awaits arrives. Raises :class:`JournalError` when the fact itself is gone."""
        self.flush()
        place = self.place(deferred.event_id)
        if self._body(place) is None:
            raise JournalError("this event was pruned long ago", place=deferred.event_id, remedy="Decide it by hand")
        self._connection.execute(
            "INSERT OR REPLACE INTO deferred VALUES (?, ?, ?)", (place, deferred.awaits, deferred.key)
        )

    def apply_step(self, step: ReplicaStep) -> StepOutcome:
        """Apply a replica step that follows on: members, media, programme and coupons.

        What it says of rights is answered with events, in the same unit: see :mod:`edge_agent.rights.replies`.
        """
        outcome = super().apply_step(step)
        if outcome is StepOutcome.APPLIED:
            if step.from_version == 0:
                self.forget_coupons()
            self.put_coupons(step.coupons)
        return outcome

    def now(self) -> datetime:
        """The time, for windows that nothing recorded begins."""
        return self._appender.clock.now()

    def now_ms(self) -> int:
        return to_ms(self._appender.clock.now())

    def draw_id(self) -> str:
        """A name for a fact that nothing else names; by chance, as an old copy of the disk must not draw it again."""
        return secrets.token_hex(16)

    def ledger_heads(self) -> tuple[int, int]:
        """The last ledger sequence that is durable already, and the last one given out."""
        row = self._connection.execute(
            "SELECT head FROM lanes WHERE number = ? AND lane = ?", (self._appender.state.number, Lane.LEDGER.value)
        ).fetchone()
        return int(row[0]), self._appender.state.lanes[Lane.LEDGER].head

    def settle_deferred(self, event_id: str) -> None:
        """The fact waits no longer."""
        place = self.place(event_id)
        self._connection.execute("DELETE FROM deferred WHERE place = ?", (place,))
        self._release(place)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo everything done inside when the body raises; the exception goes on."""
        if self._depth == SAVEPOINT_DEPTH_MAX:
            raise JournalError("savepoints are nested too deeply", place="unit of work", remedy="Report this as a bug")
        self.flush()
        name = f"step{self._depth}"
        kept, waiting = self._appender.state.copy(), set(self._waiting)
        self._connection.execute(f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
            self.flush()
        except BaseException:
            self._undo(name, kept)
            self._waiting = waiting
            raise
        finally:
            self._depth -= 1
        self._connection.execute(f"RELEASE {name}")

    def flush(self) -> None:
        """Write appended rows, so that they can be read back."""
        self._appender.flush()

    def finish(self) -> None:
        """Write all that was held back. Called by the writer at the end of a unit."""
        self.flush()
        self._flush_marks()

    def _undo(self, name: str, kept: AppenderState) -> None:
        self._appender.forget()
        self._appender.state = kept
        # Where the whole transaction is lost this fails like all else, with the error that lost it.
        self._connection.execute(f"ROLLBACK TO {name}")
        self._connection.execute(f"RELEASE {name}")

    def _flush_marks(self) -> None:
        if self._waiting:
            self._connection.executemany(
                "INSERT OR IGNORE INTO undecided VALUES (?, 0, NULL)", [(place,) for place in self._waiting]
            )
            self._waiting.clear()

    def _release(self, place: int) -> None:
        """A body kept for a waiting fact goes once nothing waits for it."""
        self._connection.execute(
            """DELETE FROM kept WHERE place = :place
                AND NOT EXISTS (SELECT 1 FROM undecided WHERE place = :place)
                AND NOT EXISTS (SELECT 1 FROM deferred WHERE place = :place)""",
            {"place": place},
        )
