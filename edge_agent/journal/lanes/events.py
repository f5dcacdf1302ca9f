"""Events in their lanes: sealing and appending them, and reading them back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from pydantic import BaseModel

from cloud_bridge.contract import EVENT_TYPES
from cloud_bridge.envelope import ATTRIBUTE_BYTES_MAX, EVENT_BYTES_MAX, EnvelopeError, LaneSealer, Unsealed
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import SEQUENCE_MAX
from cloud_bridge.topics import Lane
from edge_agent.clock import HybridClock, Stamp
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes.chain import TABLES, LaneState, number_in, place_of, seal_of, sequence_in
from edge_agent.journal.values import JournalError, Recorded, SetAside, TailRow

_INSERT = {lane: f"INSERT INTO {table} VALUES (?, ?)" for lane, table in TABLES.items()}  # noqa: S608
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")
_TRACES_DRAWN = 64


class Query:
    """A connection to ask."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def place(self, event_id: str) -> int:
        """The place of an event. Raises :class:`JournalError` for what is no event of this journal."""
        incarnation, _, rest = event_id.partition("/")
        row = self._connection.execute(
            "SELECT number FROM incarnations WHERE incarnation = ?", (incarnation,)
        ).fetchone()
        sequence = rest.partition("/")[2]
        if row is None or not sequence.isdecimal():
            raise JournalError("no event of this journal", place=event_id[:120], remedy="Report this as a bug")
        return place_of(row[0], int(sequence))

    def _incarnation(self, number: int) -> str:
        row = self._connection.execute("SELECT incarnation FROM incarnations WHERE number = ?", (number,)).fetchone()
        return str(row[0])

    def _event_id(self, place: int) -> str:
        """The id of a ledger event by its place."""
        return f"{self._incarnation(number_in(place))}/{Lane.LEDGER}/{sequence_in(place)}"


class EventQueries(Query):
    """Reading events of the lanes."""

    def undecided(self, limit: int) -> list[Recorded]:
        """Facts recorded but not decided, oldest first, without those set aside."""
        return self._events(
            "SELECT place, attempts FROM undecided WHERE set_aside IS NULL ORDER BY place LIMIT ?", (limit,)
        )

    def media_to_settle(self, awaits: str, limit: int) -> list[str]:
        """Media that facts wait for under ``awaits`` and that the replica can now give to a member."""
        rows = self._connection.execute(
            """SELECT DISTINCT key FROM deferred JOIN replica_media ON medium = key JOIN replica_members USING (member)
                WHERE awaits = ? ORDER BY key LIMIT ?""",
            (awaits, limit),
        )
        return [medium for (medium,) in rows]

    def deferred_for(self, awaits: str, key: str) -> list[Recorded]:
        """Facts that waited for ``key``, oldest first."""
        return self._events("SELECT place, 0 FROM deferred WHERE awaits = ? AND key = ? ORDER BY place", (awaits, key))

    def set_asides(self, limit: int) -> list[SetAside]:
        """Facts whose decision kept failing, oldest first."""
        rows = self._connection.execute(
            "SELECT place, attempts, set_aside FROM undecided WHERE set_aside IS NOT NULL ORDER BY place LIMIT ?",
            (limit,),
        ).fetchall()
        return [
            SetAside(self._event_id(place), orjson.loads(self._body(place) or b"{}").get("type", "?"), attempts, reason)
            for place, attempts, reason in rows
        ]

    def tail(self, lane: Lane, limit: int) -> list[TailRow]:
        """The newest rows of a lane, oldest of them first."""
        rows = self._connection.execute(
            f"""SELECT place, body, incarnation, acked FROM {TABLES[lane]}
                JOIN incarnations ON number = place >> 32 JOIN lanes USING (number)
                WHERE lane = ? ORDER BY place DESC LIMIT ?""",  # noqa: S608
            (lane.value, limit),
        ).fetchall()
        return [
            TailRow(incarnation, lane, sequence_in(place), "acked" if sequence_in(place) <= acked else "queued", body)
            for place, body, incarnation, acked in reversed(rows)
        ]

    def _events(self, sql: str, parameters: tuple[object, ...]) -> list[Recorded]:
        found = []
        for place, attempts in self._connection.execute(sql, parameters).fetchall():
            body = self._body(place)
            recorded = parse_recorded(body, attempts=attempts) if body else None
            if recorded is not None:
                found.append(recorded)
        return found

    def _body(self, place: int) -> bytes | None:
        """A ledger event's body, whole, also when its row was pruned while something still waited for it."""
        for table in (TABLES[Lane.LEDGER], "kept"):
            row = self._connection.execute(f"SELECT body FROM {table} WHERE place = ?", (place,)).fetchone()  # noqa: S608
            if row is not None:
                return bytes(row[0]) if seal_of(row[0]) else None
        return None


