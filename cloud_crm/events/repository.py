"""SQL about events. Bodies are kept as received: the canonical form whose SHA-256 is the event's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, func, select

from cloud_bridge.contract import JournalGapV1
from cloud_bridge.landing.batches import Received
from cloud_crm.database import insert_many
from cloud_crm.events.tables import events
from cloud_crm.gateways.tables import streams

_SCAN_ROWS_MAX = 100_000
_TAILS_MAX = 8
_COLUMNS = ("stream_id", "sequence", "type", "body")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event and where it landed; ``sealed`` is the JSON object as the gateway sent it."""

    position: int
    gateway_id: str
    lane: str
    sequence: int
    type: str
    sealed: bytes


def keep(connection: Connection, stream_id: int, received: Sequence[Received]) -> None:
    """Store events of one stream."""
    insert_many(
        connection, events, _COLUMNS, [(stream_id, event.sequence, event.type, event.body) for event in received]
    )


def hashes(connection: Connection, stream_id: int, first: int, last: int) -> dict[int, str]:
    """Hashes of stored events by sequence, computed from what is stored; gap statements left out."""
    rows = connection.execute(
        select(events.c.sequence, events.c.body).where(
            events.c.stream_id == stream_id,
            events.c.sequence.between(first, last),
            events.c.type != JournalGapV1.type,
        )
    )
    return {row.sequence: hashlib.sha256(row.body).hexdigest() for row in rows}


def after(
    connection: Connection, *, position: int, limit: int, gateway_id: str | None
) -> tuple[list[StoredEvent], int]:
    """Events that landed after a position, oldest first, and the position to go on from.

    One call looks at a bounded stretch of the table, so that a quiet store among busy ones costs no
    full scan: fewer events than ``limit`` (or none) with a later position mean "ask again from there".
    """
    until = min(position + _SCAN_ROWS_MAX, latest_position(connection))
    if until <= position:
        return [], position
    query = _joined().where(events.c.position.between(position + 1, until)).order_by(events.c.position).limit(limit)
    if gateway_id is not None:
        query = query.where(streams.c.gateway_id == gateway_id)
    found = [_event(row) for row in connection.execute(query)]
    return found, found[-1].position if len(found) == limit else until


def latest_position(connection: Connection) -> int:
    """The position of the event that landed last; 0 before the first."""
    return int(connection.scalar(select(func.max(events.c.position))) or 0)


def newest(connection: Connection, gateway_id: str, *, limit: int) -> list[StoredEvent]:
    """A gateway's latest events, newest first: the tails of its latest streams, merged."""
    stream_ids = connection.scalars(
        select(streams.c.stream_id)
        .where(streams.c.gateway_id == gateway_id)
        .order_by(streams.c.stream_id.desc())
        .limit(_TAILS_MAX)
    ).all()
    found: list[StoredEvent] = []
    for stream_id in stream_ids:
        tail = _joined().where(events.c.stream_id == stream_id).order_by(events.c.sequence.desc()).limit(limit)
        found += [_event(row) for row in connection.execute(tail)]
    found.sort(key=lambda event: -event.position)
    return found[:limit]


def _joined() -> Select[int, str, str, int, str, bytes]:
    return select(
        events.c.position,
        streams.c.gateway_id,
        streams.c.lane,
        events.c.sequence,
        events.c.type,
        events.c.body,
    ).join_from(events, streams, events.c.stream_id == streams.c.stream_id)


def _event(row: Row[int, str, str, int, str, bytes]) -> StoredEvent:
    position, gateway_id, lane, sequence, kind, body = row
    digest = hashlib.sha256(body).hexdigest().encode()
    return StoredEvent(position, gateway_id, lane, sequence, kind, b'%b,"hash":"%b"}' % (body[:-1], digest))
