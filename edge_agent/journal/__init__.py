"""The journal: what happened in the store, kept through power cuts, and the queue to the cloud.

One SQLite file with one writer. This room is the only place at the edge that knows SQLite.
"""

from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from edge_agent.journal.journal import Changed, Journal
from edge_agent.journal.transaction import Reader, Transaction
from edge_agent.journal.values import (
    BalanceAsOf,
    Counts,
    Damage,
    Deferred,
    JournalClosed,
    JournalError,
    JournalFull,
    JournalSettings,
    MemberEntry,
    Recorded,
    SaleRow,
    SetAside,
    TailRow,
    VerifyReport,
    Visit,
)

__all__ = [
    "BalanceAsOf",
    "Changed",
    "Counts",
    "Damage",
    "Deferred",
    "Journal",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalSettings",
    "MemberEntry",
    "Reader",
    "Recorded",
    "ReplicaCursor",
    "SaleRow",
    "SetAside",
    "StepOutcome",
    "TailRow",
    "Transaction",
    "VerifyReport",
    "Visit",
]
