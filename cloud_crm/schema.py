"""All tables of all nouns, gathered for migrations and the test that compares the two."""

from __future__ import annotations

from cloud_crm.database import metadata
from cloud_crm.events.tables import events
from cloud_crm.gateways.tables import gaps, gateways, quarantines, streams
from cloud_crm.ledger.tables import posting_conflicts, posting_echoes, postings
from cloud_crm.members.tables import media, members
from cloud_crm.points.tables import lots, points_accounts, redemptions, sale_books, sale_refunds, undo_requests
from cloud_crm.programme.tables import programmes
from cloud_crm.rights.tables import (
    rights_accounts,
    rights_actions,
    rights_holdings,
    rights_incarnations,
    rights_losses,
    rights_movements,
    rights_standings,
)

__all__ = [
    "events",
    "gaps",
    "gateways",
    "lots",
    "media",
    "members",
    "metadata",
    "points_accounts",
    "posting_conflicts",
    "posting_echoes",
    "postings",
    "programmes",
    "quarantines",
    "redemptions",
    "rights_accounts",
    "rights_actions",
    "rights_holdings",
    "rights_incarnations",
    "rights_losses",
    "rights_movements",
    "rights_standings",
    "sale_books",
    "sale_refunds",
    "streams",
    "undo_requests",
]
