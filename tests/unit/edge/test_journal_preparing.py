"""A journal's schema is made in a process of its own; what is wrong with a file is said by whoever opens it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.journal import Journal, JournalError, JournalSettings
from edge_agent.journal.migrations import SCHEMA_VERSION
from edge_agent.journal.preparing import prepare
from tests.unit.edge.store_bench import SECRET, HandClock

PROGRAM = """
import asyncio, sys
from pathlib import Path
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings
from edge_agent.journal.preparing import prepare

async def start(path):
    await prepare(path, "harbour-1")
    await Journal.open(JournalSettings(path, "harbour-1", b"s" * 32), clock=system_clock()).close()

asyncio.run(start(Path(sys.argv[1])))
print(*sys.modules)
"""


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def open_and_close(path: Path, gateway_id: str = "harbour-1") -> None:
    settings = JournalSettings(path, gateway_id, SECRET, ballast_bytes=0)
    await Journal.open(settings, clock=HandClock().hybrid()).close()


async def test_a_first_start_has_its_schema_before_the_journal_opens(tmp_path: Path) -> None:
    path = tmp_path / "data" / "journal.db"
    await prepare(path, "harbour-1")
    assert version_of(path) == SCHEMA_VERSION
    await open_and_close(path)


async def test_a_journal_that_is_prepared_is_not_touched_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await open_and_close(path)
    before = path.stat().st_mtime_ns
    await prepare(path, "harbour-1")
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
async def test_a_file_that_is_no_journal_is_left_to_whoever_opens_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    await prepare(path, "harbour-1")
    if content:
        assert path.read_bytes() == content
        with pytest.raises(JournalError, match="cannot be read"):
            await open_and_close(path)
    else:
        await open_and_close(path)


async def test_another_programs_database_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts(x)")
    before = path.read_bytes()
    await prepare(path, "harbour-1")
    assert path.read_bytes() == before
    with pytest.raises(JournalError, match="another program"):
        await open_and_close(path)


def test_the_first_start_of_a_gateway_does_not_keep_what_migrating_needs(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "journal.db")], capture_output=True, text=True, check=True
    )
    assert {"numpy", "sqlite_utils"} & set(ran.stdout.split()) == set()
