"""The only place where points are granted or refused. One total function per question, no I/O.

Every question has an answer for every input of its types. A refusal is an answer, not an error; an
exception from here is a bug, and the event stays recorded. ``decide_purchase`` and ``decide_refund``
know the rate on spending alone; ``decide_sale``, ``decide_own_refund``, ``decide_activity`` and
``decide_release`` know the whole terms, and name what they share with the first two alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loyalty.events import Line, OwnSale, Purchase, PurchaseStanding, Refund
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, Posting, Rule, available, pending
from loyalty.points.accruals import (
    Activity,
    NotEarned,
    Occasion,
    PastActivity,
    activity_accrual,
    purchase_accruals,
)
from loyalty.programme import Programme
from loyalty.terms.document import Terms


class Reason(StrEnum):
    """Why no points moved."""

    BELOW_MINIMUM = "below_minimum"
    NOTHING_EARNED = "nothing_earned"
    OTHER_CURRENCY = "other_currency"
    NOTHING_LEFT_TO_REFUND = "nothing_left_to_refund"
    NOTHING_TO_REVERSE = "nothing_to_reverse"
    ORIGINAL_UNNAMED = "original_unnamed"
    CAP_REACHED = "cap_reached"


@dataclass(frozen=True, slots=True)
class Granted:
    """Points moved for a member: the signed change of the available balance, and of what is ``pending``."""

    member: MemberId
    points: int
    postings: tuple[Posting, ...]
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing moved, and why. ``member`` is ``None`` where nobody was named."""

    member: MemberId | None
    reason: Reason


Decision = Granted | Refused


def decide_purchase(member: MemberId, programme: Programme, purchase: Purchase) -> Decision:
    """Points for a purchase: the programme's rate on the receipt total, floored."""
    if purchase.currency != programme.currency:
        return Refused(member, Reason.OTHER_CURRENCY)
    if purchase.total_minor < programme.minimum_minor:
        return Refused(member, Reason.BELOW_MINIMUM)
    points = programme.points_for(purchase.total_minor)
    if points == 0:
        return Refused(member, Reason.NOTHING_EARNED)
    posting = Posting(
        posting_id=posting_id("spend", purchase.store, purchase.sale),
        debit=PROGRAMME_ISSUED,
        credit=available(member),
        points=points,
        rule=Rule.SPEND,
        cause=purchase.event,
    )
    return Granted(member, points, (posting,))


def decide_refund(standing: PurchaseStanding | None, programme: Programme, refund: Refund) -> Decision:
    """Take back what the remaining purchase would not have earned.

    The points left standing are those of the unrefunded remainder, so any split of a refund into
    parts ends at the same balance as one full refund. They shrink by the rate but are never counted
    anew: what was earned at an older rate, or under a cap, stays in proportion. ``standing`` is
    ``None`` when the refund names no purchase.
    """
    if standing is None:
        return Refused(None, Reason.ORIGINAL_UNNAMED)
    member = standing.member
    if member is None:
        return Refused(None, Reason.NOTHING_TO_REVERSE)
    if refund.currency != programme.currency:
        return Refused(member, Reason.OTHER_CURRENCY)
    remaining = standing.total_minor - standing.refunded_minor
    if remaining <= 0:
        return Refused(member, Reason.NOTHING_LEFT_TO_REFUND)
    left = max(0, remaining - refund.refunded_minor)
    kept = points_kept(programme, earned=standing.points, total_minor=remaining, left_minor=left)
    reversed_points = standing.points - kept
    if reversed_points == 0:
        return Refused(member, Reason.NOTHING_TO_REVERSE)
    posting = Posting(
        posting_id=posting_id("refund", refund.store, refund.sale),
        debit=available(member),
        credit=PROGRAMME_ISSUED,
        points=reversed_points,
        rule=Rule.REFUND,
        cause=refund.event,
    )
    return Granted(member, -reversed_points, (posting,))


