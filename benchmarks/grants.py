"""How many grants a second the cloud makes, on each database, beside the bare transaction that any grant must be."""

from __future__ import annotations

import argparse
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import text

from cloud_crm.clock import rfc3339, system_clock
from cloud_crm.database import Database
from cloud_crm.rights import standings
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from loyalty.identifiers import GatewayId, MemberId
from loyalty.rights.movements import Incarnation
from loyalty.rights.standing import Standing
from tests.postgres import PostgresServer, server_programs

describe = "grants of rights a second on SQLite and PostgreSQL, beside a bare UPDATE and commit"

HOME = GatewayId("store-1")
POINTS_EACH = 1_000_000
BATCH = 100
"""Members whose facts land in one transaction."""
GRANTS_PER_S_MIN = 100


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks grants", description=describe)
    parser.add_argument("--grants", type=int, default=2_000)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--threads", type=int, default=8, help="at once on PostgreSQL; SQLite has one writer anyway")
    asked = parser.parse_args(argv)
    result: dict[str, Any] = {"grants": asked.grants, "members": asked.members, "threads": asked.threads}
    for name, opened in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        if name == "postgresql" and server_programs() is None:
            result[name] = "not installed"
            continue
        with opened() as database:
            result[name] = _measure(database, asked.grants, asked.members, asked.threads)
    figures = [
        (name, result[name]["grants_per_s"])
        for name in ("sqlite", "postgresql")
        if name in result and isinstance(result[name], dict)
    ]
    result["targets"] = [
        {"figure": f"{name} grants_per_s", "min": GRANTS_PER_S_MIN, "value": value, "met": value >= GRANTS_PER_S_MIN}
        for name, value in figures
    ]
    return result


def _measure(database: Database, grants: int, members: int, threads: int) -> dict[str, Any]:
    database.prepare()
    names = [MemberId(f"m{number}") for number in range(members)]
    at = rfc3339(system_clock())
    with database.write() as connection:
        standings.alone(connection, HOME)
        standings.keep(connection, HOME, Standing(Incarnation("a" * 32)), at=at)
        books = RightsBooks(connection, RightsTerms(), at=at)
        books.open([points_of(name) for name in names], [HOME])
        for name in names:
            books.issue(points_of(name), POINTS_EACH)
        books.save()
        connection.execute(text("CREATE TABLE peer (id INTEGER PRIMARY KEY, avail INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO peer (id, avail) VALUES (:id, 0)"), [{"id": n} for n in range(members)])

    def grant(number: int) -> None:
        with database.write() as connection:
            mine = RightsBooks(connection, RightsTerms(), at=at)
            key = points_of(names[number % members])
            mine.open([key], [HOME])
            if mine.lease(key, HOME, 1) is not None:
                raise RuntimeError("a grant was refused")
            mine.save()

    def grant_many(_: int) -> None:
        with database.write() as connection:
            mine = RightsBooks(connection, RightsTerms(), at=at)
            keys = [points_of(name) for name in names[:BATCH]]
            mine.open(keys, [HOME])
            for key in keys:
                mine.lease(key, HOME, 1)
            mine.save()

    def bare(number: int) -> None:
        with database.write() as connection:
            connection.execute(text("UPDATE peer SET avail = avail + 1 WHERE id = :id"), {"id": number % members})

    workers = 1 if database.is_sqlite else threads
    bare_s, grant_s = (_timed(work, grants, workers) for work in (bare, grant))
    batches = max(1, grants // BATCH)
    many_s = _timed(grant_many, batches, 1)
    with database.read() as connection:
        held = int(connection.execute(text("SELECT sum(held) FROM rights_holdings")).scalar_one())
        avail = int(connection.execute(text("SELECT sum(avail) FROM rights_accounts")).scalar_one())
    return {
        "grants_per_s": round(grants / grant_s),
        "grants_per_s_landing": round(batches * min(BATCH, members) / many_s),
        "bare_updates_per_s": round(grants / bare_s),
        "ratio": round(bare_s / grant_s, 3),
        "threads": workers,
        "granted": held,
        "lost_or_made": held + avail - members * POINTS_EACH,
    }


def _timed(work: Callable[[int], None], times: int, workers: int) -> float:
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))  # connections are open and statements compiled
        began = perf_counter()
        list(pool.map(work, range(times)))
        return perf_counter() - began


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder)}/cloud.db")
        yield database
        database.close()


@contextmanager
def _postgresql() -> Iterator[Database]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with PostgresServer(port, durable=True) as server:
        database = Database(server.new_database())
        yield database
        database.close()
