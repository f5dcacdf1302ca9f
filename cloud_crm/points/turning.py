"""The turn of a member's day: points that waited become available, points past their last day expire.

Only what is available in the cloud expires there. What a store was leased of it is asked back first; it expires when
the store has returned it, and until then the store itself counts expired points as not usable.
"""

from __future__ import annotations

from datetime import date

from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.rights.books import RightsBooks, points_of
from loyalty.identifiers import EventId, MemberId, posting_id
from loyalty.ledger import PROGRAMME_EXPIRED, Posting, Rule, available, pending
from loyalty.points.lots import Lot


def turn(points: PointsBooks, rights: RightsBooks, member: MemberId, *, on: date) -> None:
    """Move one open member's points to the day ``on``. Safe to repeat; a day before the last changes nothing."""
    _release(points, member, on)
    key = points_of(member)
    expired = [lot for lot in points.points(member).account.lots if _is_over(lot, on)]
    left = rights.account(key).books.avail
    for lot in expired:
        part = min(left, lot.points)
        left -= part
        if part:
            points.post(Own(_expiry(member, lot, part, on), on, accruals=frozenset({lot.accrual})), member)
    leased = sum(lot.points for lot in points.points(member).account.lots if _is_over(lot, on))
    if leased:
        rights.recall(key, leased)


def _release(points: PointsBooks, member: MemberId, on: date) -> None:
    """Activities, and what the cloud gave itself; a sale's points are released by the store that sold."""
    kept = points.points(member)
    due = [lot for lot in kept.account.lots if lot.pending and lot.available_on <= on]
    for lot in due:
        if kept.origins[lot.accrual].by_cloud:
            key = posting_id("release", lot.accrual)
            released = Posting(key, pending(member), available(member), lot.points, Rule.RELEASE, _cause(on))
            points.post(Own(released, on), member)


def _is_over(lot: Lot, on: date) -> bool:
    return not lot.pending and lot.last_day is not None and lot.last_day < on


def _expiry(member: MemberId, lot: Lot, points: int, on: date) -> Posting:
    # By what was left: a lot may expire in parts, as stores return what they were leased.
    key = posting_id("expiry", lot.accrual, str(lot.last_day), str(on), str(lot.points))
    return Posting(key, available(member), PROGRAMME_EXPIRED, points, Rule.EXPIRY, _cause(on))


def _cause(on: date) -> EventId:
    return EventId(f"turn of {on}")
