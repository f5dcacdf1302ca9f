"""``regulars journal``: read-only looks at a journal, and what they say when it is damaged or absent."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_bridge.contract import CardTappedV1
from edge_agent.app import JOURNAL_FILE
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings
from provisioning.cli import app
from provisioning.store_folder import StoreAnswers, write_folder

runner = CliRunner()
ANSWERS = StoreAnswers("store-1", "店", "en", "UTC", "CNY", "127.0.0.1", 1883, "regulars", ("/bin/true",))
TAP = CardTappedV1(reader="reader-1", medium="ab" * 16, technology="nfc-a", trust="weak")
TAPS = 5


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    """A store's folder whose journal holds five taps, closed."""
    folder = tmp_path / "store"
    write_folder(folder, ANSWERS)
    settings = JournalSettings(folder / "data" / JOURNAL_FILE, "store-1", b"x" * 32)
    journal = Journal.open(settings, clock=system_clock())
    for _ in range(TAPS):
        await journal.write(lambda transaction: transaction.record(TAP))
    await journal.close()
    return folder


def ask(store: Path, *arguments: str) -> tuple[int, str]:
    result = runner.invoke(app, ["journal", *arguments, "--config", str(store / "edge.toml")])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_a_whole_journal_is_verified(store: Path) -> None:
    status, said = ask(store, "verify")
    assert status == 0
    assert "5 rows read" in said


def test_a_changed_row_is_found_and_named(store: Path) -> None:
    with sqlite3.connect(store / "data" / JOURNAL_FILE) as connection:
        (table,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '%ledger%' AND type = 'table'"
        ).fetchone()
        body = connection.execute(f"SELECT body FROM {table} ORDER BY place LIMIT 1 OFFSET 2").fetchone()[0]
        connection.execute(
            f"UPDATE {table} SET body = ? WHERE body = ?", (bytes(body).replace(b"reader-1", b"reader-9"), body)
        )
    status, said = ask(store, "verify")
    assert status == 3
    assert "ledger 3 to 3" in " ".join(said.split())
    status, said = ask(store, "verify", "--json")
    assert json.loads(said.splitlines()[0])["ok"] is False


def test_stats_show_the_loss_ledger(store: Path) -> None:
    status, said = ask(store, "stats", "--json")
    assert status == 0
    lane = json.loads(said)["lanes"]["ledger"]
    assert (lane["recorded"], lane["acked"], lane["queued"], lane["dropped"]) == (TAPS, 0, TAPS, 0)
    status, said = ask(store, "stats")
    assert "recorded" in said


def test_the_tail_shows_the_newest_rows_in_their_order(store: Path) -> None:
    status, said = ask(store, "tail", "--rows", "2")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()] == ["4", "5"]
    assert "regulars.card.tapped.v1" in said
    _, said = ask(store, "tail", "--rows", "1", "--json")
    assert json.loads(said)["sequence"] == TAPS


def test_a_store_without_a_journal_yet_is_told_so(tmp_path: Path) -> None:
    write_folder(tmp_path / "store", ANSWERS)
    for command in ("verify", "stats", "tail"):
        status, said = ask(tmp_path / "store", command)
        assert status == 1
        assert "there is no journal here" in " ".join(said.split())


def test_a_file_that_is_no_journal_is_not_opened_as_one(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE garden (rose TEXT)")
    result = runner.invoke(app, ["journal", "verify", "--journal", str(other)])
    assert result.exit_code == 1
    assert "another program" in " ".join(result.output.split())
