"""Alerts as the board shows them, and the facts they carry: bounded, and harmless to store."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.staff.board import AlertView

FACTS_MAX = 16
FACT_LENGTH_MAX = 200
_INTEGER_MAX = 2**53

Facts = Mapping[str, str | int]


def tidy(facts: Facts) -> Facts:
    """Facts as they may be kept: so many, so long, and text that is Unicode."""
    return {key[:40]: _tidy(value) for key, value in list(facts.items())[:FACTS_MAX]}


def view_of(alert: KeptAlert, *, is_recorded: bool = True) -> AlertView:
    """One alert for the board."""
    return AlertView(
        id=alert.id,
        kind=alert.kind.value,
        subject=alert.subject,
        severity=alert.severity,
        state=alert.state,
        zone=alert.zone,
        name_zh=str(alert.facts.get("name_zh", "")),
        name_en=str(alert.facts.get("name_en", "")),
        facts=dict(alert.facts),
        raised_at=alert.raised_at,
        changed_at=alert.changed_at,
        claimed_by=alert.claimed_by,
        until=alert.until,
        escalation=alert.escalation,
        is_recorded=is_recorded,
    )


def _tidy(value: str | int) -> str | int:
    if isinstance(value, int):
        return max(-_INTEGER_MAX, min(_INTEGER_MAX, value))
    return value.encode("utf-8", "replace").decode("utf-8")[:FACT_LENGTH_MAX]
