"""People as the journal keeps them: members registered here, media linked here, PINs, phones, what they did."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the second step of the schema adds for this room."""


class PeopleQueries(Query):
    """Reading people."""


class PeopleKeeping(PeopleQueries):
    """Writing people."""
