"""SQL about standings: what members bought, where they stand by now, and which referrals paid."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Row, and_, func, or_, select, tuple_, update

from cloud_crm.database import insert_sql, update_many
from cloud_crm.members.tables import members
from cloud_crm.points.tables import lots, points_accounts, sale_books
from cloud_crm.standing.tables import referral_payouts, standings
from loyalty.points.standing import Qualifying

_LOOKUP_ROWS_MAX = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase that still stands: what is left of it after refunds everywhere."""

    gateway_id: str
    sale: str
    on: date
    sold_at: str
    kept_minor: int
    currency: str
    points: int

    def qualifying(self) -> Qualifying:
        """What it counts towards a tier."""
        return Qualifying(self.on, self.kept_minor, self.points)


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Where a member stands; see :data:`cloud_crm.standing.tables.standings`."""

    member_id: str
    purchases: int = 0
    qualifying: int = 0
    tier: str = ""
    tier_since: str = ""
    tier_ends: str = ""
    member_type: str = ""
    seen_on: str = ""
    next_day: str = ""

    def is_as(self, other: StandingRow) -> bool:
        """Whether a store would be told the same of both: the days of looking are the cloud's own."""
        return _told(self) == _told(other)


_told = attrgetter("member_id", "purchases", "qualifying", "tier", "tier_since", "tier_ends", "member_type")


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A referral that paid. ``points`` by side and member: ``{"referrer": 100, …}``."""

    referred: str
    referrer: str
    gateway_id: str
    sale: str
    paid_on: str
    minimum_minor: int
    points: Mapping[str, int] = field(default_factory=dict)
    reversed_at: str | None = None


@dataclass(frozen=True, slots=True)
class PointsFigures:
    """What a store is told of a member's points beside the balance."""

    pending: int = 0
    owed: int = 0
    expiring: Sequence[tuple[str, int]] = ()


def bought(connection: Connection, member_ids: Collection[str]) -> dict[str, list[Bought]]:
    """Purchases of these members that still stand, oldest first."""
    found: dict[str, list[Bought]] = {member: [] for member in member_ids}
    books, days = sale_books.c, {}
    columns = (
        books.member_id, books.gateway_id, books.sale, books.sold_on, books.sold_at, books.total_minor,
        books.refunded_minor, books.currency, books.earned, books.taken_back,
    )  # fmt: skip
    for some in _stretches(sorted(member_ids)):
        query = select(*columns).where(books.member_id.in_(some), books.total_minor > books.refunded_minor)
        rows = connection.execute(query.order_by(books.sold_on, books.sold_at, books.sale)).fetchall()
        for member, gateway_id, sale, sold_on, sold_at, total, refunded, currency, earned, taken in rows:
            if sold_on not in days:
                days[sold_on] = _day(sold_on)
            if (on := days[sold_on]) is not None:
                found[member].append(Bought(gateway_id, sale, on, sold_at, total - refunded, currency, earned - taken))
    return found


def buyers(connection: Connection, keys: Collection[tuple[str, str]]) -> set[str]:
    """The members whom these sales (gateway, receipt) belong to."""
    found: set[str] = set()
    both = tuple_(sale_books.c.gateway_id, sale_books.c.sale)
    for some in _stretches(sorted(tuple(key) for key in keys)):
        query = select(sale_books.c.member_id).where(both.in_(some), sale_books.c.member_id.is_not(None))
        found.update(connection.scalars(query))
    return found


def kept_of_sale(connection: Connection, gateway_id: str, sale: str) -> int:
    """What is left of one sale, minor units."""
    books = sale_books.c
    query = select(books.total_minor, books.refunded_minor).where(books.gateway_id == gateway_id, books.sale == sale)
    row = connection.execute(query).one_or_none()
    return 0 if row is None or row.total_minor is None else int(row.total_minor) - int(row.refunded_minor)


def standings_of(connection: Connection, member_ids: Sequence[str]) -> dict[str, StandingRow]:
    """Where these members stand; those never looked at are left out."""
    found: dict[str, StandingRow] = {}
    for some in _stretches(member_ids):
        for row in connection.execute(select(standings).where(standings.c.member_id.in_(some))):
            found[row.member_id] = StandingRow(*row)
    return found


