"""Stock in the journal: what each slot holds, what was sold of each article, and how each scale was calibrated."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the third step of the schema adds for stock."""


class StockQueries(Query):
    """Reading stock."""


class StockKeeping(StockQueries):
    """Writing stock."""
