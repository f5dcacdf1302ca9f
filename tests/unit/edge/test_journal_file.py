"""The file: foreign, damaged, full, and looked at from outside."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cloud_bridge.topics import Lane
from edge_agent.journal import Journal, JournalError, JournalFull, Recorded, Transaction
from edge_agent.journal.inspection import stats_file, tail_file, verify_file
from loyalty.ledger import digest
from tests.unit.edge.journal_bench import Hands, opened, post, posting, queue, record, settings, shown, tap

KIB = 1024


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(JournalError, match=r"journal\.db.*cannot be read"):
        Journal.open(settings(tmp_path), clock=Hands().clock())
    for look in (verify_file, lambda path: tail_file(path, Lane.LEDGER, 5)):
        with pytest.raises(JournalError, match="cannot be read"):
            look(tmp_path / "journal.db")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("CREATE TABLE theirs(x)")
    connection.close()
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(JournalError, match="belongs to another program"):
        Journal.open(settings(tmp_path), clock=Hands().clock())
    with pytest.raises(JournalError, match="belongs to another program"):
        verify_file(tmp_path / "journal.db")
    assert (tmp_path / "journal.db").read_bytes() == before


async def test_another_gateways_journal_is_not_continued(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with pytest.raises(JournalError, match="belongs to gateway store-1"):
        Journal.open(settings(tmp_path, gateway_id="store-2"), clock=Hands().clock())


async def test_a_journal_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match=r"schema 99.*newer version"):
        Journal.open(settings(tmp_path), clock=Hands().clock())


async def test_a_journal_with_torn_pages_says_what_to_do(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for n in range(20):
            await record(journal, *(tap(n) for _ in range(20)))
    path = tmp_path / "journal.db"
    content = bytearray(path.read_bytes())
    for page in range(20, len(content) // 4096 - 1):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(JournalError, match="Move the file away"):
        Journal.open(settings(tmp_path), clock=Hands().clock())
    with pytest.raises(JournalError, match="Move the file away"):
        verify_file(path)


def test_a_missing_journal_is_not_created_by_looking(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal here"):
        verify_file(tmp_path / "journal.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="folder"):
        Journal.open(settings(tmp_path / "file"), clock=Hands().clock())


async def test_every_commit_goes_to_the_disk(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:

        def pragmas(tx: Transaction) -> list[object]:
            names = ("journal_mode", "synchronous")
            return [tx._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        assert await journal.write(pragmas) == ["wal", 2]
        assert journal.durability() == "full"


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        with pytest.raises(JournalError, match="readonly"):
            await journal.read(lambda reader: reader._connection.execute("DELETE FROM events_ledger"))


async def test_a_journal_is_looked_at_while_its_gateway_runs_and_after(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with opened(tmp_path) as journal:
        await record(journal, tap(1), shown(1), undecided=False)
        await post(journal, "p1", "anna", 30)
        for _ in range(2):
            report = verify_file(path)
            assert (report.ok, report.rows) == (True, 3)
        stats = stats_file(path, clock=Hands().clock())
        assert stats.gateway_id == "store-1"
        assert stats.incarnation == journal.incarnation
        assert stats.lanes[Lane.LEDGER].recorded == 2
        assert stats.heads == journal.heads()
        assert (stats.counts.postings, stats.points_issued) == (1, 30)
        assert stats.postings_digest == digest([posting("p1", "anna", 30)])
    assert [row.sequence for row in tail_file(path, Lane.LEDGER, 1)] == [2]
    assert verify_file(path).ok


async def fill_up(journal: Journal, rows: int = 4_000) -> JournalFull:
    """Record until there is no more room."""
    for n in range(rows):
        try:
            await record(journal, *(tap(n) for _ in range(10)))
        except JournalFull as full:
            return full
    raise AssertionError("the journal never filled up")


async def test_a_full_journal_refuses_the_ledger_and_names_the_remedy(tmp_path: Path) -> None:
    async with opened(tmp_path, disk_bytes_max=600 * KIB) as journal:
        full = await fill_up(journal)
        assert f"Free space on {tmp_path}" in str(full)
        assert journal.fill() >= 0.97
        assert "full" in journal.durability()
        assert journal.durability() != "full"
        recorded = journal.heads()[Lane.LEDGER].sequence
        assert (await journal.figures())[Lane.LEDGER].queued == recorded
        assert (await journal.verify()).rows == recorded


async def test_acknowledged_rows_make_room_again(tmp_path: Path) -> None:
    hands = Hands()
    async with opened(tmp_path, hands, disk_bytes_max=760 * KIB, acked_rows_kept=10) as journal:
        await fill_up(journal)
        rows = await queue(journal)
        from tests.unit.edge.journal_bench import acknowledge

        await acknowledge(journal, rows[-1].sequence, rows=rows)
        hands.pass_ms(1_100)
        await journal.write(lambda tx: tx.counts())
        assert journal.fill() < 0.5
        assert journal.durability() == "full"
        await record(journal, tap(1))


async def test_the_ballast_is_thrown_when_one_unit_meets_the_end_of_the_disk(tmp_path: Path) -> None:
    hands = Hands()
    ballast = tmp_path / "journal.db.ballast"
    limits = {"disk_bytes_max": 1_040 * KIB, "ballast_bytes": 300 * KIB, "acked_rows_kept": 0}
    async with opened(tmp_path, hands, **limits) as journal:
        assert ballast.stat().st_size == 300 * KIB
        await record(journal, *(tap(n) for n in range(400)))

        def much(tx: Transaction) -> list[Recorded]:
            return [tx.record(tap(n)) for n in range(400)]

        assert len(await journal.write(much)) == 400
        assert not ballast.exists()
        assert journal.durability() == "disk full: the ballast was released"
        assert (await journal.verify()).rows == 800
        with pytest.raises(JournalFull):
            await journal.write(much)
        assert journal.heads()[Lane.LEDGER].sequence == 800
        rows = await queue(journal)
        from tests.unit.edge.journal_bench import acknowledge

        await acknowledge(journal, 800, rows=rows)
        hands.pass_ms(1_100)
        await journal.write(lambda tx: tx.counts())
        assert ballast.exists()
        assert journal.durability() == "full"


async def test_a_unit_that_swallows_the_full_disk_is_run_again_all_the_same(tmp_path: Path) -> None:
    runs = []

    def unit(tx: Transaction) -> Recorded:
        fact = tx.record(tap(1), undecided=True)
        runs.append(fact.sequence)
        try:
            with tx.savepoint():
                for n in range(400):
                    tx.record(tap(n))
                tx.mark_decided(fact)
        except sqlite3.Error:
            pass
        return fact

    async with opened(tmp_path, disk_bytes_max=1_040 * KIB, ballast_bytes=300 * KIB) as journal:
        await record(journal, *(tap(n) for n in range(400)))
        await journal.write(unit)
        assert runs == [401, 401]
        assert (await journal.read(lambda reader: reader.counts())).undecided == 0
        assert journal.heads()[Lane.LEDGER].sequence == 801
        assert (await journal.verify()).ok


async def test_telemetry_gives_way_before_the_ledger(tmp_path: Path) -> None:
    hands = Hands()
    async with opened(tmp_path, hands, disk_bytes_max=900 * KIB, in_flight_rows_max=50) as journal:
        await record(journal, *(shown(n) for n in range(500)))
        while journal.fill() < 0.9:
            await record(journal, *(tap(n) for n in range(20)))
            hands.pass_ms(1_100)
        await journal.write(lambda tx: tx.counts())
        figures = await journal.figures()
        assert figures[Lane.TELEMETRY].dropped_by_reason == {"disk_full": 450}
        assert figures[Lane.LEDGER].dropped == 0
        hands.pass_ms(1_100)
        await journal.write(lambda tx: tx.counts())
        assert journal.fill() < 0.9
        await record(journal, tap(1))
