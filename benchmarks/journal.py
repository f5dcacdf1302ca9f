"""How many events a second the journal makes durable, beside what SQLite does with bare rows of the same size."""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from cloud_bridge.contract import CardTappedV1
from cloud_bridge.topics import Lane
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings, Recorded, Transaction
from edge_agent.journal.committer import Committer

describe = "durable events a second, hash chain and JSON included, beside bare SQLite rows (WAL, synchronous=FULL)"

BATCHES = (1, 10, 100)
WARM_UP_ROWS = 1_200
TARGETS = {1: 0.9, 100: 0.6}
_TAP = CardTappedV1(reader="front-reader", medium="ab" * 16, technology="iso14443a", trust="weak")


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks journal", description=describe)
    parser.add_argument("--slices", type=int, default=40, help="turns that the journal and bare SQLite take")
    parser.add_argument("--slice-s", type=float, default=0.1, help="length of one turn, in seconds")
    parser.add_argument("--dir", default=None, help="folder on the disk to measure (default: a temporary one)")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=asked.dir, prefix="regulars-bench-") as folder:
        batches = [_compare(Path(folder), batch, asked.slices, asked.slice_s) for batch in BATCHES]
        awaited = asyncio.run(_awaited(Path(folder), asked.slices * asked.slice_s / 4))
    targets = [
        {
            "batch": row["batch"],
            "ratio_min": TARGETS[row["batch"]],
            "ratio": row["ratio"],
            "met": row["ratio"] >= TARGETS[row["batch"]],
        }
        for row in batches
        if row["batch"] in TARGETS
    ]
    return {"batches": batches, "awaited": awaited, "targets": targets}


class _Bare:
    """The limit: the same disk, the same durability, rows of the same size, and nothing else."""

    def __init__(self, path: Path, row_bytes: int, batch: int) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE rows(place INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        self._rows = [(None, b"x" * row_bytes)] * batch

    def commit(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        if len(self._rows) == 1:
            self._connection.execute("INSERT INTO rows VALUES (?, ?)", self._rows[0])
        else:
            self._connection.executemany("INSERT INTO rows VALUES (?, ?)", self._rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class _Sealed:
    """The journal's own writing path: one unit of work that records ``batch`` events."""

    def __init__(self, path: Path, batch: int) -> None:
        self._committer = Committer(_settings(path), clock=system_clock())
        self._batch = batch
        self.commit()

    def _unit(self, tx: Transaction) -> None:
        for _ in range(self._batch):
            tx.record(_TAP)

    def commit(self) -> None:
        (outcome,) = self._committer.commit([self._unit])
        if outcome.error is not None:
            raise outcome.error

    def row_bytes(self) -> int:
        (newest,) = self._committer.commit([lambda tx: tx.tail(Lane.LEDGER, 1)])[0].value
        return len(newest.body)

    def close(self) -> None:
        self._committer.close()


def _compare(folder: Path, batch: int, slices: int, slice_s: float) -> dict[str, Any]:
    """Let both take short turns, so that a drifting disk drifts for both."""
    sealed = _Sealed(folder / f"journal-{batch}.db", batch)
    row_bytes = sealed.row_bytes()
    bare = _Bare(folder / f"bare-{batch}.db", row_bytes, batch)
    ratios, ours, theirs = [], [], []
    try:
        for side in (sealed, bare):
            # A new log grows, which costs more than overwriting it; a gateway in service overwrites.
            for _ in range(WARM_UP_ROWS // batch):
                side.commit()
        for turn in range(slices):
            first, second = (sealed, bare) if turn % 2 else (bare, sealed)
            pace = {first: _commits_per_s(first, slice_s), second: _commits_per_s(second, slice_s)}
            ours.append(pace[sealed] * batch)
            theirs.append(pace[bare] * batch)
            ratios.append(pace[sealed] / pace[bare])
    finally:
        sealed.close()
        bare.close()
    return {
        "batch": batch,
        "rows_per_s": round(statistics.median(ours)),
        "raw_rows_per_s": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 3),
        "row_bytes": row_bytes,
        "overhead_us_per_commit": round((batch / statistics.median(ours) - batch / statistics.median(theirs)) * 1e6, 1),
    }


def _commits_per_s(side: _Sealed | _Bare, slice_s: float) -> float:
    began = perf_counter()
    commits = 0
    while (passed := perf_counter() - began) < slice_s:
        side.commit()
        commits += 1
    return commits / passed


async def _awaited(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """What callers on the event loop get: ``await journal.write`` one after the other, and from many at once."""
    figures = []
    for callers in (1, 100):
        journal = Journal.open(_settings(folder / f"awaited-{callers}.db"), clock=system_clock())
        waits: list[float] = []
        began = perf_counter()
        await asyncio.gather(*(_call(journal, began + seconds, waits) for _ in range(callers)))
        passed = perf_counter() - began
        await journal.close()
        waits.sort()
        figures.append(
            {
                "callers": callers,
                "rows_per_s": round(len(waits) / passed),
                "wait_ms_p50": round(waits[len(waits) // 2] * 1e3, 3),
                "wait_ms_p99": round(waits[len(waits) * 99 // 100] * 1e3, 3),
            }
        )
    return figures


async def _call(journal: Journal, until: float, waits: list[float]) -> None:
    while (began := perf_counter()) < until:
        await journal.write(_record)
        waits.append(perf_counter() - began)


def _record(tx: Transaction) -> Recorded:
    return tx.record(_TAP)


def _settings(path: Path) -> JournalSettings:
    return JournalSettings(path, "bench", b"s" * 32)
