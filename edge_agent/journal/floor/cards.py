"""Cards that prove themselves: their keys from head office, and the highest counter accepted of each."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the third step of the schema adds for cards that prove themselves."""


class CardQueries(Query):
    """Reading cards that prove themselves."""


class CardKeeping(CardQueries):
    """Writing cards that prove themselves."""
