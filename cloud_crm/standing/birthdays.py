"""Birthday points of members who did not come in: paid as the days end on which a store could have given them.

A store names the points alike, so whichever is first counts, and the other changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from cloud_crm.clock import rfc3339
from cloud_crm.gateways.days import StoreDays
from cloud_crm.ledger import repository as ledger
from cloud_crm.members.contact import birthday_of
from cloud_crm.members.repository import MemberRow
from cloud_crm.points.activities import Promised, Promising, promise
from cloud_crm.rights.books import RightsTerms
from cloud_crm.standing.days import LATE_DAYS_MAX
from loyalty.calendar import Birthday
from loyalty.identifiers import EventId, MemberId
from loyalty.points.accruals import Activity, NotEarned, PastActivity, activity_accrual
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind, ActivityRule, Period


def congratulate(
    connection: Connection, terms: Terms, rows: Mapping[str, MemberRow], days: StoreDays, now: datetime
) -> None:
    """Pay those of these members whose birthday window ended in their store a few days ago at most.

    Nobody is paid whom the stores do not serve, or who may be somebody else a second time.
    """
    rules = [rule for rule in terms.earning.activities if rule.kind is ActivityKind.BIRTHDAY]
    served = (row for row in rows.values() if row.blocked_at is None and row.duplicate_of is None)
    due = [
        promised
        for row in served
        for rule in rules
        if (promised := _due(connection, terms, rule, row, on=days.on(row.home_gateway, now))) is not None
    ]
    promise(connection, due, Promising(terms.lots, RightsTerms(), rfc3339(now)))


def _due(connection: Connection, terms: Terms, rule: ActivityRule, row: MemberRow, *, on: date) -> Promised | None:
    birthday = birthday_of(row.birthday)
    last = _ended(birthday, rule, on) if birthday else None
    if last is None or row.joined_on > last.isoformat():
        return None
    member = MemberId(row.member_id)
    activity = Activity(member, ActivityKind.BIRTHDAY, last, EventId(f"birthday {last}"), birthday=birthday)
    accrual = activity_accrual(terms, rule.id, activity, _past(connection, terms, rule, activity, row))
    return None if isinstance(accrual, NotEarned) else Promised(member, accrual, on)


def _ended(birthday: Birthday, rule: ActivityRule, on: date) -> date | None:
    """The last day of a window that is over, but not for long: the cloud may have been down."""
    for year in (on.year, on.year - 1):
        last = birthday.in_year(year) + timedelta(days=rule.window_days - 1)
        if 1 <= (on - last).days <= LATE_DAYS_MAX:
            return last
    return None


def _past(
    connection: Connection, terms: Terms, rule: ActivityRule, activity: Activity, row: MemberRow
) -> Iterable[PastActivity]:
    """Birthdays that were paid before, by a store or here; of interest only where they are limited for good."""
    if rule.period is not Period.EVER:
        return ()
    earlier = {posting: year for year, posting in _years(terms, rule, activity, row)}
    known = ledger.known(connection, list(earlier))
    return [PastActivity(rule.id, str(year), activity.on) for posting, year in earlier.items() if posting in known]


def _years(terms: Terms, rule: ActivityRule, activity: Activity, row: MemberRow) -> Iterator[tuple[int, str]]:
    assert activity.birthday is not None  # noqa: S101  asked for members with one only
    first = int(row.joined_on[:4]) if row.joined_on[:4].isdigit() else activity.on.year
    for year in range(max(first, activity.on.year - 100) - 1, activity.on.year + 1):
        then = Activity(
            activity.member, rule.kind, activity.birthday.in_year(year), activity.cause, birthday=activity.birthday
        )
        accrual = activity_accrual(terms, rule.id, then, ())
        if not isinstance(accrual, NotEarned):
            yield year, accrual.posting
