"""The journal: what happened in the store, kept through power cuts, and the queue to the cloud.

One SQLite file with one writer. This room is the only place at the edge that knows SQLite.
"""

from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from edge_agent.journal.checkout_rows import CouponEntry, HistoryEntry, OwnPurchase, PendingRow, QuoteRow, SaleBook
from edge_agent.journal.journal import Changed, Journal
from edge_agent.journal.people.values import (
    AwaitedLink,
    Earned,
    LocalDetails,
    LocalMedium,
    PinTries,
    RewardTaken,
)
from edge_agent.journal.transaction import Reader, Transaction
from edge_agent.journal.values import (
    BalanceAsOf,
    Counts,
    Damage,
    Deferred,
    ExpiringPoints,
    JournalClosed,
    JournalError,
    JournalFull,
    JournalSettings,
    KeptMovement,
    KeptRedemption,
    MemberEntry,
    OpenRecall,
    Recorded,
    RightsState,
    SaleRow,
    SetAside,
    StandingWord,
    TailRow,
    Usable,
    VerifyReport,
    Visit,
)
from edge_agent.journal.wallets import POINTS

__all__ = [
    "POINTS",
    "AwaitedLink",
    "BalanceAsOf",
    "Changed",
    "Counts",
    "CouponEntry",
    "Damage",
    "Deferred",
    "Earned",
    "ExpiringPoints",
    "HistoryEntry",
    "Journal",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalSettings",
    "KeptMovement",
    "KeptRedemption",
    "LocalDetails",
    "LocalMedium",
    "MemberEntry",
    "OpenRecall",
    "OwnPurchase",
    "PendingRow",
    "PinTries",
    "QuoteRow",
    "Reader",
    "Recorded",
    "ReplicaCursor",
    "RewardTaken",
    "RightsState",
    "SaleBook",
    "SaleRow",
    "SetAside",
    "StandingWord",
    "StepOutcome",
    "TailRow",
    "Transaction",
    "Usable",
    "VerifyReport",
    "Visit",
]
