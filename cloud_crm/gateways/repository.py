"""SQL about gateways and their streams. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, case, func, insert, literal, select, update

from cloud_bridge.landing.store import Landed, Stream
from cloud_crm.gateways.tables import gaps, gateways, streams

GAPS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One lane of one incarnation, as stored."""

    stream_id: int
    gateway_id: str
    incarnation: str
    lane: str
    high: int
    hash: str
    received: int
    duplicates: int
    lost: int


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """What is known of one gateway; ``hello`` is the JSON of its last greeting."""

    gateway_id: str
    store_name: str
    presence: str
    presence_at: str | None
    heard_at: str | None
    incarnation: str | None
    hello: str | None
    replica_epoch: str
    replica_sent: int
    replica_applied: int


def enrol(connection: Connection, stores: Iterable[tuple[str, str]]) -> None:
    """Make each ``(gateway_id, store_name)`` known, or give it its present name."""
    known = set(connection.scalars(select(gateways.c.gateway_id)))
    for gateway_id, store_name in stores:
        if gateway_id in known:
            connection.execute(
                update(gateways).where(gateways.c.gateway_id == gateway_id).values(store_name=store_name)
            )
        else:
            connection.execute(insert(gateways).values(gateway_id=gateway_id, store_name=store_name))


def every_gateway(connection: Connection) -> list[GatewayRow]:
    """All gateways, by id."""
    rows = connection.execute(select(gateways).order_by(gateways.c.gateway_id))
    return [_gateway(row) for row in rows]


def find_gateway(connection: Connection, gateway_id: str) -> GatewayRow | None:
    """One gateway, or ``None``."""
    row = connection.execute(select(gateways).where(gateways.c.gateway_id == gateway_id)).one_or_none()
    return None if row is None else _gateway(row)


def keep_hello(connection: Connection, gateway_id: str, *, incarnation: str, hello: str, at: str) -> None:
    """Keep what a gateway says of itself, and that it is there."""
    values = {"incarnation": incarnation, "hello": hello, "heard_at": at, "presence": "online"}
    presence_at = case((gateways.c.presence == "online", gateways.c.presence_at), else_=literal(at))
    connection.execute(
        update(gateways).where(gateways.c.gateway_id == gateway_id).values(presence_at=presence_at, **values)
    )


def keep_presence(connection: Connection, gateway_id: str, *, online: bool, at: str) -> None:
    """Keep whether a gateway is connected, and since when."""
    state = "online" if online else "offline"
    connection.execute(
        update(gateways)
        .where(gateways.c.gateway_id == gateway_id, gateways.c.presence != state)
        .values(presence=state, presence_at=at)
    )


def keep_applied(connection: Connection, gateway_id: str, *, epoch: str, version: int, at: str) -> None:
    """Keep the replica version that is durable at a gateway."""
    connection.execute(
        update(gateways)
        .where(gateways.c.gateway_id == gateway_id)
        .values(replica_epoch=epoch, replica_applied=version, heard_at=at)
    )


def keep_sent(connection: Connection, gateway_id: str, version: int) -> None:
    """Keep the replica version last sent to a gateway."""
    connection.execute(update(gateways).where(gateways.c.gateway_id == gateway_id).values(replica_sent=version))


def find_stream(connection: Connection, stream: Stream) -> StreamRow | None:
    """A stream's row, locked until the transaction ends where the database can; ``None`` if unseen."""
    row = connection.execute(
        select(streams)
        .where(
            streams.c.gateway_id == stream.gateway_id,
            streams.c.incarnation == stream.incarnation,
            streams.c.lane == stream.lane.value,
        )
        .with_for_update()
    ).one_or_none()
    return None if row is None else _stream(row)


def read_streams(connection: Connection, gateway_ids: Sequence[str]) -> list[StreamRow]:
    """All streams of some gateways, oldest first; no lock."""
    rows = connection.execute(
        select(streams).where(streams.c.gateway_id.in_(gateway_ids)).order_by(streams.c.stream_id)
    )
    return [_stream(row) for row in rows]


def advance_stream(connection: Connection, landed: Landed, known: StreamRow | None) -> int:
    """Set a stream's head and add to its counts; ``known`` is its row so far. Returns its ``stream_id``."""
    lost = sum(loss.last - loss.first + 1 for loss in landed.losses)
    received = len(landed.events) - len(landed.losses)
    head = {"high": landed.head.sequence, "hash": landed.head.hash}
    if known is None:
        place = {
            "gateway_id": landed.stream.gateway_id,
            "incarnation": landed.stream.incarnation,
            "lane": landed.stream.lane.value,
        }
        counts = {"received": received, "duplicates": landed.duplicates, "lost": lost}
        added = insert(streams).values(**place, **head, **counts).returning(streams.c.stream_id)
        return int(connection.execute(added).scalar_one())
    connection.execute(
        update(streams)
        .where(streams.c.stream_id == known.stream_id)
        .values(
            **head,
            received=known.received + received,
            duplicates=known.duplicates + landed.duplicates,
            lost=known.lost + lost,
        )
    )
    return known.stream_id


def keep_heard(connection: Connection, gateway_id: str, at: str) -> None:
    """Keep when something of a gateway last arrived."""
    connection.execute(update(gateways).where(gateways.c.gateway_id == gateway_id).values(heard_at=at))


def add_gaps(connection: Connection, stream_id: int, landed: Landed, at: str) -> None:
    """Keep the losses that a gateway signed for."""
    rows = [
        {"stream_id": stream_id, "first": loss.first, "last": loss.last, "reason": loss.reason, "at": at}
        for loss in landed.losses
    ]
    if rows:
        connection.execute(insert(gaps), rows)


def lost_by_reason(connection: Connection, stream_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Lost rows per stream and reason."""
    count: Select[int, str, int] = (
        select(gaps.c.stream_id, gaps.c.reason, func.sum(gaps.c.last - gaps.c.first + 1))
        .where(gaps.c.stream_id.in_(stream_ids))
        .group_by(gaps.c.stream_id, gaps.c.reason)
    )
    found: dict[int, dict[str, int]] = {}
    for stream_id, reason, rows in connection.execute(count):
        found.setdefault(stream_id, {})[reason] = int(rows)
    return found


def _gateway(row: Row[*tuple[object, ...]]) -> GatewayRow:
    return GatewayRow(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping


def _stream(row: Row[*tuple[object, ...]]) -> StreamRow:
    return StreamRow(**row._mapping)  # noqa: SLF001
