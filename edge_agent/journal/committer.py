"""Units of work, committed: each in a savepoint of its own, many in one transaction, one ``fsync`` for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cloud_bridge.receipts import Ack, Head
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import AckResult
from edge_agent.clock import HybridClock
from edge_agent.journal.database import (
    LEDGER_FILL_MAX,
    REDEEM_FILL_MAX,
    TELEMETRY_FILL_MAX,
    Disk,
    Guarded,
    Lock,
    is_full,
    open_writer,
    unreadable,
)
from edge_agent.journal.floor.alerts import AlertQueries, change_of
from edge_agent.journal.lanes.chain import verify_chains
from edge_agent.journal.lanes.events import Appender, AppenderState
from edge_agent.journal.lanes.gaps import Gaps
from edge_agent.journal.lanes.outbox import OutboxKeeping
from edge_agent.journal.lanes.recovery import Reissue, load_state, mend, retell, save_head, save_lane
from edge_agent.journal.people import end_visits
from edge_agent.journal.terms_shelf import TermsShelf
from edge_agent.journal.transaction import Transaction
from edge_agent.journal.values import Damage, JournalError, JournalFull, JournalSettings
from edge_agent.journal.wallets import forget_wallets, freeze

BATCH_S_MAX = 0.010
"""A commit takes no further unit after this long: the first one in it has waited enough."""

CHECKPOINT_EVERY_COMMITS = 100
"""The log is folded into the file after so many commits, while nobody waits; a long rush is SQLite's own business."""

MEASURE_EVERY_S = 1.0
MEASURE_EVERY_COMMITS = 64
TELEMETRY_FULL = "telemetry_full"
DISK_FULL = "disk_full"
TOLD_AGAIN = "told_again"

Unit = Callable[[Transaction], Any]


@dataclass(slots=True)
class Outcome:
    """What became of one unit: a value or an error."""

    value: Any = None
    error: BaseException | None = None


class _BatchLost(Exception):
    """SQLite took back the whole transaction, or ran out of room within a unit that went on regardless."""


