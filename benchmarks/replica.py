"""How long a new gateway takes to learn its members, and what they weigh on the disk."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from cloud_bridge.replica import STEP_ROWS_MAX, ReplicaMedium, ReplicaMember, ReplicaProgramme, ReplicaStep
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings

describe = "members, media and programme applied in steps of 1,000 rows, each step durable"

SECONDS_MAX = 5.0
BYTES_MAX = 30 * 1024 * 1024
LOOKUP_US_MAX = 1_000.0
_EPOCH = "bench"


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks replica", description=describe)
    parser.add_argument("--members", type=int, default=50_000)
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        return asyncio.run(_measure(Path(folder) / "journal.db", asked.members))


async def _measure(path: Path, members: int) -> dict[str, Any]:
    wire = [step.model_dump_json().encode() for step in _steps(members)]
    journal = Journal.open(JournalSettings(path, "bench", b"s" * 32, ballast_bytes=0), clock=system_clock())
    began = perf_counter()
    for message in wire:
        step = ReplicaStep.model_validate(orjson.loads(message))
        await journal.write(lambda tx, step=step: tx.apply_step(step))  # type: ignore[misc]
    seconds = perf_counter() - began
    lookup_us = await _lookup_us(journal, members)
    cursor = await journal.read(lambda reader: reader.replica_cursor())
    await journal.close()
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    return {
        "members": cursor.members,
        "steps": len(wire),
        "seconds": round(seconds, 3),
        "wire_bytes": sum(map(len, wire)),
        "disk_bytes": size,
        "lookup_us": round(lookup_us, 1),
        "targets": [
            {"figure": "seconds", "max": SECONDS_MAX, "value": round(seconds, 3), "met": seconds <= SECONDS_MAX},
            {"figure": "disk_bytes", "max": BYTES_MAX, "value": size, "met": size <= BYTES_MAX},
            {
                "figure": "lookup_us",
                "max": LOOKUP_US_MAX,
                "value": round(lookup_us, 1),
                "met": lookup_us <= LOOKUP_US_MAX,
            },
        ],
    }


async def _lookup_us(journal: Journal, members: int) -> float:
    """Microseconds for medium → member → balance, as a tap needs it, averaged over many members."""
    media = [_medium(number) for number in range(0, members, max(1, members // 2_000))]

    def look(reader: Any) -> float:
        began = perf_counter()
        for medium in media:
            reader.balance(reader.member_of(medium).member)
        return (perf_counter() - began) / len(media) * 1e6

    return await journal.read(look)


def _steps(members: int) -> list[ReplicaStep]:
    steps = []
    for first in range(0, members, STEP_ROWS_MAX):
        last = min(first + STEP_ROWS_MAX, members)
        steps.append(
            ReplicaStep(
                epoch=_EPOCH,
                from_version=first,
                to_version=last,
                latest_version=members,
                as_of="2026-07-01T12:00:00.000Z",
                incarnation="0" * 32,
                programme=ReplicaProgramme(
                    name="Tea", currency="CNY", points=1, per_minor=100, minimum_minor=0, version=1
                ),
                members=tuple(
                    ReplicaMember(member=_member(n), name=f"会员 {n}", language="zh-CN", balance=n % 977, version=n)
                    for n in range(first, last)
                ),
                media=tuple(ReplicaMedium(medium=_medium(n), member=_member(n), version=n) for n in range(first, last)),
            )
        )
    return steps


def _member(number: int) -> str:
    return "m" + hashlib.sha256(f"member {number}".encode()).hexdigest()[:20]


def _medium(number: int) -> str:
    return hashlib.sha256(f"medium {number}".encode()).hexdigest()[:32]
