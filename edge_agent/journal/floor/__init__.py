"""The floor as the journal keeps it: alerts and their messages, stock, scales, and cards that prove themselves."""

from edge_agent.journal.floor import alerts, cards, scales, stock

TABLES = (*alerts.TABLES, *cards.TABLES, *scales.TABLES, *stock.TABLES)
"""What the third step of the schema adds for this room."""


class FloorQueries(alerts.AlertQueries, cards.CardQueries, scales.ScaleQueries, stock.StockQueries):
    """Reading the floor."""


class FloorKeeping(FloorQueries, alerts.AlertKeeping, cards.CardKeeping, scales.ScaleKeeping, stock.StockKeeping):
    """Writing the floor."""


__all__ = ["TABLES", "FloorKeeping", "FloorQueries"]
