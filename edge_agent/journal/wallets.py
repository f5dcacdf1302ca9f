"""Rights as the journal keeps them: wallets, leases, redemptions, and whether this incarnation may redeem."""

from __future__ import annotations

from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = ()
"""What the second step of the schema adds for this room."""


class WalletQueries(Query):
    """Reading wallets."""


class WalletKeeping(WalletQueries):
    """Writing wallets."""
