"""What the checkout keeps: values that go into this room and come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from loyalty.events import Line
from loyalty.identifiers import MemberId, PostingId
from loyalty.ledger import Rule


@dataclass(frozen=True, slots=True)
class SaleBook:
    """What became of one receipt of this store. Points are whole, amounts in minor units.

    Of a sale: ``earned`` before refunds, ``redeemed`` through its quote and what that took off the price
    (``saved_minor``), and what refunds undid of both; ``refused`` says why its quote could not be
    kept. Of a refund: ``refund_of`` is the receipt of this store it gives back, ``taken_back`` and ``restored`` what
    it did itself. ``lines`` are what was paid for them.
    """

    sale: str
    day: date
    event_id: str
    sold_at: datetime
    member: MemberId | None = None
    lines: tuple[Line, ...] = ()
    refund_of: str | None = None
    quote: str | None = None
    earned: int = 0
    taken_back: int = 0
    redeemed: int = 0
    saved_minor: int = 0
    restored: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True)
class PendingRow:
    """What is left (> 0) of one accrual that waits for the return window of its sale to end."""

    posting: PostingId
    member: MemberId
    sale: str
    points: int
    rule: Rule
    available_on: date
    event_id: str
    """The sale's own event."""
    sold_at: datetime


@dataclass(frozen=True, slots=True)
class CouponEntry:
    """One coupon that somebody holds. ``member`` is empty for one that anybody may use; ``code`` a medium.

    ``is_here``: its one right lies at this gateway and can be used now, unless somebody has reserved it.
    """

    instance: str
    coupon: str
    member: str
    code: str | None = None
    last_day: date | None = None
    is_used: bool = False
    is_here: bool = False
    is_reserved: bool = False

    @property
    def currency(self) -> str:
        """The account of its one unit."""
        return f"coupon/{self.instance}"


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A quote as it was given. While ``is_open`` it holds what it redeems; ``sale`` is the receipt that used it.

    ``answer`` and ``plan`` are JSON: what the till was told, and what the sale has to do.
    """

    key: str
    fingerprint: str
    till: str
    member: str | None
    medium: str | None
    price_minor: int
    ends_at: datetime
    is_open: bool
    sale: str | None
    answer: str
    plan: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Points of a member that this store moved: signed, available or pending, and by which rule."""

    at: datetime
    rule: Rule
    points: int
    sale: str | None
    is_pending: bool


@dataclass(frozen=True, slots=True)
class OwnPurchases:
    """Sales of this store to one member on one of its days, of which the cloud's figures of them hold none yet."""

    day: date
    standing: int
    """How many were not given back whole."""
    left_minor: int
    """Paid, less what was given back."""
    points: int
    """Earned, less what was taken back."""
