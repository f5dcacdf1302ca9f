"""The demo from outside, as a newcomer runs it: a day, a report, balanced books, nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

from tests.story.demo_process import DemoProcess


def test_a_headless_day_ends_by_itself_with_balanced_books(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ("--headless", "--seed", "7", "--turns", "120", "--speed", "100000", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        assert demo.wait() == 0, demo.output()
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["complete"] is True
    assert figures["complaints"] == []
    assert figures["events_recorded"] == (
        figures["events_acked"] + figures["events_queued"] + figures["events_dropped"]
    )
    assert figures["ledger_matches"] is True
    assert figures["duplicates_applied"] == 0
    assert figures["taps"] > 10
    assert figures["greeted"] > 10
    assert figures["sales"] >= 100
    assert figures["points_redeemed"] > 0
    assert figures["members_joined"] > 0
    assert figures["rewards_taken"] > 0
    assert figures["postings"] > 10
    assert figures["unanswered_taps"] == 0
    assert 0 < figures["tap_to_screen_ms"]["p50"] <= figures["tap_to_screen_ms"]["p99"]
    assert demo.leftovers() == []


def test_the_minutes_end_a_day_that_is_not_over(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ("--minutes", "0.08", "--speed", "600", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        assert demo.wait() == 0, demo.output()
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["books_balance"] is True
    assert figures["sales"] < 200


def test_the_demo_can_run_twice_in_a_row_with_its_data_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    recorded = []
    for _ in range(2):
        report = tmp_path / "report.json"
        options = ("--headless", "--turns", "6", "--speed", "100000", "--data", str(data), "--report", str(report))
        with DemoProcess(tmp_path, *options) as demo:
            assert demo.wait() == 0, demo.output()
        recorded.append(json.loads(report.read_text(encoding="utf-8"))["events_recorded"])
    assert recorded[1] > 0
    assert (data / "edge" / "journal.db").is_file()
