"""What a refund does to points: it takes back what the sale earned and restores what it redeemed, separately.

A refund is never blocked. Points to be taken back that are gone become debt. Whatever the number and order
of partial refunds, and also when a refund is seen before its sale, the account ends the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from loyalty.decide import Reason, Refused, points_kept
from loyalty.events import Purchase, Refund
from loyalty.identifiers import EventId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, Posting, Rule, available, debt, pending
from loyalty.points.lots import Accrual, Lot, Moved, PointsAccount, Short, advance, earn, put, spend, take
from loyalty.terms.document import Terms


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale with what it earns and the points it redeems."""

    purchase: Purchase
    accruals: tuple[Accrual, ...] = ()
    redeemed: int = 0


@dataclass(frozen=True, slots=True)
class SaleBook:
    """What became of one sale so far. A sale not seen yet has an empty one, which may hold early refunds."""

    total_minor: int | None = None
    refunded_minor: int = 0
    accruals: tuple[PostingId, ...] = ()
    earned: int = 0
    taken_back: int = 0
    redeemed: tuple[Lot, ...] = ()
    restored: int = 0
    refunds: tuple[Refund, ...] = ()
    """Every refund of this sale, once, in the order seen."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The account and the sale's book after a fact, and the postings between."""

    account: PointsAccount
    book: SaleBook
    postings: tuple[Posting, ...] = ()


def record_sale(account: PointsAccount, book: SaleBook, sold: Sold, terms: Terms, *, on: date) -> Settled | Short:
    """Redeem, earn, then settle refunds that were seen first. A sale already recorded changes nothing.

    Returns :class:`Short`, with nothing redeemed or earned, if the account cannot pay the redemption.
    """
    if book.total_minor is not None:
        return Settled(account, book)
    purchase = sold.purchase
    redemption = posting_id("redemption", purchase.store, purchase.sale)
    spent = spend(account, sold.redeemed, redemption=redemption, on=on, cause=purchase.event)
    if isinstance(spent, Short):
        return spent
    account, postings = spent.account, spent.postings
    for accrual in sold.accruals:
        earned = earn(account, accrual, terms.lots, on=on)
        account, postings = earned.account, (*postings, *earned.postings)
    opened = SaleBook(
        total_minor=purchase.total_minor,
        accruals=tuple(accrual.posting for accrual in sold.accruals),
        earned=sum(accrual.points for accrual in sold.accruals),
        redeemed=spent.taken,
    )
    settled = Settled(account, opened, postings)
    for refund in book.refunds:
        step = _settle(settled.account, settled.book, refund, terms, on=on)
        settled = replace(step, postings=(*settled.postings, *step.postings))
    return settled


def record_refund(
    account: PointsAccount, book: SaleBook, refund: Refund, terms: Terms, *, on: date
) -> Settled | Refused:
    """Take back and restore for one refund, in whichever store it happened. A refund seen again changes nothing."""
    if refund.currency != terms.programme.currency:
        return Refused(account.member, Reason.OTHER_CURRENCY)
    if any((known.store, known.sale) == (refund.store, refund.sale) for known in book.refunds):
        return Settled(account, book)
    if book.total_minor is None:
        return Settled(account, replace(book, refunds=(*book.refunds, refund)))
    return _settle(account, book, refund, terms, on=on)


def take_back_referral(account: PointsAccount, reward: Accrual, *, on: date, by: Refund) -> Moved:
    """Take back what one side got for a referral, because refund ``by`` left no real first purchase."""
    before = advance(account, on=on, cause=by.event)
    taken = _take_back(before.account, (reward.posting,), reward.points, by=by, kind=f"referral-{reward.posting}")
    return Moved(taken.account, (*before.postings, *taken.postings))


def _take_back(
    account: PointsAccount, accruals: tuple[PostingId, ...], points: int, *, by: Refund, kind: str = "refund"
) -> Moved:
    """Take ``points`` back: from their own lots, then from others that can be spent, the rest becomes debt.

    ``kind`` keeps apart what one refund takes back from several members.
    """
    member = account.member
    lots, waiting = take(account.lots, points, fits=lambda lot: lot.pending and lot.accrual in accruals)
    missing = points - _sum(waiting)
    lots, own = take(lots, missing, fits=lambda lot: not lot.pending and lot.accrual in accruals)
    lots, others = take(lots, missing - _sum(own), fits=lambda lot: not lot.pending)
    spendable = _sum(own) + _sum(others)
    owed = missing - spendable
    moves = (
        (kind, available(member), spendable, Rule.REFUND),
        (f"{kind}-pending", pending(member), _sum(waiting), Rule.REFUND),
        (f"{kind}-debt", debt(member), owed, Rule.DEBT),
    )
    postings = tuple(
        Posting(posting_id(name, by.store, by.sale), account_from, PROGRAMME_ISSUED, moved, rule, by.event)
        for name, account_from, moved, rule in moves
        if moved
    )
    return Moved(replace(account, lots=lots, debt=account.debt + owed), postings)


def _settle(account: PointsAccount, book: SaleBook, refund: Refund, terms: Terms, *, on: date) -> Settled:
    total = book.total_minor or 0
    refunded = min(total, book.refunded_minor + refund.refunded_minor)
    kept = points_kept(terms.programme, earned=book.earned, total_minor=total, left_minor=total - refunded)
    redeemed = _sum(book.redeemed)
    # A sale paid wholly with points has no money to divide by: any refund of it is a full one.
    restored = redeemed * refunded // total if total else redeemed
    back = max(0, book.earned - kept - book.taken_back)
    before = advance(account, on=on, cause=refund.event)
    given = _restore(before.account, book, restored - book.restored, terms, by=_Restoring(refund, on))
    taken = _take_back(given.account, book.accruals, back, by=refund)
    after = replace(
        book,
        refunded_minor=refunded,
        taken_back=book.taken_back + back,
        restored=restored,
        refunds=(*book.refunds, refund),
    )
    return Settled(taken.account, after, (*before.postings, *given.postings, *taken.postings))


@dataclass(frozen=True, slots=True)
class _Restoring:
    refund: Refund
    on: date


def _restore(account: PointsAccount, book: SaleBook, points: int, terms: Terms, *, by: _Restoring) -> Moved:
    """Give redeemed points back to the lots they came from, those that live longest first."""
    if points == 0:
        return Moved(account)
    refund = by.refund
    cause = EventId(refund.event)
    key = posting_id("restore", refund.store, refund.sale)
    moved = Moved(account, (Posting(key, PROGRAMME_REDEEMED, available(account.member), points, Rule.RESTORE, cause),))
    # What earlier refunds restored came off this end too.
    rest, _ = take(reversed(book.redeemed), book.restored, fits=lambda _: True)
    _, parts = take(rest, points, fits=lambda _: True)
    for number, part in enumerate(parts):
        day = part.last_day
        if day is not None and day < by.on:
            day = by.on + timedelta(days=terms.lots.restored_days)
        step = put(account, replace(part, last_day=day), key=f"{key}/{number}", cause=cause)
        account = step.account
        moved = Moved(account, (*moved.postings, *step.postings))
    return moved


def _sum(lots: tuple[Lot, ...]) -> int:
    return sum(lot.points for lot in lots)
