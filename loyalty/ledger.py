"""Double-entry points: a posting moves whole points from one account to another.

A balance is a sum of postings and nothing else; a correction is another posting, never an edit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from loyalty.identifiers import EventId, MemberId, PostingId

PROGRAMME_ISSUED = "programme:issued"
"""Where all points come from: its balance is minus the points in circulation."""

PROGRAMME_REDEEMED = "programme:redeemed"
"""Where points go that a member exchanged for something."""

PROGRAMME_EXPIRED = "programme:expired"
"""Where points go whose last day has passed: the programme's breakage."""

PROGRAMME_LOST = "programme:lost"
"""What the merchant bears for gateways that are gone: points given up, less points given as goodwill."""

POINTS_MAX = 1_000_000_000
"""The most points one posting may move."""


class Rule(StrEnum):
    """Why points moved; the staff screen explains each by this name."""

    SPEND = "spend"
    REFUND = "refund"
    MULTIPLIER = "multiplier"
    TIER_BONUS = "tier_bonus"
    MEMBER_DAY = "member_day"
    FIRST_PURCHASE = "first_purchase"
    VISIT = "visit"
    BIRTHDAY = "birthday"
    REFERRAL = "referral"
    SURVEY = "survey"
    REVIEW = "review"
    SHARE = "share"
    RELEASE = "release"
    """Pending points become available: the return window has ended."""
    REDEMPTION = "redemption"
    RESTORE = "restore"
    """A refund gives redeemed points back."""
    EXPIRY = "expiry"
    DEBT = "debt"
    """A refund found too few points; the rest is owed."""
    REPAYMENT = "repayment"
    """Points that became available pay what is owed."""
    ADJUSTMENT = "adjustment"
    """A person gave or took points, and said why."""
    SETTLEMENT = "settlement"
    """What a sale came to after refunds in several stores, less what those stores had posted."""
    CORRECTION = "correction"
    """A store moved points that the cloud had moved before; it could not know."""
    GOODWILL = "goodwill"
    """The merchant replaces points that nobody can account for."""
    WRITE_OFF = "write_off"
    """Points of a gateway that is gone are given up."""
    RECOVERY = "recovery"
    """Points given up turned out to have been spent, so they were no loss."""


def available(member: MemberId) -> str:
    """The account of points a member can spend."""
    return f"member:{member}:available"


def pending(member: MemberId) -> str:
    """The account of points that wait for the end of the return window."""
    return f"member:{member}:pending"


def debt(member: MemberId) -> str:
    """The account of points a member owes: its balance is minus the debt, never above zero."""
    return f"member:{member}:debt"


def member_of(account: str) -> MemberId | None:
    """The member whose account this is; ``None`` for the programme's own accounts."""
    kind, _, rest = account.partition(":")
    return MemberId(rest.rpartition(":")[0]) if kind == "member" else None


@dataclass(frozen=True, slots=True)
class Posting:
    """``points`` (> 0) leave ``debit`` and arrive at ``credit``, because of event ``cause``."""

    posting_id: PostingId
    debit: str
    credit: str
    points: int
    rule: Rule
    cause: EventId

    def __post_init__(self) -> None:
        if not 0 < self.points <= POINTS_MAX:
            raise ValueError(f"a posting moves 1 to {POINTS_MAX} points, not {self.points}")
        if self.debit == self.credit:
            raise ValueError(f"a posting needs two accounts, not {self.debit} twice")

    def effect_on(self, account: str) -> int:
        """The signed change of one account's balance."""
        return self.points * ((account == self.credit) - (account == self.debit))


def balance(postings: Iterable[Posting], account: str) -> int:
    """Sum an account. Postings of one ``posting_id`` count once, however often they are seen."""
    unique = {posting.posting_id: posting for posting in postings}
    return sum(posting.effect_on(account) for posting in unique.values())


def digest(postings: Iterable[Posting]) -> str:
    """One SHA-256 for a set of postings, whatever their order: two ledgers agree when these do."""
    lines = sorted(f"{p.posting_id}|{p.debit}|{p.credit}|{p.points}|{p.rule}" for p in postings)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
