"""The one writer: units of work queue up, a thread commits what is queued together.

A batch forms from what is queued when the writer is free and never waits for more; each unit has a
savepoint of its own, so a unit that raises is undone alone and its exception reaches its caller only.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.journal.database import LEDGER_FILL_MAX, TELEMETRY_FILL_MAX, Disk, is_full
from edge_agent.journal.events import Appender
from edge_agent.journal.gaps import Gaps
from edge_agent.journal.outbox import OutboxKeeping
from edge_agent.journal.recovery import load_state, save_lane
from edge_agent.journal.transaction import Transaction
from edge_agent.journal.values import JournalClosed, JournalError, JournalFull, JournalSettings

BATCH_UNITS_MAX = 512
BATCH_S_MAX = 0.010
MEASURE_EVERY_S = 1.0
MEASURE_EVERY_COMMITS = 64
TELEMETRY_FULL = "telemetry_full"
DISK_FULL = "disk_full"

Unit = Callable[[Transaction], Any]


@dataclass(slots=True)
class Outcome:
    """What became of one unit."""

    value: Any = None
    error: BaseException | None = None


class _BatchLost(Exception):
    """SQLite took back the whole transaction, or ran out of room within a unit that went on regardless."""


class Committer:
    """Runs units in transactions on the one writing connection. Not thread-safe: one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, appender: Appender, gaps: Gaps, *, settings: JournalSettings, disk: Disk) -> None:
        self._connection = connection
        self._appender = appender
        self._gaps = gaps
        self._settings = settings
        self._disk = disk
        self._outbox = OutboxKeeping(connection, appender, gaps)
        self._measured_s = 0.0
        self._commits = 0
        self._trouble = ""

    @property
    def appender(self) -> Appender:
        return self._appender

    @property
    def outbox(self) -> OutboxKeeping:
        return self._outbox

    def durability(self) -> str:
        """``full``, or what is wrong."""
        return self._trouble or "full"

    def commit(self, units: Sequence[Unit]) -> list[Outcome]:
        """Run units, oldest first, within one commit; durable on return.

        Returns an outcome per unit that was run: those that did not fit into 10 ms are left for the
        next call. Never raises for a unit's own fault.
        """
        try:
            outcomes = self._attempt(units)
        except (sqlite3.Error, _BatchLost) as error:
            outcomes = self._after(error, units)
        self._look_at_disk()
        return outcomes

    def _attempt(self, units: Sequence[Unit]) -> list[Outcome]:
        clock = self._appender.clock
        deadline = clock.monotonic() + BATCH_S_MAX
        full = self._refusal()
        outcomes: list[Outcome] = []
        before = self._appender.state.copy()
        self._connection.execute("BEGIN IMMEDIATE")
        for unit in units:
            outcomes.append(self._run(unit, full))
            if clock.monotonic() > deadline:
                break
        self._shed()
        for lane, state in self._appender.lanes():
            if state != before.lanes.get(lane):
                save_lane(self._connection, self._appender.state.number, lane, state)
        self._connection.execute("COMMIT")
        return outcomes

    def _run(self, unit: Unit, full: JournalFull | None) -> Outcome:
        tx = Transaction(self._connection, self._appender, full=full)
        try:
            with tx.savepoint():
                value = unit(tx)
                tx.finish()
        except Exception as error:  # noqa: BLE001  it is the caller's, and reaches the caller
            outcome = Outcome(error=error)
        else:
            outcome = Outcome(value)
        if tx.ran_full is not None or not self._connection.in_transaction:
            raise _BatchLost from (tx.ran_full or outcome.error)
        return outcome

    def _after(self, error: Exception, units: Sequence[Unit]) -> list[Outcome]:
        """Take the whole batch back; with more room, try it once again."""
        self._restore()
        cause = error.__cause__ if isinstance(error, _BatchLost) else error
        if cause is not None and is_full(cause) and self._make_room():
            try:
                return self._attempt(units)
            except (sqlite3.Error, _BatchLost) as again:
                self._restore()
                cause = again.__cause__ if isinstance(again, _BatchLost) else again
        failure = self._failure(cause)
        return [Outcome(error=failure) for _ in units]

    def _failure(self, cause: BaseException | None) -> JournalError:
        place = str(self._settings.path)
        if cause is not None and is_full(cause):
            self._trouble = "disk full: nothing can be recorded"
            return JournalFull("the disk is full", place=place, remedy=f"Free space on {self._settings.path.parent}")
        self._trouble = f"not writing: {cause}"
        return JournalError(f"the journal cannot be written ({cause})", place=place, remedy="Check the disk")

    def _restore(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._appender.forget()
        self._appender.state = load_state(self._connection, self._appender.clock)

    def _refusal(self) -> JournalFull | None:
        if self._disk.fill < LEDGER_FILL_MAX:
            return None
        return JournalFull(
            f"the disk is {self._disk.fill:.0%} full",
            place=str(self._settings.path),
            remedy=f"Free space on {self._settings.path.parent}",
        )

    def _shed(self) -> None:
        nearly_full = self._disk.fill >= TELEMETRY_FILL_MAX
        self._outbox.shed(
            rows_max=0 if nearly_full else self._settings.telemetry_rows_max,
            in_flight_rows_max=self._settings.in_flight_rows_max,
            reason=DISK_FULL if nearly_full else TELEMETRY_FULL,
        )

    def _make_room(self) -> bool:
        """Throw the ballast; whether that is a reason to try again."""
        self._trouble = "disk full: the ballast was released"
        return self._disk.release_ballast()

    def _look_at_disk(self) -> None:
        now = self._appender.clock.monotonic()
        self._commits += 1
        if self._commits < MEASURE_EVERY_COMMITS and now - self._measured_s < MEASURE_EVERY_S:
            return
        self._measured_s, self._commits = now, 0
        fill = self._disk.measure()
        self._disk.take_ballast()
        if fill >= LEDGER_FILL_MAX:
            self._trouble = f"disk {fill:.0%} full: the ledger takes no more rows"
        elif self._disk.has_ballast:
            self._trouble = ""


Deliver = Callable[[list[tuple[Any, Outcome]]], None]


class Writer:
    """The thread around a :class:`Committer`. ``deliver`` is called in it after each commit."""

    def __init__(self, committer: Committer, deliver: Deliver) -> None:
        self._committer = committer
        self._deliver = deliver
        self._queue: deque[tuple[Unit, Any]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="journal writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, unit: Unit, token: Any) -> None:
        """Queue a unit; ``token`` comes back with its outcome. Raises :class:`JournalClosed`."""
        with self._wake:
            if self._closing:
                raise JournalClosed("the journal is closed", place="journal", remedy="Start the gateway again")
            self._queue.append((unit, token))
            self._wake.notify()

    def stop(self) -> None:
        """Commit what is queued and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            outcomes = self._committer.commit([unit for unit, _ in batch])
            done = [(token, outcome) for (_, token), outcome in zip(batch, outcomes, strict=False)]
            with self._wake:
                self._queue.extendleft(reversed(batch[len(outcomes) :]))
            self._deliver(done)

    def _next_batch(self) -> list[tuple[Unit, Any]]:
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_UNITS_MAX))]

