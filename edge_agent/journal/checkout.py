"""The checkout as the journal keeps it: quotes, reservations, coupons, points that wait for the return window."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the second step of the schema adds for this room."""


class CheckoutQueries(Query):
    """Reading quotes, coupons and pending points."""


class CheckoutKeeping(CheckoutQueries):
    """Writing quotes, coupons and pending points."""