def decide_sale(
    member: MemberId, terms: Terms, purchase: Purchase, lines: Sequence[Line], occasion: Occasion
) -> Decision:
    """All that a purchase earns under the terms, one posting for each rule; pending while the return window is open.

    ``lines`` are what was paid for them, after discounts.
    """
    programme = terms.programme
    if purchase.currency != programme.currency:
        return Refused(member, Reason.OTHER_CURRENCY)
    if purchase.total_minor < programme.minimum_minor:
        return Refused(member, Reason.BELOW_MINIMUM)
    accruals = purchase_accruals(terms, purchase, lines, occasion)
    if not accruals:
        cap = terms.earning.day_points_max
        return Refused(member, Reason.CAP_REACHED if 0 < cap <= occasion.earned_today else Reason.NOTHING_EARNED)
    waits = terms.lots.pending_days > 0
    credit = pending(member) if waits else available(member)
    earned = sum(accrual.points for accrual in accruals)
    postings = tuple(Posting(a.posting, PROGRAMME_ISSUED, credit, a.points, a.rule, a.cause) for a in accruals)
    return Granted(member, 0 if waits else earned, postings, pending=earned if waits else 0)


def decide_own_refund(terms: Terms, sale: OwnSale | None, refund: Refund) -> Decision:
    """What a refund moves, as far as the store of the sale knows: redeemed points come back, earned ones go.

    Those that still wait go first. Any split of a refund into parts ends where one full refund ends; a sale
    paid wholly with points is given back whole. ``sale`` is ``None`` when the refund names none.
    """
    if sale is None:
        return Refused(None, Reason.ORIGINAL_UNNAMED)
    member = sale.member
    if member is None:
        return Refused(None, Reason.NOTHING_TO_REVERSE)
    if refund.currency != terms.programme.currency:
        return Refused(member, Reason.OTHER_CURRENCY)
    total = sale.total_minor
    if sale.refunded_minor >= total and not (total == 0 and sale.restored < sale.redeemed):
        return Refused(member, Reason.NOTHING_LEFT_TO_REFUND)
    refunded = min(total, sale.refunded_minor + refund.refunded_minor)
    kept = points_kept(terms.programme, earned=sale.earned, total_minor=total, left_minor=total - refunded)
    back = max(0, sale.earned - kept - sale.taken_back)
    given = max(0, (sale.redeemed * refunded // total if total else sale.redeemed) - sale.restored)
    waiting = min(back, sale.pending)
    moves = (
        ("restore", PROGRAMME_REDEEMED, available(member), given, Rule.RESTORE),
        ("refund", available(member), PROGRAMME_ISSUED, back - waiting, Rule.REFUND),
        ("refund-pending", pending(member), PROGRAMME_ISSUED, waiting, Rule.REFUND),
    )
    postings = tuple(
        Posting(posting_id(name, refund.store, refund.sale), debit, credit, points, rule, refund.event)
        for name, debit, credit, points, rule in moves
        if points
    )
    if not postings:
        return Refused(member, Reason.NOTHING_TO_REVERSE)
    return Granted(member, given - (back - waiting), postings, pending=-waiting)


def decide_activity(
    terms: Terms, rule_id: str, activity: Activity, past: Iterable[PastActivity]
) -> Granted | NotEarned:
    """What an activity earns. It always waits for the cloud, because two stores may both have seen it."""
    accrual = activity_accrual(terms, rule_id, activity, past)
    if isinstance(accrual, NotEarned):
        return accrual
    member = activity.member
    issued = Posting(accrual.posting, PROGRAMME_ISSUED, pending(member), accrual.points, accrual.rule, accrual.cause)
    return Granted(member, 0, (issued,), pending=accrual.points)


def decide_release(member: MemberId, accrual: PostingId, points: int, cause: EventId) -> Granted:
    """The return window of a sale has ended: what is left (> 0) of one accrual becomes available."""
    posting = Posting(posting_id("release", accrual), pending(member), available(member), points, Rule.RELEASE, cause)
    return Granted(member, points, (posting,), pending=-points)


def decide_redemption(member: MemberId, purchase: Purchase, points: int) -> Granted:
    """Points (> 0) that pay a part of a purchase. Whether there are that many is the wallet's to say."""
    posting = Posting(
        posting_id("redemption", purchase.store, purchase.sale),
        available(member),
        PROGRAMME_REDEEMED,
        points,
        Rule.REDEMPTION,
        purchase.event,
    )
    return Granted(member, -points, (posting,))


def points_kept(programme: Programme, *, earned: int, total_minor: int, left_minor: int) -> int:
    """Of the points ``earned`` on ``total_minor``, those that the unrefunded rest still deserves; floored.

    They shrink as the programme's own rate shrinks, so bonuses shrink in step with the points they came with.
    """
    if left_minor <= 0:
        return 0
    whole = programme.points_for(total_minor)
    if whole == 0:
        return earned * left_minor // total_minor
    return earned * programme.points_for(left_minor) // whole