class Committer:
    """The one writing connection and all that is done on it. One thread at a time.

    Opening verifies every chain and states what is lost. Raises :class:`JournalError`.
    """

    def __init__(self, settings: JournalSettings, *, clock: HybridClock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = Lock(settings.path)
        self._lock.take()
        try:
            self._connection = open_writer(settings.path, settings.gateway_id)
        except JournalError:
            self._lock.release()
            raise
        self.shelf = TermsShelf()
        self._measured_s = 0.0
        self._commits = 0
        self._unfolded = 0
        self._trouble = ""
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise unreadable(settings.path, error) from error

    def _open(self) -> None:
        settings, clock = self._settings, self._clock
        self._guarded = connection = Guarded(self._connection)
        self.disk = Disk(
            self._connection, settings.path, bytes_max=settings.disk_bytes_max, ballast_bytes=settings.ballast_bytes
        )
        self._gaps = Gaps(connection, gateway_id=settings.gateway_id, secret=settings.secret, clock=clock)
        connection.execute("BEGIN IMMEDIATE")
        self._saved = load_state(connection, clock)
        self._appender = Appender(connection, self._saved.copy(), gateway_id=settings.gateway_id, clock=clock)
        self._outbox = OutboxKeeping(connection, self._appender, self._gaps)
        freeze(connection)
        end_visits(connection)
        self.mended = self.mend()
        saved = self._save_lanes()
        stamp = clock.tick()
        connection.execute(
            "INSERT INTO boots VALUES (?, ?, ?, ?)", (stamp.boot_id, stamp.hlc, stamp.monotonic_ns, stamp.timequality)
        )
        connection.execute("COMMIT")
        self._saved = saved

    @property
    def incarnation(self) -> str:
        return self._appender.state.incarnation

    def heads(self) -> dict[Lane, Head]:
        """The last row written per lane of the incarnation in force."""
        return {lane: Head(sequence=state.head, hash=state.head_hash) for lane, state in self._appender.lanes()}

    def durability(self) -> str:
        """``full``, or what is wrong."""
        return self._trouble or "full"

    def commit(self, units: Sequence[Unit]) -> list[Outcome]:
        """Run units, oldest first, within one commit; durable on return.

        Returns an outcome for each unit that was run; those that did not fit into 10 ms are left
        for the next call. Never raises for a unit's own fault.
        """
        try:
            outcomes = self._attempt(units)
        except (sqlite3.Error, _BatchLost) as error:
            outcomes = self._again(error, units)
            self._commits = MEASURE_EVERY_COMMITS
        self._look_at_disk()
        self._unfolded += 1
        return outcomes

    def checkpoint_when_due(self) -> None:
        """Fold the log into the file, as far as no reader needs it; costs a flush that no tap should wait for."""
        if self._unfolded < CHECKPOINT_EVERY_COMMITS:
            return
        self._unfolded = 0
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            # The log still holds everything; the next commit meets the same disk and says so.
            self._trouble = self._trouble or f"not folding the log: {error}"

    def close(self) -> None:
        """Checkpoint and let go of the file."""
        self._connection.close()
        self._lock.release()

    # What follows is called within a unit.

    def mend(self) -> tuple[Damage, ...]:
        """Look at every row and put gap statements where rows are gone."""
        self._appender.flush()
        report = verify_chains(self._guarded)
        for damage in report.damages:
            lane_state = self._appender.state.lanes[damage.lane]
            stated = mend(damage, lane_state, gaps=self._gaps, outbox=self._outbox)
            if stated is not None:
                retell(self._guarded, self._appender, stated)
        return report.damages

    def acknowledge(self, ack: Ack) -> AckResult:
        """Take acknowledged rows out of the queue."""
        self._appender.flush()
        return self._outbox.acknowledge(ack, keep_rows=self._settings.acked_rows_kept)

    def begin_incarnation(self, reason: str) -> int:
        """Move what is not acknowledged into a new incarnation; returns how many rows that was."""
        forget_wallets(self._guarded)
        moved = Reissue(self._guarded, self._appender, self._gaps).run(reason)
        for alert in AlertQueries(self._guarded).open_alerts():
            # The cloud must tell what is still open from what only the lost disk knew of.
            self._appender.append(change_of(alert, reason=TOLD_AGAIN), None)
        return moved

    # Committing.

    def _attempt(self, units: Sequence[Unit]) -> list[Outcome]:
        deadline = self._clock.monotonic() + BATCH_S_MAX
        full = self._refusal()
        outcomes: list[Outcome] = []
        self._connection.execute("BEGIN IMMEDIATE")
        for unit in units:
            outcomes.append(self._run(unit, full, alone=len(units) == 1))
            if self._clock.monotonic() > deadline:
                break
        if self._connection.in_transaction:
            self._shed()
            saved = self._save_lanes()
            self._connection.execute("COMMIT")
            self._saved = saved
        return outcomes

    def _run(self, unit: Unit, full: JournalFull | None, *, alone: bool) -> Outcome:
        """Run one unit; ``alone`` in its batch it needs no savepoint, the transaction is one."""
        guarded = self._guarded
        self._appender.begin_unit()
        tx = Transaction(guarded, self._appender, full=full, shelf=self.shelf)
        tx.is_nearly_full = self.disk.fill >= REDEEM_FILL_MAX
        try:
            if alone:
                value = unit(tx)
                tx.finish()
            else:
                with tx.savepoint():
                    value = unit(tx)
                    tx.finish()
        except BaseException as error:  # noqa: BLE001  it is the caller's, and reaches the caller
            if guarded.lost is not None:
                raise _BatchLost from guarded.lost
            if alone:
                self._undo_all()
            return Outcome(error=error)
        if guarded.lost is not None:
            raise _BatchLost from guarded.lost
        return Outcome(value)

    def _undo_all(self) -> None:
        self._guarded.lost = None
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._appender.forget()
        self._appender.state = self._saved.copy()

    def _again(self, error: Exception, units: Sequence[Unit]) -> list[Outcome]:
        """The whole batch was undone; with more room, try it once again."""
        cause = self._take_back(error)
        if is_full(cause) and self.disk.release_ballast():
            self._trouble = "disk full: the ballast was released"
            try:
                return self._attempt(units)
            except (sqlite3.Error, _BatchLost) as second:
                cause = self._take_back(second)
        failure = self._failure(cause)
        return [Outcome(error=failure) for _ in units]

    def _take_back(self, error: Exception) -> BaseException:
        self._undo_all()
        return error.__cause__ if isinstance(error, _BatchLost) and error.__cause__ else error

    def _failure(self, cause: BaseException) -> JournalError:
        place, folder = str(self._settings.path), self._settings.path.parent
        if is_full(cause):
            self._trouble = "disk full: nothing can be recorded"
            return JournalFull("the disk is full", place=place, remedy=f"Free space on {folder}")
        self._trouble = f"not writing: {cause}"
        return JournalError(f"the journal cannot be written ({cause})", place=place, remedy="Check the disk")

    def _save_lanes(self) -> AppenderState:
        """Write the lanes that moved since the last commit; returns what will be saved once this one is through."""
        now, before = self._appender.state, self._saved
        known = before.lanes if now.number == before.number else {}
        saved = AppenderState(now.number, now.incarnation, dict(known))
        for lane, state in now.lanes.items():
            last = known.get(lane)
            if last is None or not state.stands_as(last):
                save_lane(self._guarded, now.number, lane, state)
            elif state.head != last.head:
                save_head(self._guarded, now.number, lane, state)
            else:
                continue
            saved.lanes[lane] = state.copy()
        return saved

    # Room.

    def _refusal(self) -> JournalFull | None:
        fill = self.disk.fill
        if fill < LEDGER_FILL_MAX:
            return None
        place, folder = str(self._settings.path), self._settings.path.parent
        return JournalFull(f"the disk is {fill:.0%} full", place=place, remedy=f"Free space on {folder}")

    def _shed(self) -> None:
        nearly_full = self.disk.fill >= TELEMETRY_FILL_MAX
        self._outbox.shed(
            rows_max=0 if nearly_full else self._settings.telemetry_rows_max,
            in_flight_rows_max=self._settings.in_flight_rows_max,
            reason=DISK_FULL if nearly_full else TELEMETRY_FULL,
        )

    def _look_at_disk(self) -> None:
        now_s = self._clock.monotonic()
        self._commits += 1
        if self._commits < MEASURE_EVERY_COMMITS and now_s - self._measured_s < MEASURE_EVERY_S:
            return
        self._measured_s, self._commits = now_s, 0
        fill = self.disk.measure()
        self.disk.take_ballast()
        if fill >= LEDGER_FILL_MAX:
            self._trouble = f"disk {fill:.0%} full: the ledger takes no more rows"
        elif self.disk.has_ballast:
            # Told while the ledger can still take it; a ballast that is gone stays the graver word.
            self._trouble = f"disk {fill:.0%} full: telemetry is given up" if fill >= TELEMETRY_FILL_MAX else ""
