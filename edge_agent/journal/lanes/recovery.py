"""What opening a journal may find, and what it does about it: a first start, damage, a rolled-back disk."""

from __future__ import annotations

import secrets
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from cloud_bridge.contract import PointsPostedV1, PostingV1, RightsMovedV1
from cloud_bridge.envelope import Position, seal
from cloud_bridge.topics import Lane
from edge_agent.clock import HybridClock
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes import second_copies
from edge_agent.journal.lanes.chain import TABLES, LaneState, lanes_in, place_of, sequence_in
from edge_agent.journal.lanes.events import Appender, AppenderState
from edge_agent.journal.lanes.gaps import Gaps
from edge_agent.journal.lanes.outbox import OutboxKeeping
from edge_agent.journal.values import Damage
from loyalty.ledger import member_of

REASON_LENGTH_MAX = 80
_LEDGER_MARKS = """SELECT s.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c ON c.name = 'place'
    WHERE s.type = 'table' AND s.name NOT IN ('events_ledger', 'events_telemetry', 'gaps', 'kept')"""
"""Tables that name ledger rows: all others with a column called ``place``. None (0) stands for no row."""


def load_state(connection: Statements, clock: HybridClock) -> AppenderState:
    """The newest incarnation and its lanes; the first one is made when there is none."""
    lanes = list(lanes_in(connection))
    if not lanes:
        return new_incarnation(connection, clock, reason="first start")
    for _, state in lanes:
        if state.hlc:
            clock.never_before(state.hlc)
    newest = lanes[-1][0]
    return AppenderState(
        newest.number, newest.incarnation, {key.lane: state for key, state in lanes if key.number == newest.number}
    )


def new_incarnation(connection: Statements, clock: HybridClock, *, reason: str) -> AppenderState:
    """Draw a new incarnation whose lanes are empty."""
    incarnation = secrets.token_hex(16)
    connection.execute(
        "INSERT INTO incarnations(incarnation, reason, began) VALUES (?, ?, ?)",
        (incarnation, reason[:REASON_LENGTH_MAX], clock.tick().hlc),
    )
    number = connection.execute("SELECT number FROM incarnations WHERE incarnation = ?", (incarnation,)).fetchone()[0]
    state = AppenderState(number, incarnation, {lane: LaneState() for lane in Lane})
    for lane, lane_state in state.lanes.items():
        save_lane(connection, number, lane, lane_state)
    return state


def save_lane(connection: Statements, number: int, lane: Lane, state: LaneState) -> None:
    """Write where a lane stands, in the transaction that moved it."""
    connection.execute(
        "INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            lane.value,
            state.hlc,
            state.head,
            state.head_hash,
            state.acked,
            state.acked_hash,
            state.pruned,
            state.pruned_hash,
        ),
    )


def save_head(connection: Statements, number: int, lane: Lane, state: LaneState) -> None:
    """Write the head alone: what nearly every commit moves."""
    connection.execute(
        "UPDATE lanes SET hlc = ?, head = ?, head_hash = ? WHERE number = ? AND lane = ?",
        (state.hlc, state.head, state.head_hash, number, lane.value),
    )


def mend(damage: Damage, state: LaneState, *, gaps: Gaps, outbox: OutboxKeeping) -> Damage | None:
    """Put a gap statement where rows are gone and return what it states; acknowledged rows need none."""
    if damage.last <= state.acked:
        gaps.remove_rows(damage.lane, place_of(damage.number, damage.first), place_of(damage.number, damage.last))
        outbox.cut(damage.lane, state, damage.last, damage.last_hash)
        return None
    first, before = damage.first, damage.before_hash
    if first <= state.acked:
        outbox.cut(damage.lane, state, state.acked, state.acked_hash)
        first, before = state.acked + 1, state.acked_hash
    stated = Damage(
        number=damage.number,
        incarnation=damage.incarnation,
        lane=damage.lane,
        first=first,
        last=damage.last,
        before_hash=before,
        last_hash=damage.last_hash,
        reason=damage.reason,
    )
    gaps.state(stated)
    state.lost_unacked += damage.last - first + 1
    return stated


