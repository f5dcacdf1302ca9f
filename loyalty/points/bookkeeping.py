"""The cloud's lots follow what the stores post, in whatever order it lands.

A store posts by its own journal alone. So a posting may move points that the cloud has moved already (expired, or
taken back for a refund in another store). Then the cloud posts the difference itself: what is not available becomes
debt, what no longer waits is moved from available. The ledger's ``available`` and ``pending`` are never below zero,
and :class:`~loyalty.points.lots.PointsAccount` stays what the ledger sums up to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from loyalty.identifiers import MemberId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_REDEEMED, Posting, Rule, available, debt, pending
from loyalty.points.lots import Lot, PointsAccount, last_day, put, take
from loyalty.terms.earning import LotTerms


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known around a posting.

    ``on`` is the store's day of it. ``accruals`` are those of the sale it is about, taken back first. ``returned`` is
    what the redemption took that it undoes, less what came back before, first to come back first.
    """

    on: date
    terms: LotTerms
    accruals: frozenset[PostingId] = frozenset()
    returned: tuple[Lot, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The account afterwards, the cloud's own postings, and the parts of lots that left the account."""

    account: PointsAccount
    own: tuple[Posting, ...] = ()
    taken: tuple[Lot, ...] = ()


@dataclass(slots=True)
class _Desk:
    """One posting being kept."""

    account: PointsAccount
    posting: Posting
    around: Circumstances
    own: list[Posting] = field(default_factory=list)
    taken: tuple[Lot, ...] = ()
    short: int = 0
    """Of a release: points that no longer waited."""


def keep(account: PointsAccount, posting: Posting, around: Circumstances) -> Kept:
    """Apply one posting, new to the ledger, to the member's account. Postings of other members change nothing."""
    desk = _Desk(account, posting, around)
    member = account.member
    if posting.debit == available(member):
        _spend(desk)
    elif posting.debit == pending(member):
        _leave_pending(desk)
    elif posting.debit == debt(member):
        desk.account = replace(account, debt=account.debt + posting.points)
    if posting.credit == available(member):
        _arrive(desk)
    elif posting.credit == pending(member):
        _wait(desk)
    elif posting.credit == debt(member):
        _repay(desk)
    return Kept(_without_debt_beside_points(desk), tuple(desk.own), desk.taken)


def earned_lot(posting: Posting, around: Circumstances) -> Lot:
    """The lot that a posting from the programme to a member makes, before any debt is paid from it."""
    member = posting.credit
    waits = member.endswith(":pending")
    days = around.terms.pending_days if waits else 0
    return Lot(
        accrual=posting.posting_id,
        points=posting.points,
        earned_on=around.on,
        available_on=around.on + timedelta(days=days),
        last_day=last_day(around.terms, around.on),
        pending=waits,
    )


def rights_effect(postings: Iterable[Posting], member: MemberId) -> int:
    """What postings change of the rights to a member's points: available points less what is owed."""
    names = (available(member), debt(member))
    return sum(posting.effect_on(name) for posting in postings for name in names)


def _spend(desk: _Desk) -> None:
    """Take from available lots, those of the sale first; what is missing is owed."""
    lots, own = take(desk.account.lots, desk.posting.points, fits=lambda lot: _is_own(desk, lot, waits=False))
    rest = desk.posting.points - _sum(own)
    lots, others = take(lots, rest, fits=lambda lot: not lot.pending)
    desk.taken = (*own, *others)
    desk.account = replace(desk.account, lots=lots)
    _owe(desk, rest - _sum(others), "debt")


def _leave_pending(desk: _Desk) -> None:
    """Take from lots that wait; what no longer waits is moved back from available by the cloud."""
    lots, own = take(desk.account.lots, desk.posting.points, fits=lambda lot: _is_own(desk, lot, waits=True))
    rest = desk.posting.points - _sum(own)
    # An activity's points may have been released here, or a sale's taken back: other sales' lots are not touched.
    desk.taken, desk.short = own, rest
    desk.account = replace(desk.account, lots=lots)
    if rest == 0:
        return
    member, posting = desk.account.member, desk.posting
    key = posting_id("late", posting.posting_id)
    desk.own.append(Posting(key, available(member), pending(member), rest, Rule.CORRECTION, posting.cause))
    if posting.credit != available(member):
        _take_released(desk, rest)


def _take_released(desk: _Desk, points: int) -> None:
    """What was to be taken while it waited is available by now: take it there."""
    lots, taken = take(desk.account.lots, points, fits=lambda lot: not lot.pending)
    desk.account = replace(desk.account, lots=lots)
    desk.taken = (*desk.taken, *taken)
    _owe(desk, points - _sum(taken), "late-debt")


def _owe(desk: _Desk, points: int, kind: str) -> None:
    if points == 0:
        return
    member, posting = desk.account.member, desk.posting
    key = posting_id(kind, posting.posting_id)
    desk.own.append(Posting(key, debt(member), available(member), points, Rule.DEBT, posting.cause))
    desk.account = replace(desk.account, debt=desk.account.debt + points)


def _arrive(desk: _Desk) -> None:
    """Put what became available into lots: those that waited, those a redemption took, or a new one."""
    for number, lot in enumerate(_arriving(desk)):
        _put(desk, lot, number)


def _arriving(desk: _Desk) -> tuple[Lot, ...]:
    posting, around = desk.posting, desk.around
    if posting.debit == pending(desk.account.member):
        return tuple(replace(lot, pending=False) for lot in desk.taken)
    if posting.debit != PROGRAMME_REDEEMED:
        return (earned_lot(posting, around),)
    _, parts = take(around.returned, posting.points, fits=lambda _: True)
    parts = tuple(replace(part, last_day=_living(part.last_day, around)) for part in parts)
    missing = posting.points - _sum(parts)
    return (*parts, replace(earned_lot(posting, around), points=missing)) if missing else parts


def _living(day: date | None, around: Circumstances) -> date | None:
    """Points that come back after their last day live for the days the programme gives them."""
    return day if day is None or day >= around.on else around.on + timedelta(days=around.terms.restored_days)


def _wait(desk: _Desk) -> None:
    _put(desk, earned_lot(desk.posting, desk.around), 0)


def _repay(desk: _Desk) -> None:
    """Somebody paid what is owed; what was paid too much becomes available."""
    member, posting = desk.account.member, desk.posting
    paid = min(desk.account.debt, posting.points)
    desk.account = replace(desk.account, debt=desk.account.debt - paid)
    if surplus := posting.points - paid:
        key = posting_id("surplus", posting.posting_id)
        desk.own.append(Posting(key, debt(member), available(member), surplus, Rule.CORRECTION, posting.cause))
        _put(desk, replace(earned_lot(posting, desk.around), points=surplus, pending=False), 0)


def _put(desk: _Desk, lot: Lot, number: int) -> None:
    moved = put(desk.account, lot, key=f"{desk.posting.posting_id}/{number}", cause=desk.posting.cause)
    desk.account = moved.account
    desk.own.extend(moved.postings)


def _without_debt_beside_points(desk: _Desk) -> PointsAccount:
    """Who owes points has none available: a debt told of by a store is paid from what is there."""
    account = desk.account
    paid = min(account.debt, account.available)
    if paid == 0:
        return account
    lots, _ = take(account.lots, paid, fits=lambda lot: not lot.pending)
    key = posting_id("repayment", desk.posting.posting_id)
    member = account.member
    desk.own.append(Posting(key, available(member), debt(member), paid, Rule.REPAYMENT, desk.posting.cause))
    return replace(account, lots=lots, debt=account.debt - paid)


def _is_own(desk: _Desk, lot: Lot, *, waits: bool) -> bool:
    """Whether a lot is of the sale, or the very lot that a release names by its id."""
    if lot.pending is not waits:
        return False
    return lot.accrual in desk.around.accruals or posting_id("release", lot.accrual) == desk.posting.posting_id


def _sum(lots: Iterable[Lot]) -> int:
    return sum(lot.points for lot in lots)
