"""The gateway's process is killed again and again: what was said to be durable is there, and nothing is torn."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from cloud_bridge.topics import Lane
from edge_agent.journal import Journal
from edge_agent.journal.inspection import stats_file, verify_file
from tests.unit.edge.journal_bench import Hands, opened, queue, settings
from tests.unit.edge.test_journal_chain import follows

ROOT = Path(__file__).resolve().parents[2]
LIVES = 24
RECEIPTS_MAX = 60


def live_and_die(folder: Path, life: int, receipts: int) -> list[tuple[int, str, str]]:
    """Run the victim until it has told of ``receipts`` writes, kill it, and return all it told of."""
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.journal_victim", str(folder), str(life)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdout is not None
    lines = [victim.stdout.readline() for _ in range(receipts)]
    victim.kill()
    lines += victim.stdout.readlines()
    victim.wait(timeout=10)
    victim.stdout.close()
    told = [line.split() for line in lines if line.endswith("\n")]
    return [(int(sequence), posting_id, event_id) for sequence, posting_id, event_id in told]


async def test_nothing_acknowledged_to_a_caller_is_lost_by_kill_nine(tmp_path: Path) -> None:
    drawn = random.Random(9)
    told: list[tuple[int, str, str]] = []
    for life in range(LIVES):
        told += live_and_die(tmp_path, life, drawn.randrange(1, RECEIPTS_MAX))
    assert verify_file(tmp_path / "journal.db").ok
    stats = stats_file(tmp_path / "journal.db", clock=Hands().clock())
    async with opened(tmp_path) as journal:
        assert journal.mended == ()
        booked = {p.posting_id for p in await journal.read(lambda reader: list(reader.postings()))}
        assert {posting_id for _, posting_id, _ in told} <= booked
        rows = await queue(journal)
        follows(rows)
        sent = {f"{row.incarnation}/ledger/{row.sequence}" for row in rows}
        assert {event_id for _, _, event_id in told} <= sent
        assert len(rows) == 2 * len(booked), "fact and posting of one unit are there together or not at all"
        assert await journal.read(lambda reader: reader.undecided(10)) == []
    assert stats.counts.postings == len(booked) >= len(told)
    assert stats.lanes[Lane.LEDGER].dropped == 0


async def test_a_killed_gateway_frees_its_journal_for_the_next(tmp_path: Path) -> None:
    assert live_and_die(tmp_path, 0, 1)
    journal = Journal.open(settings(tmp_path), clock=Hands().clock())
    await journal.close()