def keep_standings(connection: Connection, rows: Sequence[StandingRow]) -> None:
    """Keep where members stand."""
    columns = tuple(StandingRow.__slots__)
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    sql = f"{insert_sql(connection, standings, columns)} ON CONFLICT (member_id) DO UPDATE SET {sets}"
    values_of = attrgetter(*columns)
    update_many(connection, sql, [values_of(row) for row in rows])


def look_again(connection: Connection) -> None:
    """Let everybody's standing be computed anew by the next turn of the day: the programme is another."""
    connection.execute(update(standings).values(next_day=""))


def due(connection: Connection, on: date, *, after: str, limit: int) -> list[str]:
    """Members whose standing is to be computed on a day, in the order of their ids."""
    is_due = or_(standings.c.member_id.is_(None), standings.c.next_day <= on.isoformat())
    query = (
        select(members.c.member_id)
        .outerjoin(standings, standings.c.member_id == members.c.member_id)
        .where(and_(members.c.member_id > after, is_due))
        .order_by(members.c.member_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def payout_of(connection: Connection, referred: str) -> PayoutRow | None:
    """The payout for a member who was brought, its row locked until the transaction ends where the database can."""
    query = select(referral_payouts).where(referral_payouts.c.referred == referred).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else _payout(row)


def payouts_by(connection: Connection, referrer: str) -> list[PayoutRow]:
    """The payouts to a member who brought others."""
    query = select(referral_payouts).where(referral_payouts.c.referrer == referrer)
    return [_payout(row) for row in connection.execute(query.order_by(referral_payouts.c.paid_on))]


def paid_in_year(connection: Connection, referrer: str, year: int) -> int:
    """Payouts to one member for purchases of a calendar year that were not reversed."""
    columns = referral_payouts.c
    query = (
        select(func.count())
        .select_from(referral_payouts)
        .where(
            columns.referrer == referrer,
            columns.paid_on.between(f"{year:04d}-01-01", f"{year:04d}-12-31"),
            columns.reversed_at.is_(None),
        )
    )
    return int(connection.scalar(query) or 0)


def add_payout(connection: Connection, row: PayoutRow) -> None:
    """Keep that a referral paid."""
    values = {name: getattr(row, name) for name in PayoutRow.__slots__}
    points = orjson.dumps(dict(row.points)).decode()
    connection.execute(referral_payouts.insert().values({**values, "points": points}))


def mark_reversed(connection: Connection, referred: str, at: str) -> None:
    """A payout was taken back."""
    query = update(referral_payouts).where(referral_payouts.c.referred == referred)
    connection.execute(query.values(reversed_at=at))


def points_figures(connection: Connection, member_ids: Sequence[str], *, lots_max: int) -> dict[str, PointsFigures]:
    """Pending, owed and expiring points of members: the first ``lots_max`` last days of each."""
    owed: dict[str, int] = {}
    waiting: dict[str, int] = {}
    ending: dict[str, dict[str, int]] = {}
    for some in _stretches(member_ids):
        debts = select(points_accounts.c.member_id, points_accounts.c.debt).where(points_accounts.c.member_id.in_(some))
        owed |= {member: int(debt) for member, debt in connection.execute(debts)}
        query = (
            select(lots.c.member_id, lots.c.pending, lots.c.last_day, func.sum(lots.c.points))
            .where(lots.c.member_id.in_(some))
            .group_by(lots.c.member_id, lots.c.pending, lots.c.last_day)
            .order_by(lots.c.last_day)
        )
        for member, is_pending, last_day, points in connection.execute(query):
            if is_pending:
                waiting[member] = waiting.get(member, 0) + int(points)
            elif last_day is not None:
                ending.setdefault(member, {})[last_day] = int(points)
    return {
        member: PointsFigures(
            waiting.get(member, 0), owed.get(member, 0), tuple(ending.get(member, {}).items())[:lots_max]
        )
        for member in member_ids
    }


def _payout(row: Row[Any]) -> PayoutRow:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
    return PayoutRow(**{**values, "points": orjson.loads(values["points"])})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _stretches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _LOOKUP_ROWS_MAX):
        yield ids[start : start + _LOOKUP_ROWS_MAX]
