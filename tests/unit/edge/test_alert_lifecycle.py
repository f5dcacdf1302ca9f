"""Where alerts may go: every state with every event, against the drawing that people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_agent.alerts.kinds import DEFAULTS
from edge_agent.alerts.lifecycle import STATES, TABLE, AlertEvent, Refusal, after, drawing
from kiosk_ui.staff.board import AlertState

ROOT = Path(__file__).resolve().parents[3]
DOCS = ("docs/stock-and-alerts.md", "docs/stock-and-alerts.zh-CN.md")
PEOPLE = {AlertEvent.ACKNOWLEDGE, AlertEvent.SNOOZE, AlertEvent.WAKE, AlertEvent.ESCALATE, AlertEvent.RESOLVE}
R, A, S, E, D = STATES
NOT_DUE, DONE = Refusal.NOT_DUE, Refusal.ALREADY_RESOLVED
EXPECTED = {
    AlertEvent.CAME_BACK: [NOT_DUE, NOT_DUE, NOT_DUE, NOT_DUE, R],
    AlertEvent.CLEARED: [D, D, D, D, NOT_DUE],
    AlertEvent.SUPERSEDED: [D, D, D, D, NOT_DUE],
    AlertEvent.UNCLAIMED: [E, NOT_DUE, NOT_DUE, E, NOT_DUE],
    AlertEvent.RELEASED: [NOT_DUE, E, NOT_DUE, NOT_DUE, NOT_DUE],
    AlertEvent.SNOOZE_ENDED: [NOT_DUE, NOT_DUE, R, NOT_DUE, NOT_DUE],
    AlertEvent.ACKNOWLEDGE: [A, Refusal.CLAIMED, A, A, DONE],
    AlertEvent.SNOOZE: [S, S, S, S, DONE],
    AlertEvent.WAKE: [Refusal.NOT_SNOOZED, Refusal.NOT_SNOOZED, R, Refusal.NOT_SNOOZED, DONE],
    AlertEvent.ESCALATE: [E, E, E, E, DONE],
    AlertEvent.RESOLVE: [D, D, D, D, DONE],
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", AlertEvent)
def test_every_state_answers_every_event_as_written_down(state: AlertState, event: AlertEvent) -> None:
    assert after(state, event) == EXPECTED[event][STATES.index(state)]


def test_the_table_knows_every_state_of_the_board_and_every_event() -> None:
    assert set(TABLE) == {(state, event) for state in AlertState for event in AlertEvent}


def test_what_a_person_may_not_do_has_a_reason_that_person_can_use() -> None:
    refused = {outcome for (_, event), outcome in TABLE.items() if event in PEOPLE and isinstance(outcome, Refusal)}
    assert NOT_DUE not in refused


def test_every_state_can_end() -> None:
    assert all(after(state, AlertEvent.CLEARED) is D for state in STATES if state is not D)


@pytest.mark.parametrize("page", DOCS)
def test_the_table_of_kinds_in_the_docs_is_the_products(page: str) -> None:
    rows = re.findall(
        r"^\|`(\w+)`\|[^|]+\|(\w+)\|(\d+)\|(\d+)\|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [
        (kind.value, one.severity.value, f"{one.raise_after.seconds}", f"{one.clear_after.seconds}")
        for kind, one in DEFAULTS.items()
    ]


@pytest.mark.parametrize("page", DOCS)
def test_the_drawing_in_the_docs_is_the_table(page: str) -> None:
    found = re.search(r"```mermaid\n(stateDiagram-v2\n.*?)\n```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{page} has no drawing of the life of an alert"
    assert found.group(1) == drawing()
