"""The unacknowledged rows: what is sent next, what an acknowledgement does, and the loss ledger."""

from __future__ import annotations

import heapq
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from cloud_bridge.receipts import Ack, Head, LaneFigures
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import AckResult, Advanced, Foreign, Mismatch, OutboxRow, Place, RolledBack
from edge_agent.clock import ms_of
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes import second_copies
from edge_agent.journal.lanes.chain import (
    TABLES,
    LaneState,
    is_whole,
    lanes_in,
    place_of,
    seal_of,
    sequence_in,
    text_in,
)
from edge_agent.journal.lanes.events import Appender
from edge_agent.journal.lanes.gaps import Gaps
from edge_agent.journal.values import Damage

PRUNE_ROWS_MIN = 500
"""Rows are pruned this many at a time or more, so that pruning costs little per row."""


class HoleFound(Exception):
    """A row that should be sent is gone or damaged: the lane must be mended first."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an uplink asks for."""

    lane: Lane
    after: Place | None
    events_max: int
    bytes_max: int


def unsent(connection: Statements, request: Request) -> list[OutboxRow]:
    """Rows behind ``after``, oldest first, each one whole. Raises :class:`HoleFound`."""
    number, incarnation, acked, pruned, head = connection.execute(
        """SELECT number, incarnation, acked, pruned, head FROM lanes JOIN incarnations USING (number)
            WHERE lane = ? ORDER BY number DESC LIMIT 1""",
        (request.lane.value,),
    ).fetchone()
    after = request.after
    asked = after.sequence if after is not None and after.incarnation == incarnation else acked
    done = max(asked, pruned)
    found: list[OutboxRow] = []
    budget = request.bytes_max
    # Closed before anything is raised: a statement left open would hold on to this snapshot.
    with closing(_pieces(connection, request.lane, place_of(number, done), request.events_max)) as pieces:
        for first, last, body in pieces:
            budget -= len(body)
            if first != done + 1 or not is_whole(body) or (found and budget < 0):
                break
            found.append(OutboxRow(incarnation, first, body))
            done = last
            if len(found) == request.events_max:
                break
    if not found and done < head:
        raise HoleFound
    return found


def _pieces(
    connection: Statements, lane: Lane, place: int, limit: int
) -> Generator[tuple[int, int, bytes], None, None]:
    """Rows and gap statements above a place, in order: first, last, body. One incarnation only."""
    ceiling = place_of((place >> 32) + 1, 0)
    rows = connection.execute(
        f"""SELECT place & 0xFFFFFFFF, place & 0xFFFFFFFF, body FROM {TABLES[lane]}
            WHERE place > ? AND place < ? ORDER BY place LIMIT ?""",  # noqa: S608
        (place, ceiling, limit),
    )
    gaps = connection.execute(
        """SELECT place & 0xFFFFFFFF, last, body FROM gaps
            WHERE lane = ? AND place > ? AND place < ? ORDER BY place LIMIT ?""",
        (lane.value, place, ceiling, limit),
    ).fetchall()
    # Merging costs as much as reading, and a lane without a loss is the usual case.
    yield from heapq.merge(rows, gaps) if gaps else rows


def figures(connection: Statements, *, now_ms: int) -> dict[Lane, LaneFigures]:
    """The loss ledger per lane, all incarnations together: recorded = acked + queued + dropped."""
    sums = {lane: [0, 0, 0] for lane in Lane}
    for key, state in lanes_in(connection):
        lane_sums = sums[key.lane]
        lane_sums[0] += state.head
        lane_sums[1] += state.queued
    dropped: dict[Lane, dict[str, int]] = {lane: {} for lane in Lane}
    for lane, reason, rows in connection.execute(
        "SELECT lane, reason, sum(last - (place & 0xFFFFFFFF) + 1) FROM gaps GROUP BY lane, reason"
    ):
        dropped[Lane(lane)][reason] = rows
    found = {}
    for lane, (recorded, queued, _) in sums.items():
        lost = sum(dropped[lane].values())
        found[lane] = LaneFigures(
            recorded=recorded,
            acked=recorded - queued - lost,
            queued=queued,
            dropped=lost,
            dropped_by_reason=dropped[lane],
            oldest_unsent_age_s=_oldest_age_s(connection, lane, now_ms) if queued else 0,
        )
    return found