def retell(connection: Statements, appender: Appender, damage: Damage) -> int:
    """Tell the cloud again what the books still know of lost rows; returns how many events that took.

    Bookings outlive the rows that told of them. A posting the cloud has after all is recognised by
    its id.
    """
    if damage.lane is not Lane.LEDGER:
        return 0
    first, last = place_of(damage.number, damage.first), place_of(damage.number, damage.last)
    told = _retell_people(connection, appender, first, last)
    told += _retell_postings(connection, appender, first, last) + _retell_rights(connection, appender, first, last)
    appender.flush()
    return told


def _retell_people(connection: Statements, appender: Appender, first: int, last: int) -> int:
    """Who joined, what is theirs, and coupons given out; before the points that move on their accounts."""
    rows = second_copies.lost(connection, first, last)
    for place, data in rows:
        again = appender.append(data, None)
        connection.execute("DELETE FROM second_copies WHERE place = ?", (place,))
        second_copies.keep(connection, place_of(appender.state.number, again.sequence), data)
    return len(rows)


def _retell_postings(connection: Statements, appender: Appender, first: int, last: int) -> int:
    """Postings, each with the rights that moved with it: without them the cloud would lease the points once more."""
    rows = connection.execute(
        """SELECT p.place, posting_id, debit, credit, p.points, rule, cause, lease, original
            FROM postings p LEFT JOIN movements ON movement = posting_id
            WHERE p.place BETWEEN ? AND ? ORDER BY p.place, posting_id""",
        (first, last),
    ).fetchall()
    told = 0
    for place, group in groupby(rows, key=itemgetter(0)):
        lost = list(group)
        _, _, debit, credit, _, rule, cause, _, _ = lost[0]
        member = member_of(credit) or member_of(debit)
        if member is None:
            continue
        postings = tuple(_posting(row, rule) for row in lost)
        again = appender.append(PointsPostedV1(cause=cause, member=member, rule=rule, postings=postings), None)
        new_place = place_of(appender.state.number, again.sequence)
        connection.execute("UPDATE postings SET place = ? WHERE place = ?", (new_place, place))
        told += 1
    return told


def _posting(row: tuple[Any, ...], rule: str) -> PostingV1:
    _, posting_id, debit, credit, points, own_rule, _, lease, original = row
    own = own_rule if own_rule != rule else None
    return PostingV1(id=posting_id, debit=debit, credit=credit, points=points, rule=own, lease=lease, original=original)


def _retell_rights(connection: Statements, appender: Appender, first: int, last: int) -> int:
    """Rights that moved without a posting: leases given back, coupons used."""
    rows = connection.execute(
        """SELECT place, movement, kind, member, currency, lease, points, original FROM movements
            WHERE place > 0 AND place BETWEEN ? AND ? ORDER BY place""",
        (first, last),
    ).fetchall()
    for place, movement, kind, member, currency, lease, points, original in rows:
        moved = RightsMovedV1(
            movement=movement,
            kind=kind,
            member=member,
            currency=currency,
            lease=lease,
            points=points,
            original=original,
        )
        again = appender.append(moved, None)
        new_place = place_of(appender.state.number, again.sequence)
        connection.execute("UPDATE movements SET place = ? WHERE place = ?", (new_place, place))
    return len(rows)


