"""All tables of all nouns, gathered for migrations and the test that compares the two."""

from __future__ import annotations

from cloud_crm.database import metadata
from cloud_crm.events.tables import events
from cloud_crm.gateways.tables import gaps, gateways, quarantines, streams
from cloud_crm.ledger.tables import posting_conflicts, postings
from cloud_crm.members.tables import media, members
from cloud_crm.programme.tables import programmes

__all__ = [
    "events",
    "gaps",
    "gateways",
    "media",
    "members",
    "metadata",
    "posting_conflicts",
    "postings",
    "programmes",
    "quarantines",
    "streams",
]
