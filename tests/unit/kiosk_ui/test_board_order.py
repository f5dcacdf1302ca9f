"""The order of the board: whoever waits first, then the most severe, then the oldest; and every code has its words."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from devices.device import Trouble
from edge_agent.alerts.lifecycle import Refusal
from edge_agent.floor.findings import AlertKind
from edge_agent.supervision.ladder import Rung
from kiosk_ui.design import LANGUAGES, Pages
from kiosk_ui.design.languages import Language
from kiosk_ui.staff.board import AlertState, AlertView, Board, Severity, StockState

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def alert(state: AlertState, severity: Severity = Severity.WARNING, *, minutes: int = 0) -> AlertView:
    at = NOON - timedelta(minutes=minutes)
    name = f"{list(AlertState).index(state)}{list(Severity).index(severity)}{minutes:030x}"
    return AlertView(
        id=name, kind="low_stock", subject=name, severity=severity, state=state, raised_at=at, changed_at=at
    )


def order(*alerts: AlertView) -> list[tuple[str, str, int]]:
    board = Board(store_name="x", at=NOON, alerts=alerts)
    return [(a.state.value, a.severity.value, int((NOON - a.raised_at).total_seconds()) // 60) for a in board.alerts]


def test_what_waits_comes_before_what_somebody_has_in_hand_and_that_before_what_was_put_off() -> None:
    shuffled = [alert(state, severity) for state, severity in product(AlertState, Severity)]
    random.Random(7).shuffle(shuffled)
    states = [state for state, _, _ in order(*shuffled)]
    assert set(states[:6]) == {"raised", "escalated"}
    assert states[6:] == ["acknowledged"] * 3 + ["snoozed"] * 3 + ["resolved"] * 3


def test_of_what_waits_the_most_severe_comes_first_and_then_the_oldest() -> None:
    assert order(
        alert(AlertState.RAISED, Severity.INFO, minutes=90),
        alert(AlertState.RAISED, Severity.URGENT, minutes=1),
        alert(AlertState.ESCALATED, Severity.URGENT, minutes=5),
        alert(AlertState.RAISED, Severity.WARNING, minutes=30),
    ) == [("escalated", "urgent", 5), ("raised", "urgent", 1), ("raised", "warning", 30), ("raised", "info", 90)]


def test_of_what_is_done_the_latest_comes_first() -> None:
    done = (alert(AlertState.RESOLVED, minutes=minutes) for minutes in (9, 3, 5))
    assert [minutes for _, _, minutes in order(*done)] == [3, 5, 9]


@pytest.mark.parametrize("language", LANGUAGES, ids=str)
def test_every_code_that_a_gateway_sends_has_its_words(language: Language) -> None:
    pages = Pages()
    board = pages.fragment(
        "staff/board.html", language=language, page_path="/", board={"store_name": "x"}, login="", live_url="",
        live_after="",
    )  # fmt: skip
    said = set(re.findall(r'<data value="([^"]+)">[^<]', board))
    wanted = {
        *(f"{kind}.{code}" for kind in ("kind", "hint") for code in AlertKind),
        *(f"trouble.{code}" for code in Trouble),
        *(f"rung.{code}" for code in Rung),
        *(f"stock.{code}" for code in StockState),
        *(f"reason.{code}" for code in Refusal if code is not Refusal.NOT_DUE),
    }
    assert wanted - said == set()
