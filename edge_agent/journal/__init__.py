"""The journal: what happened in the store, kept through power cuts, and the queue to the cloud.

One SQLite file with one writer. This room is the only place at the edge that knows SQLite.
"""

from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from edge_agent.journal.database import REDEEM_FILL_MAX
from edge_agent.journal.journal import Changed, Journal
from edge_agent.journal.people.values import (
    AccountEntry,
    AwaitedLink,
    Earned,
    LocalDetails,
    LocalMedium,
    MediumOf,
    PinTries,
    RewardTaken,
    StaffAct,
)
from edge_agent.journal.till_books.rows import CouponEntry, HistoryEntry, OwnPurchases, PendingRow, QuoteRow, SaleBook
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
    "REDEEM_FILL_MAX",
    "AccountEntry",
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
    "MediumOf",
    "MemberEntry",
    "OwnPurchases",
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
    "StaffAct",
    "StandingWord",
    "StepOutcome",
    "TailRow",
    "Transaction",
    "Usable",
    "VerifyReport",
    "Visit",
]
