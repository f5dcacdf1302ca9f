"""Visits beyond what a rule pays: stores that cannot see each other each pay their own, the cloud counts all of them.

Points of visits wait for the cloud, so what is too much is taken back before it can be spent. The earliest days stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from cloud_crm.ledger import repository as ledger
from cloud_crm.members import repository as members
from cloud_crm.points.activities import Promising
from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.rights.books import RightsBooks, points_of
from loyalty.calendar import month_end
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, pending
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind, ActivityRule, Period

EVER_DAYS_MAX = 3_660
"""Where a rule pays so many visits for good, those of so many days are looked at."""
_CAUSE = EventId("visits of several stores")


class PaidVisit(NamedTuple):
    """A visit whose points a store has just told of, and the store's day."""

    member: MemberId
    on: date


def hold_caps(connection: Connection, terms: Terms, visits: Iterable[PaidVisit], under: Promising) -> set[str]:
    """Take back what is beyond the caps; returns the members it is taken from. Repeating changes nothing."""
    rules = [rule for rule in terms.earning.activities if rule.kind is ActivityKind.VISIT]
    told = set(visits)
    if not rules or not told:
        return set()
    counts = ledger.counts_of_rule(connection, Rule.VISIT, [pending(visit.member) for visit in told])
    surplus: dict[PostingId, tuple[PaidVisit, int]] = {}
    for visit in sorted(told):
        for rule in rules:
            # Whoever has no more visits in all than one period may have, has none too many.
            if rule.period is not Period.DAY and counts.get(pending(visit.member), 0) > rule.times_max:
                surplus |= _beyond(connection, rule, visit)
    return _take_back(connection, surplus, under)


def _beyond(connection: Connection, rule: ActivityRule, visit: PaidVisit) -> dict[PostingId, tuple[PaidVisit, int]]:
    """Visits of the period that came after as many as the rule pays, with their points."""
    names = {
        posting_id("activity", rule.id, visit.member, day.isoformat()): day for day in _days(rule.period, visit.on)
    }
    paid = ledger.points_of(connection, list(names))
    in_order = sorted(paid, key=lambda name: names[PostingId(name)])
    return {PostingId(name): (PaidVisit(visit.member, visit.on), paid[name]) for name in in_order[rule.times_max :]}


def _days(period: Period, on: date) -> Sequence[date]:
    match period:
        case Period.DAY:
            first, last = on, on
        case Period.MONTH:
            first, last = on.replace(day=1), month_end(on)
        case Period.YEAR:
            first, last = date(on.year, 1, 1), date(on.year, 12, 31)
        case Period.EVER:
            first, last = on - timedelta(days=EVER_DAYS_MAX), on + timedelta(days=1)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _take_back(connection: Connection, surplus: dict[PostingId, tuple[PaidVisit, int]], under: Promising) -> set[str]:
    corrections = {posting_id("visit-cap", name): name for name in surplus}
    done = ledger.known(connection, list(corrections))
    new = [(name, corrections[name]) for name in corrections if name not in done]
    if not new:
        return set()
    concerned = sorted({surplus[visit][0].member for _, visit in new})
    rights = RightsBooks(connection, under.rights, at=under.at)
    rights.open([points_of(member) for member in concerned], ())
    books = PointsBooks(connection, rights, under.lots, at=under.at)
    books.open(concerned)
    for name, visit in new:
        (member, on), points = surplus[visit]
        back = Posting(name, pending(member), PROGRAMME_ISSUED, points, Rule.CORRECTION, _CAUSE)
        books.post(Own(back, on, accruals=frozenset({visit})), member)
    books.save()
    rights.save()
    members.touch(connection, concerned)
    return set(concerned)
