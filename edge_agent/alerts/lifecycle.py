"""Where an alert may go from where it stands: a table of states and events. Pure, and the only place that knows.

A cell holds the next state, or the reason (a key) for which nothing happens. The drawing in ``docs/`` is made of it.
"""

from __future__ import annotations

from enum import StrEnum

from kiosk_ui.staff.board import AlertState

_RAISED, _ACKNOWLEDGED = AlertState.RAISED, AlertState.ACKNOWLEDGED
_SNOOZED, _ESCALATED, _RESOLVED = AlertState.SNOOZED, AlertState.ESCALATED, AlertState.RESOLVED


class AlertEvent(StrEnum):
    """What happens to an alert: to it by itself, or by somebody's hand."""

    CAME_BACK = "came_back"
    """What was resolved a moment ago is so again: the same alert, not a new one."""
    CLEARED = "cleared"
    """It is not so any more; the shelf or the device says it."""
    SUPERSEDED = "superseded"
    """A graver alert of the same subject says it all."""
    UNCLAIMED = "unclaimed"
    """Nobody took it in time."""
    RELEASED = "released"
    """Somebody took it, and it is still so long after."""
    SNOOZE_ENDED = "snooze_ended"
    ACKNOWLEDGE = "acknowledge"
    """Somebody is on it. This and all that follow are acts of a person."""
    SNOOZE = "snooze"
    WAKE = "wake"
    ESCALATE = "escalate"
    RESOLVE = "resolve"


class Refusal(StrEnum):
    """Why an event changes nothing; a key that pages and commands put into words."""

    GONE = "gone"
    """There is no such alert (any more)."""
    ALREADY_RESOLVED = "already_resolved"
    CLAIMED = "claimed"
    """Somebody else is on it: the answer shows who."""
    NOT_SNOOZED = "not_snoozed"
    STILL_SO = "still_so"
    """A sensor says it is still so: only the shelf can say that it is done."""
    HIGHEST = "highest"
    """Nobody stands above those who were told."""
    NOT_DUE = "not_due"
    """A timer or a sensor said what cannot be in this state; nothing is lost by ignoring it."""


_NOT_DUE, _SPENT = Refusal.NOT_DUE, Refusal.ALREADY_RESOLVED

STATES = (_RAISED, _ACKNOWLEDGED, _SNOOZED, _ESCALATED, _RESOLVED)
_ROWS: dict[AlertEvent, tuple[AlertState | Refusal, ...]] = {
    #                           raised         acknowledged      snoozed               escalated      resolved
    AlertEvent.CAME_BACK: (_NOT_DUE, _NOT_DUE, _NOT_DUE, _NOT_DUE, _RAISED),
    AlertEvent.CLEARED: (_RESOLVED, _RESOLVED, _RESOLVED, _RESOLVED, _NOT_DUE),
    AlertEvent.SUPERSEDED: (_RESOLVED, _RESOLVED, _RESOLVED, _RESOLVED, _NOT_DUE),
    AlertEvent.UNCLAIMED: (_ESCALATED, _NOT_DUE, _NOT_DUE, _ESCALATED, _NOT_DUE),
    AlertEvent.RELEASED: (_NOT_DUE, _ESCALATED, _NOT_DUE, _NOT_DUE, _NOT_DUE),
    AlertEvent.SNOOZE_ENDED: (_NOT_DUE, _NOT_DUE, _RAISED, _NOT_DUE, _NOT_DUE),
    AlertEvent.ACKNOWLEDGE: (_ACKNOWLEDGED, Refusal.CLAIMED, _ACKNOWLEDGED, _ACKNOWLEDGED, _SPENT),
    AlertEvent.SNOOZE: (_SNOOZED, _SNOOZED, _SNOOZED, _SNOOZED, _SPENT),
    AlertEvent.WAKE: (Refusal.NOT_SNOOZED, Refusal.NOT_SNOOZED, _RAISED, Refusal.NOT_SNOOZED, _SPENT),
    AlertEvent.ESCALATE: (_ESCALATED, _ESCALATED, _ESCALATED, _ESCALATED, _SPENT),
    AlertEvent.RESOLVE: (_RESOLVED, _RESOLVED, _RESOLVED, _RESOLVED, _SPENT),
}
TABLE: dict[tuple[AlertState, AlertEvent], AlertState | Refusal] = {
    (state, event): row[column] for event, row in _ROWS.items() for column, state in enumerate(STATES)
}
"""Every state with every event."""

CALLS = frozenset({_RAISED, _ESCALATED})
"""States in which somebody is called: the only ones whose messages ask for anything."""


def after(state: AlertState, event: AlertEvent) -> AlertState | Refusal:
    """The next state, or why there is none."""
    return TABLE[state, event]


def drawing() -> str:
    """The table as a Mermaid state diagram, one arrow per way from one state to another."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), outcome in TABLE.items():
        if isinstance(outcome, AlertState):
            arrows.setdefault((state.value, outcome.value), []).append(event.value)
    lines = [f"    {one} --> {other}: {', '.join(events)}" for (one, other), events in arrows.items()]
    return "\n".join(("stateDiagram-v2", f"    [*] --> {_RAISED.value}", *lines))
