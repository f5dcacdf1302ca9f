"""Where members stand, computed from what they bought: on landing for those it concerns, and once a day for who is due.

One member after another: birthday, referral, type, tier and its coupon, offers. Computing again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection

from cloud_crm.clock import rfc3339
from cloud_crm.coupons.repository import of_source
from cloud_crm.gateways.days import StoreDays
from cloud_crm.members import repository as members
from cloud_crm.members.contact import birthday_of
from cloud_crm.members.repository import MemberRow
from cloud_crm.programme import repository as programmes
from cloud_crm.standing import offers, privileges, referrals, repository
from cloud_crm.standing.birthdays import congratulate
from cloud_crm.standing.days import next_look
from cloud_crm.standing.offers import OFFER, Entitled, given_keys
from cloud_crm.standing.privileges import Stay
from cloud_crm.standing.referrals import Day
from cloud_crm.standing.repository import Bought, StandingRow
from loyalty.checkout.offers import Person, member_type_of
from loyalty.points.standing import Standing, next_standing, qualifying_total
from loyalty.terms.document import Terms

_MEMBERS_AT_ONCE_MAX = 500


class StandingKeeper:
    """Computes standings within the caller's transaction, after the points of the same facts were booked."""

    def __init__(self, days: StoreDays) -> None:
        self.days = days

    def refresh(self, connection: Connection, member_ids: Collection[str], now: datetime) -> None:
        """Compute the standings of these members anew; ids that nobody has are passed over."""
        terms = programmes.terms_in_force(connection)
        if terms is None:
            return
        ordered = sorted(set(member_ids))
        for start in range(0, len(ordered), _MEMBERS_AT_ONCE_MAX):
            self._refresh(connection, terms, ordered[start : start + _MEMBERS_AT_ONCE_MAX], now)

    def turn_day(self, connection: Connection, now: datetime, *, after: str = "") -> str:
        """Refresh some of those who are due, in the order of their ids; returns the last, empty when none is left."""
        due = repository.due(connection, self.days.latest(now), after=after, limit=_MEMBERS_AT_ONCE_MAX)
        terms = programmes.terms_in_force(connection)
        if terms is not None:
            congratulate(connection, terms, members.find_members(connection, due), self.days, now)
        self.refresh(connection, due, now)
        return due[-1] if due else ""

    def _refresh(self, connection: Connection, terms: Terms, member_ids: list[str], now: datetime) -> None:
        rows = members.find_members(connection, member_ids)
        known = repository.standings_of(connection, member_ids)
        purchases = repository.bought(connection, list(rows))
        given = of_source(connection, OFFER, list(rows))
        entitled: dict[date, list[Entitled]] = {}
        changed: list[str] = []
        looked_at: list[StandingRow] = []
        stays: dict[date, list[Stay]] = {}
        for member_id, row in sorted(rows.items()):
            on, mine = self.days.on(row.home_gateway, now), purchases[member_id]
            person = Person(
                joined_on=_joined(row, on),
                purchases=len(mine),
                birthday=birthday_of(row.birthday),
                given=given_keys(given.get(member_id, ())),
            )
            before = known.get(member_id, StandingRow(member_id))
            after = _standing(terms, before, person, mine, on=on)
            if after != before:
                looked_at.append(after)
            if not after.is_as(before):
                changed.append(member_id)
            gateway = row.home_gateway or self.days.only_store()
            entitled.setdefault(on, []).append(Entitled(member_id, person, gateway))
            stays.setdefault(on, []).append(Stay(before, after, gateway))
        repository.keep_standings(connection, looked_at)
        at = rfc3339(now)
        for on, some in entitled.items():
            offers.give(connection, terms, some, on=on, at=at)
            privileges.grant(connection, terms, stays[on], on=on, at=at)
            for one in some:
                referrals.settle(connection, terms, rows[one.member], purchases[one.member], Day(on, at))
        members.touch(connection, changed)


def _standing(terms: Terms, before: StandingRow, person: Person, purchases: list[Bought], *, on: date) -> StandingRow:
    counted = [one.qualifying() for one in purchases if one.currency == terms.programme.currency]
    total = qualifying_total(terms.tiers, counted, on=on)
    held = Standing(before.tier or None, _day(before.tier_since), _day(before.tier_ends))
    now = next_standing(terms.tiers, held, total, on=on)
    member_type = member_type_of(terms, person, on=on)
    return StandingRow(
        member_id=before.member_id,
        purchases=len(purchases),
        qualifying=total,
        tier=now.tier or "",
        tier_since=_text(now.since),
        tier_ends=_text(now.lost_on),
        member_type=member_type.id if member_type else "",
        seen_on=on.isoformat(),
        next_day=next_look(terms, person, on=on, has_tier=now.tier is not None).isoformat(),
    )


def _joined(row: MemberRow, on: date) -> date:
    return _day(row.joined_on) or on


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