def _oldest_age_s(connection: Statements, lane: Lane, now_ms: int) -> int:
    row = connection.execute(
        f"""SELECT body FROM {TABLES[lane]} WHERE place >
            (SELECT number << 32 | acked FROM lanes WHERE lane = ? ORDER BY number DESC LIMIT 1)
            ORDER BY place LIMIT 1""",  # noqa: S608
        (lane.value,),
    ).fetchone()
    hlc = text_in(row[0], "hlc") if row else None
    return max(0, (now_ms - ms_of(hlc)) // 1000) if hlc else 0


class OutboxKeeping:
    """The writing side: acknowledgements, pruning, shedding, a new incarnation. Used inside a transaction."""

    def __init__(self, connection: Statements, appender: Appender, gaps: Gaps) -> None:
        self._connection = connection
        self._appender = appender
        self._gaps = gaps

    def acknowledge(self, ack: Ack, *, keep_rows: int) -> AckResult:
        """Move ``acked`` forward where every head fits; prune behind it."""
        state = self._appender.state
        if ack.incarnation != state.incarnation:
            known = self._connection.execute(
                "SELECT 1 FROM incarnations WHERE incarnation = ?", (ack.incarnation,)
            ).fetchone()
            return Advanced(0) if known else Foreign()
        for lane, head in ack.lanes.items():
            if refusal := self._refusal(lane, state.lanes[lane], head):
                return refusal
        rows = sum(self._advance(lane, state.lanes[lane], head) for lane, head in ack.lanes.items())
        second_copies.forget(self._connection, place_of(state.number, state.lanes[Lane.LEDGER].acked))
        for lane, lane_state in state.lanes.items():
            self.prune(lane, lane_state, keep_rows)
        return Advanced(rows)

    def _refusal(self, lane: Lane, state: LaneState, head: Head) -> AckResult | None:
        if head.sequence > state.head:
            return RolledBack(lane, head.sequence)
        ours = self._hash_at(lane, state, head.sequence)
        if ours is None or ours == head.hash:
            return None
        # Both ends agreed on everything acknowledged. A difference behind that is another life's row at this place.
        return RolledBack(lane, head.sequence) if head.sequence > state.acked else Mismatch(lane, head.sequence)

    def _hash_at(self, lane: Lane, state: LaneState, sequence: int) -> str | None:
        """The hash of a row of the incarnation in force; ``None`` where nothing is left to compare with."""
        for known, known_hash in ((state.head, state.head_hash), (state.acked, state.acked_hash)):
            if sequence == known:
                return known_hash
        if sequence <= state.acked:
            return None
        place = place_of(self._appender.state.number, sequence)
        row = self._connection.execute(f"SELECT body FROM {TABLES[lane]} WHERE place = ?", (place,)).fetchone()  # noqa: S608
        if row is not None:
            seal = seal_of(row[0])
            return seal.hash if seal else None
        gap = self._gaps.covering(lane, place)
        return gap.last_hash if gap is not None and gap.last == sequence else None

    def _advance(self, lane: Lane, state: LaneState, head: Head) -> int:
        if head.sequence <= state.acked:
            return 0
        place = place_of(self._appender.state.number, head.sequence)
        gap = self._gaps.covering(lane, place)
        if gap is not None and gap.last > head.sequence:
            # The cloud has rows that are lost here: only what lies behind them is missing.
            self._gaps.shorten(lane, gap, after=head)
        rows = head.sequence - state.acked
        state.acked, state.acked_hash = head.sequence, head.hash
        state.lost_unacked = self._gaps.rows_above(lane, place)
        return rows

    def prune(self, lane: Lane, state: LaneState, keep_rows: int) -> None:
        """Delete acknowledged rows, but for the newest ``keep_rows``."""
        through = state.acked - keep_rows
        if through - state.pruned >= max(1, min(PRUNE_ROWS_MIN, keep_rows)):
            boundary = self._hash_at_or_gap_end(lane, state, through)
            if boundary is not None:
                self.cut(lane, state, *boundary)

    def _hash_at_or_gap_end(self, lane: Lane, state: LaneState, through: int) -> tuple[int, str] | None:
        """The newest boundary at or below ``through``: a sequence and the hash of its row."""
        place = place_of(self._appender.state.number, through)
        gap = self._gaps.covering(lane, place)
        if gap is not None:
            return (gap.last, gap.last_hash) if gap.last <= state.acked else None
        row = self._connection.execute(f"SELECT body FROM {TABLES[lane]} WHERE place = ?", (place,)).fetchone()  # noqa: S608
        seal = seal_of(row[0]) if row else None
        return (through, seal.hash) if seal else None

    def cut(self, lane: Lane, state: LaneState, through: int, last_hash: str) -> None:
        """Delete rows up to ``through`` and anchor the chain there; what something waits for is kept aside."""
        number = self._appender.state.number
        low, high = place_of(number, 0), place_of(number, through)
        if lane is Lane.LEDGER:
            self._connection.execute(
                """INSERT OR IGNORE INTO kept SELECT place, body FROM events_ledger WHERE place IN (
                    SELECT place FROM undecided WHERE place > :low AND place <= :high
                    UNION SELECT place FROM deferred WHERE place > :low AND place <= :high)""",
                {"low": low, "high": high},
            )
        self._connection.execute(f"DELETE FROM {TABLES[lane]} WHERE place > ? AND place <= ?", (low, high))  # noqa: S608
        state.pruned, state.pruned_hash = through, last_hash

    def shed(self, *, rows_max: int, in_flight_rows_max: int, reason: str) -> int:
        """Drop the oldest telemetry rows beyond ``rows_max`` that cannot be on their way; returns how many.

        Rows that may have been sent are left alone: a gap statement in place of a row that arrived
        would contradict it.
        """
        lane, state = Lane.TELEMETRY, self._appender.state.lanes[Lane.TELEMETRY]
        excess = state.queued - max(rows_max, in_flight_rows_max)
        if excess <= 0:
            return 0
        self._appender.flush()
        number = self._appender.state.number
        first = self._connection.execute(
            "SELECT place FROM events_telemetry WHERE place > ? ORDER BY place LIMIT 1 OFFSET ?",
            (place_of(number, state.acked), in_flight_rows_max),
        ).fetchone()
        if first is None:
            return 0
        rows = self._connection.execute(
            "SELECT place, body FROM events_telemetry WHERE place >= ? ORDER BY place LIMIT ?",
            (first[0], max(excess, rows_max // 20)),
        ).fetchall()
        run = _contiguous(rows)
        before, last = seal_of(run[0][1]), seal_of(run[-1][1])
        if before is None or last is None:
            return 0
        self._gaps.state(
            Damage(
                number=number,
                incarnation=self._appender.state.incarnation,
                lane=lane,
                first=sequence_in(run[0][0]),
                last=sequence_in(run[-1][0]),
                before_hash=before.prevhash,
                last_hash=last.hash,
                reason=reason,
            )
        )
        state.lost_unacked += len(run)
        return len(run)


def _contiguous(rows: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The rows from the first one up to the first hole."""
    for index, (place, _) in enumerate(rows):
        if place != rows[0][0] + index:
            return rows[:index]
    return rows
