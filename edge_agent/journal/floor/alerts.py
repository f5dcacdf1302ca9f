"""Alerts in the journal: where each stands, and which messages of it are still to be sent."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the third step of the schema adds for alerts."""


class AlertQueries(Query):
    """Reading alerts."""


class AlertKeeping(AlertQueries):
    """Writing alerts."""
