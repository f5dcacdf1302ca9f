"""What the journal finds when rows are missing or changed, and what it says about it."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cloud_bridge.envelope import verify
from cloud_bridge.gaps import Gap, gap_is_signed
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import OutboxRow
from edge_agent.journal import Deferred, Recorded, Transaction
from edge_agent.journal.inspection import verify_file
from edge_agent.journal.lanes.chain import seal_of
from tests.unit.edge.journal_bench import SECRET, acknowledge, opened, post, posting, queue, record, shown, tamper, tap


async def filled(path: Path, rows: int = 10) -> None:
    async with opened(path) as journal:
        await record(journal, *(tap(n) for n in range(rows)))


def follows(rows: list[OutboxRow]) -> None:
    """What the cloud checks: every row whole, signed where it states a loss, and behind the one before."""
    sequence, before = 0, "0" * 64
    for row in rows:
        event = orjson.loads(row.body)
        verify(event)
        assert event["sequence"] == row.sequence == sequence + 1
        assert event["prevhash"] == before
        if event["type"] == "regulars.journal.gap.v1":
            said = event["data"]
            lane = Lane(event["lane"])
            gap = Gap("store-1", row.incarnation, lane, said["first"], said["last"], said["last_hash"], said["reason"])
            assert gap_is_signed(gap, said["signature"], secret=SECRET)
            sequence, before = said["last"], said["last_hash"]
        else:
            sequence, before = row.sequence, event["hash"]


def gaps_in(rows: list[OutboxRow]) -> list[tuple[int, int, str]]:
    events = [orjson.loads(row.body) for row in rows]
    return [
        (e["data"]["first"], e["data"]["last"], e["data"]["reason"])
        for e in events
        if e["type"] == "regulars.journal.gap.v1"
    ]


@pytest.mark.parametrize(
    ("sql", "gaps"),
    [
        ("DELETE FROM events_ledger WHERE place & 0xFFFFFFFF = 4", [(4, 4, "row_missing")]),
        ("DELETE FROM events_ledger WHERE place & 0xFFFFFFFF IN (1, 2)", [(1, 2, "row_missing")]),
        (
            "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF IN (3, 7)",
            [(3, 3, "row_missing"), (7, 7, "row_missing")],
        ),
        ("DELETE FROM events_ledger WHERE place & 0xFFFFFFFF > 7", [(8, 10, "tail_missing")]),
        ("DELETE FROM events_ledger", [(1, 10, "tail_missing")]),
        ("UPDATE events_ledger SET body = x'00' WHERE place & 0xFFFFFFFF = 5", [(5, 5, "row_corrupt")]),
        (
            "UPDATE events_ledger SET body = replace(body, 'reader-1', 'reader-2') WHERE place & 0xFFFFFFFF = 10",
            [(10, 10, "row_corrupt")],
        ),
        (
            "UPDATE events_ledger SET body = (SELECT body FROM events_ledger WHERE place & 0xFFFFFFFF = 2) "
            "WHERE place & 0xFFFFFFFF IN (6, 7)",
            [(6, 7, "row_corrupt")],
        ),
    ],
    ids=["one", "first two", "two apart", "tail", "all", "garbage", "changed", "copied"],
)
async def test_lost_rows_are_stated_in_their_place_and_counted(
    tmp_path: Path, sql: str, gaps: list[tuple[int, int, str]]
) -> None:
    await filled(tmp_path)
    assert tamper(tmp_path, sql) > 0
    assert not verify_file(tmp_path / "journal.db").ok
    async with opened(tmp_path) as journal:
        assert [(d.first, d.last, d.reason) for d in journal.mended] == gaps
        await record(journal, tap(99))
        rows = await queue(journal)
        follows(rows)
        assert gaps_in(rows) == gaps
        lost = sum(last - first + 1 for first, last, _ in gaps)
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.queued, figures.dropped) == (11, 11 - lost, lost)
        assert sum(figures.dropped_by_reason.values()) == lost
        report = await journal.verify()
        assert report.ok
        assert report.gaps == len(gaps)
    async with opened(tmp_path) as journal:
        assert journal.mended == ()
        follows(await queue(journal))


async def test_a_row_replaced_by_another_whole_one_is_found_by_the_row_behind_it(tmp_path: Path) -> None:
    await filled(tmp_path)
    (tmp_path / "other").mkdir()
    await filled(tmp_path / "other")
    async with opened(tmp_path / "other") as journal:
        incarnation = journal.incarnation
        other = (await queue(journal))[4].body
    async with opened(tmp_path) as journal:
        own = journal.incarnation
    from cloud_bridge.envelope import Position, seal

    event = orjson.loads(other.replace(incarnation.encode(), own.encode()))
    keys = ("incarnation", "lane", "sequence", "prevhash", "hlc", "time", "timequality", "traceparent")
    forged = seal(event["type"], event["data"], Position(gateway_id="store-1", **{key: event[key] for key in keys}))
    assert seal_of(forged.body) is not None
    assert tamper(tmp_path, "UPDATE events_ledger SET body = ? WHERE place & 0xFFFFFFFF = 5", forged.body) == 1
    async with opened(tmp_path) as journal:
        assert [(d.first, d.last, d.reason) for d in journal.mended] == [(5, 5, "row_corrupt")]
        follows(await queue(journal))


async def test_a_lost_row_that_was_acknowledged_is_no_loss(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await record(journal, *(tap(n) for n in range(10)))
        await acknowledge(journal, 6, rows=await queue(journal))
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF IN (2, 5, 6)")
    async with opened(tmp_path) as journal:
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.acked, figures.queued, figures.dropped) == (10, 6, 4, 0)
        assert [row.sequence for row in await queue(journal)] == [7, 8, 9, 10]
        assert (await journal.verify()).ok
    async with opened(tmp_path) as journal:
        assert journal.mended == ()


async def test_a_loss_across_the_acknowledged_head_is_stated_behind_it_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await record(journal, *(tap(n) for n in range(10)))
        await acknowledge(journal, 5, rows=await queue(journal))
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF BETWEEN 4 AND 7")
    async with opened(tmp_path) as journal:
        rows = await queue(journal)
        assert gaps_in(rows) == [(6, 7, "row_missing")]
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.acked, figures.queued, figures.dropped) == (5, 3, 2)


async def test_what_waits_to_be_decided_goes_with_its_row(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> Recorded:
        fact = tx.record(tap(1), undecided=True)
        tx.defer(Deferred(fact.event_id, "link", "m"))
        return fact

    async with opened(tmp_path) as journal:
        await journal.write(unit)
    tamper(tmp_path, "UPDATE events_ledger SET body = x'7b7d'")
    async with opened(tmp_path) as journal:
        counts = await journal.read(lambda reader: reader.counts())
        assert (counts.undecided, counts.deferred) == (0, 0)


async def test_points_whose_row_was_lost_are_told_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await post(journal, "p1", "anna", 30)
        await post(journal, "p2", "anna", -10)
        await record(journal, tap(1))
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF <= 2")
    async with opened(tmp_path) as journal:
        rows = await queue(journal)
        follows(rows)
        assert gaps_in(rows) == [(1, 2, "row_missing")]
        told = [orjson.loads(row.body)["data"] for row in rows if b"points.posted" in row.body]
        assert [data["postings"][0]["id"] for data in told] == [posting(n, "anna", 1).posting_id for n in ("p1", "p2")]
        assert {data["member"] for data in told} == {"anna"}
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.queued, figures.dropped) == (5, 3, 2)
        assert await journal.read(lambda reader: reader.points_issued()) == 20
        assert (await journal.verify()).ok
    async with opened(tmp_path) as journal:
        assert await queue(journal) == rows


async def test_a_row_damaged_while_the_gateway_runs_is_stated_when_it_would_be_sent(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await record(journal, *(tap(n) for n in range(10)))
        tamper(tmp_path, "UPDATE events_ledger SET body = replace(body, 'nfc', 'qrc') WHERE place & 0xFFFFFFFF = 3")
        rows = await queue(journal)
        follows(rows)
        assert gaps_in(rows) == [(3, 3, "row_corrupt")]


async def test_the_chain_still_holds_from_the_anchor_after_pruning(tmp_path: Path) -> None:
    async with opened(tmp_path, acked_rows_kept=5) as journal:
        await record(journal, *(tap(n) for n in range(40)))
        await acknowledge(journal, 30, rows=await queue(journal))
        report = await journal.verify()
        assert report.ok
        assert report.rows == 15
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF = 26")
    assert not verify_file(tmp_path / "journal.db").ok


async def test_both_lanes_are_looked_at(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await record(journal, *(shown(n) for n in range(10)))
    tamper(tmp_path, "DELETE FROM events_telemetry WHERE place & 0xFFFFFFFF = 4")
    async with opened(tmp_path) as journal:
        rows = await queue(journal, Lane.TELEMETRY)
        follows(rows)
        assert gaps_in(rows) == [(4, 4, "row_missing")]


@pytest.fixture(scope="module")
def store_day() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="regulars-chain-"))
    asyncio.run(filled(folder, 12))
    return folder


@hypothesis_settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32))
def test_one_flipped_bit_anywhere_in_a_body_is_found(store_day: Path, seed: int) -> None:
    drawn = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copy(store_day / "journal.db", copy / "journal.db")
        sequence = drawn.randrange(1, 13)
        import sqlite3

        connection = sqlite3.connect(copy / "journal.db")
        (body,) = connection.execute(
            "SELECT body FROM events_ledger WHERE place & 0xFFFFFFFF = ?", (sequence,)
        ).fetchone()
        spoiled = bytearray(body)
        spoiled[drawn.randrange(len(body))] ^= 1 << drawn.randrange(8)
        connection.execute("UPDATE events_ledger SET body = ? WHERE place & 0xFFFFFFFF = ?", (bytes(spoiled), sequence))
        connection.commit()
        connection.close()
        report = verify_file(copy / "journal.db")
        assert [(d.first, d.last) for d in report.damages] == [(sequence, sequence)]