class Reissue:
    """Moves the unacknowledged rows of the incarnation in force into a new one, sealed anew.

    After a roll-back nobody knows which of them the cloud has already seen under the old names, and
    sending other bodies under names already used would quarantine the gateway. Under new names they
    are applied; postings among them that were applied before are recognised by their posting id.
    """

    def __init__(self, connection: Statements, appender: Appender, gaps: Gaps) -> None:
        self._connection = connection
        self._appender = appender
        self._gaps = gaps

    def run(self, reason: str) -> int:
        """Begin the new incarnation; returns how many rows moved into it."""
        self._appender.flush()
        old = self._appender.state.copy()
        new = new_incarnation(self._connection, self._appender.clock, reason=reason)
        moved = sum(self._move(lane, old, new) for lane in Lane)
        self._appender.state = new
        return moved

    def _move(self, lane: Lane, old: AppenderState, new: AppenderState) -> int:
        before, after = old.lanes[lane], new.lanes[lane]
        low = place_of(old.number, before.acked)
        rows = self._connection.execute(
            f"""SELECT place, body, NULL, NULL, NULL FROM {TABLES[lane]} WHERE place > :low AND place < :high
               UNION ALL SELECT place, NULL, last, last_hash, reason FROM gaps
                WHERE lane = :lane AND place > :low AND place < :high ORDER BY place""",  # noqa: S608
            {"low": low, "high": place_of(old.number + 1, 0), "lane": lane.value},
        ).fetchall()
        self._forget_old(lane, old)
        moved = 0
        for place, body, last, last_hash, reason in rows:
            sequence = sequence_in(place) - before.acked
            if body is None:
                self._move_gap(lane, new, sequence, last - before.acked, (last_hash, reason))
            else:
                self._move_row(lane, old, new, sequence, bytes(body))
                moved += 1
        after.hlc = before.hlc
        if lane is Lane.LEDGER:
            self._move_marks(low, place_of(new.number, 0) - low)
        save_lane(self._connection, new.number, lane, after)
        return moved

    def _move_row(self, lane: Lane, old: AppenderState, new: AppenderState, sequence: int, body: bytes) -> None:
        after = new.lanes[lane]
        event = orjson.loads(body)
        position = Position(
            gateway_id=self._appender.gateway_id,
            incarnation=new.incarnation,
            lane=lane.value,
            sequence=sequence,
            prevhash=after.head_hash,
            hlc=event["hlc"],
            time=event["time"],
            timequality=event["timequality"],
            traceparent=event["traceparent"],
        )
        data = event["data"]
        if "cause" in data:
            data["cause"] = self._renamed(data["cause"], old, new)
        sealed = seal(event["type"], data, position)
        self._connection.execute(
            f"INSERT INTO {TABLES[lane]} VALUES (?, ?)",  # noqa: S608
            (place_of(new.number, sequence), sealed.body),
        )
        after.head, after.head_hash = sequence, sealed.hash

    def _move_gap(self, lane: Lane, new: AppenderState, first: int, last: int, told: tuple[str, str]) -> None:
        after = new.lanes[lane]
        last_hash, reason = told
        self._gaps.state(
            Damage(
                number=new.number,
                incarnation=new.incarnation,
                lane=lane,
                first=first,
                last=last,
                before_hash=after.head_hash,
                last_hash=last_hash,
                reason=reason,
            )
        )
        after.head, after.head_hash = last, last_hash
        after.lost_unacked += last - first + 1

    def _renamed(self, event_id: str, old: AppenderState, new: AppenderState) -> str:
        """The new id of a ledger event that moved; any other stays."""
        prefix = f"{old.incarnation}/{Lane.LEDGER}/"
        acked = old.lanes[Lane.LEDGER].acked
        if not event_id.startswith(prefix) or int(event_id.removeprefix(prefix)) <= acked:
            return event_id
        return f"{new.incarnation}/{Lane.LEDGER}/{int(event_id.removeprefix(prefix)) - acked}"

    def _forget_old(self, lane: Lane, old: AppenderState) -> None:
        """The old lane ends at its acknowledged head; what is acknowledged is pruned."""
        state = old.lanes[lane]
        OutboxKeeping(self._connection, self._appender, self._gaps).cut(lane, state, state.acked, state.acked_hash)
        low, high = place_of(old.number, state.acked), place_of(old.number + 1, 0)
        self._connection.execute(f"DELETE FROM {TABLES[lane]} WHERE place > ? AND place < ?", (low, high))  # noqa: S608
        self._connection.execute("DELETE FROM gaps WHERE lane = ? AND place > ? AND place < ?", (lane.value, low, high))
        state.head, state.head_hash, state.lost_unacked = state.acked, state.acked_hash, 0
        save_lane(self._connection, old.number, lane, state)

    def _move_marks(self, low: int, shift: int) -> None:
        for (table,) in self._connection.execute(_LEDGER_MARKS).fetchall():
            self._connection.execute(
                f"UPDATE {table} SET place = place + ? WHERE place > ?",  # noqa: S608
                (shift, low),
            )
