"""Lots: points in the order in which they were earned, each with a last day.

A :class:`PointsAccount` is what a member's postings add up to, with the one thing that postings do
not say: which points are oldest. Each function takes an account and returns the next one together
with the postings that lead there. Always true of an account:

* its available lots sum to ``member:…:available``, the pending ones to ``member:…:pending``;
* no lot is empty or negative;
* who owes points has none available: whatever becomes available repays first.

The caller applies each business fact once; the posting ids, made of that fact, are the guard in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from loyalty.calendar import month_end, year_end
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import (
    PROGRAMME_EXPIRED,
    PROGRAMME_ISSUED,
    PROGRAMME_REDEEMED,
    Posting,
    Rule,
    available,
    debt,
    pending,
)
from loyalty.terms.earning import Expiry, LotTerms


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points (> 0) to be earned. ``posting`` names the business fact, so it earns once."""

    posting: PostingId
    rule: Rule
    points: int
    cause: EventId


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one accrual that are still there. ``last_day`` is the last on which they can be spent."""

    accrual: PostingId
    points: int
    earned_on: date
    available_on: date
    last_day: date | None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class PointsAccount:
    """One member's points. ``lots`` are in the order in which they are spent: first to expire, then first earned."""

    member: MemberId
    lots: tuple[Lot, ...] = ()
    debt: int = 0

    @property
    def available(self) -> int:
        """Points that can be spent now."""
        return sum(lot.points for lot in self.lots if not lot.pending)

    @property
    def pending(self) -> int:
        """Points that wait for the end of the return window."""
        return sum(lot.points for lot in self.lots if lot.pending)


@dataclass(frozen=True, slots=True)
class Moved:
    """The account after a move, and the postings that made it. ``taken`` are the parts of lots that were spent."""

    account: PointsAccount
    postings: tuple[Posting, ...] = ()
    taken: tuple[Lot, ...] = ()


@dataclass(frozen=True, slots=True)
class Short:
    """Too few points: nothing moved but what time moved (``moved``)."""

    available: int
    moved: Moved


def last_day(terms: LotTerms, earned_on: date) -> date | None:
    """The last day of points earned on a day; never before the day on which they become available."""
    match terms.expiry:
        case Expiry.NEVER:
            return None
        case Expiry.DAYS:
            day = earned_on + timedelta(days=terms.after)
        case Expiry.MONTH_END:
            day = month_end(earned_on, after_months=terms.after)
        case Expiry.YEAR_END:
            day = year_end(earned_on, after_years=terms.after)
    return max(day, earned_on + timedelta(days=terms.pending_days))


def advance(account: PointsAccount, *, on: date, cause: EventId) -> Moved:
    """Let time pass until the day ``on``: pending points become available, points past their last day expire.

    One long step ends where daily steps end. A day before the last one changes nothing.
    """
    due = sorted((lot for lot in account.lots if lot.pending and lot.available_on <= on), key=_release_order)
    moved = Moved(replace(account, lots=tuple(lot for lot in account.lots if lot not in due)))
    for lot in due:
        released = Posting(
            posting_id("release", lot.accrual),
            pending(account.member),
            available(account.member),
            lot.points,
            Rule.RELEASE,
            cause,
        )
        arrived = put(moved.account, replace(lot, pending=False), key=lot.accrual, cause=cause)
        moved = Moved(arrived.account, (*moved.postings, released, *arrived.postings))
    expired = tuple(lot for lot in moved.account.lots if not lot.pending and lot.last_day and lot.last_day < on)
    kept = tuple(lot for lot in moved.account.lots if lot not in expired)
    postings = tuple(
        Posting(
            # Not of the lot alone: after a clock went back, a refund may restore points to a lot that expired before.
            posting_id("expiry", lot.accrual, str(lot.last_day), cause),
            available(account.member),
            PROGRAMME_EXPIRED,
            lot.points,
            Rule.EXPIRY,
            cause,
        )
        for lot in expired
    )
    return Moved(replace(moved.account, lots=kept), (*moved.postings, *postings))


def earn(account: PointsAccount, accrual: Accrual, terms: LotTerms, *, on: date) -> Moved:
    """Credit an accrual as a lot of its own: pending while the return window is open, else available at once."""
    before = advance(account, on=on, cause=accrual.cause)
    waits = terms.pending_days > 0
    lot = Lot(
        accrual=accrual.posting,
        points=accrual.points,
        earned_on=on,
        available_on=on + timedelta(days=terms.pending_days),
        last_day=last_day(terms, on),
        pending=waits,
    )
    credit = pending(account.member) if waits else available(account.member)
    issued = Posting(accrual.posting, PROGRAMME_ISSUED, credit, accrual.points, accrual.rule, accrual.cause)
    after = put(before.account, lot, key=accrual.posting, cause=accrual.cause)
    return Moved(after.account, (*before.postings, issued, *after.postings))


def spend(account: PointsAccount, points: int, *, redemption: PostingId, on: date, cause: EventId) -> Moved | Short:
    """Redeem ``points`` (≥ 0), oldest first. ``redemption`` names the business fact."""
    before = advance(account, on=on, cause=cause)
    if points > before.account.available:
        return Short(before.account.available, before)
    if points == 0:
        return before
    left, taken = take(before.account.lots, points, fits=lambda lot: not lot.pending)
    spent = Posting(redemption, available(account.member), PROGRAMME_REDEEMED, points, Rule.REDEMPTION, cause)
    return Moved(replace(before.account, lots=left), (*before.postings, spent), taken)


def put(account: PointsAccount, lot: Lot, *, key: str, cause: EventId) -> Moved:
    """Add a lot whose points have already been posted to its account; debt is repaid from it if it is available."""
    repaid = 0 if lot.pending else min(account.debt, lot.points)
    same = next((known for known in account.lots if replace(known, points=lot.points) == lot), None)
    points = lot.points - repaid + (same.points if same else 0)
    others = tuple(known for known in account.lots if known is not same)
    lots = (*others, replace(lot, points=points)) if points else others
    after = replace(account, lots=tuple(sorted(lots, key=_spend_order)), debt=account.debt - repaid)
    if repaid == 0:
        return Moved(after)
    repayment = Posting(
        posting_id("repayment", key), available(account.member), debt(account.member), repaid, Rule.REPAYMENT, cause
    )
    return Moved(after, (repayment,))


def take(lots: Iterable[Lot], points: int, *, fits: Callable[[Lot], bool]) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
    """Take up to ``points`` from the lots that fit, in their order. Returns what is left and what was taken."""
    left: list[Lot] = []
    taken: list[Lot] = []
    for lot in lots:
        part = min(points, lot.points) if fits(lot) else 0
        points -= part
        if part:
            taken.append(replace(lot, points=part))
        if part < lot.points:
            left.append(replace(lot, points=lot.points - part))
    return tuple(left), tuple(taken)


def _spend_order(lot: Lot) -> tuple[date, date, str]:
    return (lot.last_day or date.max, lot.earned_on, lot.accrual)


def _release_order(lot: Lot) -> tuple[date, str]:
    return (lot.available_on, lot.accrual)
