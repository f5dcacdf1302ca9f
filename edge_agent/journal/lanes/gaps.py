"""Gap statements: signed events that stand in the place of rows that are gone. Loss is never silent."""

from __future__ import annotations

from typing import NamedTuple

from cloud_bridge.contract import JournalGapV1
from cloud_bridge.envelope import Position, seal
from cloud_bridge.gaps import Gap, sign_gap
from cloud_bridge.receipts import Head
from cloud_bridge.topics import Lane
from edge_agent.clock import HybridClock
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes.chain import TABLES, place_of, sequence_in
from edge_agent.journal.lanes.events import new_traceparent
from edge_agent.journal.values import Damage


class StatedGap(NamedTuple):
    """A gap statement as it is kept."""

    place: int
    last: int
    last_hash: str
    reason: str


class Gaps:
    """Writes gap statements and removes the rows they stand for. Used inside a transaction."""

    def __init__(self, connection: Statements, *, gateway_id: str, secret: bytes, clock: HybridClock) -> None:
        self._connection = connection
        self._gateway_id = gateway_id
        self._secret = secret
        self._clock = clock

    def state(self, damage: Damage) -> None:
        """State a loss; whatever is left of the lost rows, and marks on them, goes."""
        place, last = place_of(damage.number, damage.first), place_of(damage.number, damage.last)
        self.remove_rows(damage.lane, place, last)
        self._connection.execute(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?, ?)",
            (damage.lane.value, place, damage.last, damage.last_hash, damage.reason, self._body(damage)),
        )

    def remove_rows(self, lane: Lane, first_place: int, last_place: int) -> None:
        """Delete rows and what waits for them to be decided."""
        tables = [TABLES[lane]] + (["undecided", "deferred"] if lane is Lane.LEDGER else [])
        for table in tables:
            self._connection.execute(f"DELETE FROM {table} WHERE place BETWEEN ? AND ?", (first_place, last_place))  # noqa: S608

    def covering(self, lane: Lane, place: int) -> StatedGap | None:
        """The statement that stands for this row, if one does."""
        row = self._connection.execute(
            "SELECT place, last, last_hash, reason FROM gaps WHERE lane = ? AND place <= ? ORDER BY place DESC LIMIT 1",
            (lane.value, place),
        ).fetchone()
        if row is None or row[0] >> 32 != place >> 32 or row[1] < sequence_in(place):
            return None
        return StatedGap(*row)

    def rows_above(self, lane: Lane, place: int) -> int:
        """How many rows of this incarnation above a place are stated as lost."""
        return int(
            self._connection.execute(
                """SELECT coalesce(sum(last - (place & 0xFFFFFFFF) + 1), 0) FROM gaps
                    WHERE lane = ? AND place > ? AND place >> 32 = ?""",
                (lane.value, place, place >> 32),
            ).fetchone()[0]
        )

    def shorten(self, lane: Lane, gap: StatedGap, *, after: Head) -> None:
        """The cloud turned out to have the first rows of a gap: state only the rest."""
        self._connection.execute("DELETE FROM gaps WHERE lane = ? AND place = ?", (lane.value, gap.place))
        number = gap.place >> 32
        incarnation = self._connection.execute(
            "SELECT incarnation FROM incarnations WHERE number = ?", (number,)
        ).fetchone()[0]
        self.state(
            Damage(
                number=number,
                incarnation=incarnation,
                lane=lane,
                first=after.sequence + 1,
                last=gap.last,
                before_hash=after.hash,
                last_hash=gap.last_hash,
                reason=gap.reason,
            )
        )

    def _body(self, damage: Damage) -> bytes:
        gap = Gap(
            gateway_id=self._gateway_id,
            incarnation=damage.incarnation,
            lane=damage.lane,
            first=damage.first,
            last=damage.last,
            last_hash=damage.last_hash,
            reason=damage.reason,
        )
        data = JournalGapV1(
            first=gap.first,
            last=gap.last,
            last_hash=gap.last_hash,
            reason=gap.reason,
            signature=sign_gap(gap, secret=self._secret),
        )
        stamp = self._clock.tick()
        position = Position(
            gateway_id=self._gateway_id,
            incarnation=damage.incarnation,
            lane=damage.lane.value,
            sequence=damage.first,
            prevhash=damage.before_hash,
            hlc=stamp.hlc,
            time=stamp.time,
            timequality=stamp.timequality,
            traceparent=new_traceparent(),
        )
        return seal(data.type, data.model_dump(mode="json"), position).body
