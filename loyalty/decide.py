"""The only place where points are granted or refused. One total function per question, no I/O.

``decide_purchase`` and ``decide_refund`` return a value for every input of their types. A refusal
is an answer, not an error; an exception from here is a bug, and the event stays recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loyalty.events import Purchase, PurchaseStanding, Refund
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available
from loyalty.programme import Programme


class Reason(StrEnum):
    """Why no points moved."""

    BELOW_MINIMUM = "below_minimum"
    NOTHING_EARNED = "nothing_earned"
    OTHER_CURRENCY = "other_currency"
    NOTHING_LEFT_TO_REFUND = "nothing_left_to_refund"
    NOTHING_TO_REVERSE = "nothing_to_reverse"
    ORIGINAL_UNNAMED = "original_unnamed"


@dataclass(frozen=True, slots=True)
class Granted:
    """Points moved for a member; ``points`` is the signed change of the available balance."""

    member: MemberId
    points: int
    postings: tuple[Posting, ...]


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
