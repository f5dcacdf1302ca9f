"""A journal on a bench: opened, cut off and damaged at will, with time that moves when told to."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from cloud_bridge.contract import CardTappedV1, PointsPostedV1, PostingV1, ScreenShownV1
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import Ack, Head
from cloud_bridge.replica import ReplicaMedium, ReplicaMember, ReplicaProgramme, ReplicaStep
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import OutboxRow
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.journal import Journal, JournalSettings, Recorded, Transaction
from loyalty.identifiers import EventId, MemberId, PostingId
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available

SECRET = b"s" * 32
BYTES_MAX = 256 * 1024
ELSEWHERE = "f" * 32


class Hands:
    """Time that moves when told to."""

    def __init__(self, *, days: int = 30) -> None:
        self.wall_ns = (BUILD_DATE_MS + days * 86_400_000) * 1_000_000
        self.elapsed_ns = 1_000_000_000
        self.synchronised = True

    def pass_ms(self, ms: int) -> None:
        self.wall_ns += ms * 1_000_000
        self.elapsed_ns += ms * 1_000_000

    def clock(self, *, floor_ms: int = BUILD_DATE_MS) -> HybridClock:
        return HybridClock(
            lambda: self.wall_ns, lambda: self.elapsed_ns, floor_ms, lambda: self.synchronised, boot_id="bench"
        )


def tap(number: int) -> CardTappedV1:
    return CardTappedV1(reader="reader-1", medium=f"{number:032x}", technology="nfc", trust="weak")


def shown(number: int) -> ScreenShownV1:
    return ScreenShownV1(kiosk="kiosk-1", screen="greeting", latency_us=number)


def posting(name: str, member: str, points: int) -> Posting:
    account = available(MemberId(member))
    debit, credit = (PROGRAMME_ISSUED, account) if points > 0 else (account, PROGRAMME_ISSUED)
    return Posting(PostingId(name.encode().hex().zfill(32)), debit, credit, abs(points), Rule.SPEND, EventId("cause"))


def posted(*postings: Posting, member: str) -> PointsPostedV1:
    return PointsPostedV1(
        cause="cause",
        member=member,
        rule="spend",
        postings=tuple(PostingV1(id=p.posting_id, debit=p.debit, credit=p.credit, points=p.points) for p in postings),
    )


def settings(path: Path, **changes: Any) -> JournalSettings:
    chosen: dict[str, Any] = {"path": path / "journal.db", "gateway_id": "store-1", "secret": SECRET}
    return JournalSettings(**(chosen | {"ballast_bytes": 0} | changes))


@asynccontextmanager
async def opened(path: Path, hands: Hands | None = None, **changes: Any) -> AsyncIterator[Journal]:
    journal = Journal.open(settings(path, **changes), clock=(hands or Hands()).clock())
    try:
        yield journal
    finally:
        await journal.close()


async def record(journal: Journal, *events: EventData, undecided: bool = False) -> list[Recorded]:
    def unit(tx: Transaction) -> list[Recorded]:
        return [tx.record(event, undecided=undecided) for event in events]

    return await journal.write(unit)


async def post(journal: Journal, name: str, member: str, points: int) -> Recorded:
    """Post points as a decision does: the event and the booking in one unit."""

    def unit(tx: Transaction) -> Recorded:
        booked = posting(name, member, points)
        recorded = tx.record(posted(booked, member=member))
        tx.post([booked], recorded)
        return recorded

    return await journal.write(unit)


async def queue(journal: Journal, lane: Lane = Lane.LEDGER) -> list[OutboxRow]:
    """Everything an uplink would send now."""
    found: list[OutboxRow] = []
    after = None
    while rows := await journal.unsent(lane, after=after, events_max=100, bytes_max=BYTES_MAX):
        found += rows
        after = place_after(rows[-1])
    return found


def place_after(row: OutboxRow) -> Any:
    from cloud_bridge.uplink.outbox import Place

    event = orjson.loads(row.body)
    last = event["data"]["last"] if event["type"] == "regulars.journal.gap.v1" else row.sequence
    return Place(row.incarnation, last)


async def acknowledge(journal: Journal, sequence: int, lane: Lane = Lane.LEDGER, *, rows: list[OutboxRow]) -> Any:
    """What the cloud says after it applied ``rows`` up to ``sequence``."""
    return await journal.acknowledge(
        Ack(incarnation=journal.incarnation, lanes={lane: Head(sequence=sequence, hash=hash_at(rows, sequence))})
    )


def hash_at(rows: list[OutboxRow], sequence: int) -> str:
    for row in rows:
        event = orjson.loads(row.body)
        if event["type"] == "regulars.journal.gap.v1" and event["data"]["last"] == sequence:
            return str(event["data"]["last_hash"])
        if row.sequence == sequence:
            return str(event["hash"])
    raise LookupError(sequence)


def step(
    *,
    first: int = 0,
    last: int = 1,
    latest: int | None = None,
    members: dict[str, int] | None = None,
    media: dict[str, str | None] | None = None,
    **changes: Any,
) -> ReplicaStep:
    chosen: dict[str, Any] = {
        "epoch": "one",
        "from_version": first,
        "to_version": last,
        "latest_version": last if latest is None else latest,
        "as_of": "2026-07-01T12:00:00Z",
        "incarnation": ELSEWHERE,
        "programme": ReplicaProgramme(
            name="Tea", currency="CNY", points=1, per_minor=100, minimum_minor=0, version=last
        ),
        "members": tuple(
            ReplicaMember(member=member, name=member.title(), balance=points, version=last)
            for member, points in (members or {}).items()
        ),
        "media": tuple(
            ReplicaMedium(medium=medium, member=member, version=last) for medium, member in (media or {}).items()
        ),
    }
    return ReplicaStep(**(chosen | changes))


def tamper(path: Path, sql: str, *parameters: Any) -> int:
    """Change the file behind the journal's back; returns how many rows were hit."""
    connection = sqlite3.connect(path / "journal.db", isolation_level=None)
    try:
        return connection.execute(sql, parameters).rowcount
    finally:
        connection.close()
