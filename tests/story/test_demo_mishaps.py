"""Mishaps in the middle of a day: the network goes, the gateway is killed. The books balance in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.story.demo_process import DemoProcess


def test_the_network_is_cut_and_everything_drains_when_it_is_back(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ("--headless", "--turns", "40", "--speed", "5000", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        demo.control("/api/cable", plugged=False)
        offline_sale = demo.control("/api/sale", amount_minor=3_680)
        assert offline_sale["outcome"]
        state = demo.state()
        assert state["plugged"] is False
        demo.control("/api/cable", plugged=True)
        assert demo.wait() == 0, demo.output()
    figures = read(report)
    assert figures["events_queued"] == 0
    assert figures["ledger_matches"] is True
    assert figures["books_balance"] is True


def test_a_gateway_killed_with_signal_9_loses_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    # Long enough that the day goes on when the till of the page tries again.
    options = ("--headless", "--turns", "120", "--speed", "5000", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        demo.control("/api/sale", amount_minor=5_000)
        demo.control("/api/gateway", action="kill")
        assert demo.control("/api/sale", amount_minor=7_000)["outcome"]
        assert demo.wait() == 0, demo.output()
    figures = read(report)
    assert figures["gateway_starts"] == 2
    assert figures["books_balance"] is True, figures["complaints"]
    assert figures["ledger_matches"] is True
    assert figures["duplicates_applied"] == 0


def read(report: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return figures