def parse_recorded(body: bytes, *, attempts: int = 0) -> Recorded | None:
    """Read a sealed event back; ``None`` for a type that this version does not know."""
    event = orjson.loads(body)
    kind = EVENT_TYPES.get(event["type"])
    if kind is None:
        return None
    return Recorded(
        event_id=event["id"],
        lane=Lane(event["lane"]),
        sequence=event["sequence"],
        incarnation=event["incarnation"],
        hlc=event["hlc"],
        traceparent=event["traceparent"],
        data=kind.model_validate(event["data"]),
        attempts=attempts,
    )


@dataclass(slots=True)
class AppenderState:
    """What a rollback must bring back: the incarnation in force and its lanes."""

    number: int
    incarnation: str
    lanes: dict[Lane, LaneState]

    def copy(self) -> AppenderState:
        return AppenderState(self.number, self.incarnation, {lane: state.copy() for lane, state in self.lanes.items()})


class Appender:
    """Puts events behind the heads of their lanes; seals them and hands them to SQLite many at a time.

    What one unit of work records happened at one instant, for one cause: the clock is read and a
    trace begun once a unit.
    """

    def __init__(self, connection: Statements, state: AppenderState, *, gateway_id: str, clock: HybridClock) -> None:
        self.gateway_id = gateway_id
        self.clock = clock
        self._connection = connection
        self._rows: dict[Lane, list[Unsealed]] = {lane: [] for lane in Lane}
        self._traces = _Traces()
        self._stamp: Stamp | None = None
        self._trace = ""
        self._sealed_as = ""
        self._sealers: dict[Lane, LaneSealer] = {}
        self.state = state

    def begin_unit(self) -> None:
        """What is appended from here on happens now."""
        self._stamp = None

    def append(self, data: EventData, traceparent: str | None) -> Recorded:
        """Give an event its place. Raises ``EnvelopeError`` when it is too large."""
        lane, incarnation = data.lane, self.state.incarnation
        state = self.state.lanes[lane]
        sequence = state.head + 1
        if sequence > SEQUENCE_MAX:
            raise JournalError(
                f"the {lane} lane is at its last sequence", place=incarnation, remedy="Begin a new incarnation"
            )
        if incarnation != self._sealed_as:
            self._prepare(incarnation)
        payload = canonical(data)
        if len(payload) > EVENT_BYTES_MAX - ATTRIBUTE_BYTES_MAX:
            raise EnvelopeError(f"{data.type} is {len(payload)} bytes; at most {EVENT_BYTES_MAX} are carried")
        stamp = self._stamp
        if stamp is None:
            stamp = self._stamp = self.clock.tick()
            self._trace = self._traces.draw()
            hlc = stamp.hlc
        else:
            hlc = self.clock.tick_again()
        if traceparent is None or not _TRACEPARENT.match(traceparent):
            traceparent = self._trace
        self._rows[lane].append((payload, data.type, sequence, hlc, stamp.time, stamp.timequality, traceparent))
        state.head, state.hlc = sequence, hlc
        return Recorded(f"{self._sealers[lane].prefix}{sequence}", lane, sequence, incarnation, hlc, traceparent, data)

    def flush(self) -> None:
        """Seal and write what was appended since the last flush."""
        for lane, rows in self._rows.items():
            if rows:
                state = self.state.lanes[lane]
                state.head_hash, bodies = self._sealers[lane].seal(state.head_hash, rows)
                places = range(place_of(self.state.number, rows[0][2]), place_of(self.state.number, state.head + 1))
                rows.clear()
                self._connection.executemany(_INSERT[lane], zip(places, bodies, strict=True))

    def forget(self) -> None:
        """Drop what was appended and not yet written; its savepoint is being rolled back."""
        for rows in self._rows.values():
            rows.clear()

    def lanes(self) -> Iterator[tuple[Lane, LaneState]]:
        return iter(self.state.lanes.items())

    def _prepare(self, incarnation: str) -> None:
        self._sealed_as = incarnation
        self._sealers = {
            lane: LaneSealer(gateway_id=self.gateway_id, incarnation=incarnation, lane=lane.value) for lane in Lane
        }


def canonical(data: EventData) -> bytes:
    """The RFC 8785 form of a payload, fields that are ``None`` left out.

    Reads the validated fields directly: they are text, integers and tuples, which need no
    conversion, and this is done for every row.
    """
    fields = data.__dict__
    if None in fields.values():
        fields = _fields(data)
    return orjson.dumps(fields, default=_fields, option=orjson.OPT_SORT_KEYS)


def _fields(model: BaseModel) -> dict[str, object]:
    return {name: value for name, value in model.__dict__.items() if value is not None}


class _Traces:
    """Trace contexts, their random bits drawn from the system in bulk."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def draw(self) -> str:
        if not self._drawn:
            bits = os.urandom(_TRACES_DRAWN * 24).hex()
            self._drawn = [f"00-{bits[at : at + 32]}-{bits[at + 32 : at + 48]}-01" for at in range(0, len(bits), 48)]
        return self._drawn.pop()


def new_traceparent() -> str:
    """A W3C trace context for something that began here."""
    bits = os.urandom(24).hex()
    return f"00-{bits[:32]}-{bits[32:]}-01"
