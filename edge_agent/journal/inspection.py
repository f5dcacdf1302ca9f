"""Looking at a journal from outside, read-only, also while its gateway runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cloud_bridge.receipts import Head, LaneFigures
from cloud_bridge.topics import Lane
from edge_agent.clock import HybridClock
from edge_agent.journal.books import to_ms
from edge_agent.journal.database import Statements, open_reader, unreadable
from edge_agent.journal.floor.alerts import KeptAlert, KeptPush
from edge_agent.journal.lanes import outbox
from edge_agent.journal.lanes.chain import lanes_in, verify_chains
from edge_agent.journal.transaction import Reader
from edge_agent.journal.values import Counts, SetAside, TailRow, VerifyReport
from loyalty.ledger import digest

SET_ASIDES_MAX = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournalStats:
    """What a journal holds. ``postings_digest`` equals the cloud's when both ledgers agree."""

    gateway_id: str
    incarnation: str
    incarnations: int
    bytes: int
    lanes: dict[Lane, LaneFigures]
    heads: dict[Lane, Head]
    counts: Counts
    set_aside: tuple[SetAside, ...]
    postings_digest: str
    points_issued: int
    replica_version: int


def verify_file(path: Path) -> VerifyReport:
    """Look at every row of a journal. Raises :class:`JournalError` for what is no readable journal."""
    return _asking(path, verify_chains)


def stats_file(path: Path, *, clock: HybridClock) -> JournalStats:
    """Count what is in a journal. Raises :class:`JournalError`."""
    return _asking(path, lambda connection: _stats(connection, path, to_ms(clock.now())))


def tail_file(path: Path, lane: Lane, limit: int) -> list[TailRow]:
    """The newest rows of a lane, oldest of them first. Raises :class:`JournalError`."""
    return _asking(path, lambda connection: Reader(connection).tail(lane, limit))


def alerts_file(path: Path) -> dict[KeptAlert, list[KeptPush]]:
    """Every open alert with its messages. Raises :class:`JournalError`."""

    def look(connection: Statements) -> dict[KeptAlert, list[KeptPush]]:
        reader = Reader(connection)
        return {alert: reader.pushes_of(alert.id) for alert in reader.open_alerts()}

    return _asking(path, look)


def _stats(connection: Statements, path: Path, now_ms: int) -> JournalStats:
    reader = Reader(connection)
    postings = list(reader.postings())
    gateway_id, incarnation, incarnations = connection.execute(
        """SELECT gateway_id, (SELECT incarnation FROM incarnations ORDER BY number DESC LIMIT 1),
            (SELECT count(*) FROM incarnations) FROM identity"""
    ).fetchone()
    return JournalStats(
        gateway_id=gateway_id,
        incarnation=incarnation,
        incarnations=incarnations,
        bytes=path.stat().st_size,
        lanes=outbox.figures(connection, now_ms=now_ms),
        heads={
            key.lane: Head(sequence=state.head, hash=state.head_hash)
            for key, state in lanes_in(connection)
            if key.incarnation == incarnation
        },
        counts=reader.counts(),
        set_aside=tuple(reader.set_asides(SET_ASIDES_MAX)),
        postings_digest=digest(postings),
        points_issued=reader.points_issued(),
        replica_version=reader.replica_cursor().version,
    )


def _asking(path: Path, question: Callable[[Statements], T]) -> T:
    connection = open_reader(path)
    try:
        connection.execute("BEGIN")
        return question(connection)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    finally:
        connection.close()
