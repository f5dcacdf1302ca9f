"""SQL about members' lots and what redemptions took of them. The account's row lock is held by the caller."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, Row, select

from cloud_crm.database import among, insert_many, insert_sql, positional, update_many
from cloud_crm.points.tables import lots, points_accounts, redemptions
from loyalty.identifiers import MemberId, PostingId
from loyalty.points.lots import Lot, PointsAccount

_LOOKUP_ROWS_MAX = 500
_LOT_COLUMNS = (
    "member_id", "accrual", "points", "earned_on", "available_on", "last_day", "pending", "by_cloud", "gateway_id",
    "sale",
)  # fmt: skip
_REDEMPTION_COLUMNS = ("posting_id", "member_id", "gateway_id", "lease", "sale", "points", "restored", "taken")
T = TypeVar("T")


class Origin(NamedTuple):
    """Where an accrual came from, and whether the cloud releases it."""

    gateway_id: str
    sale: str | None
    by_cloud: bool


@dataclass(slots=True)
class MemberPoints:
    """One member's points: ``account`` is complete once ``is_loaded``; before, only new lots may be added to it."""

    account: PointsAccount
    next_day: str | None = None
    is_loaded: bool = False
    is_changed: bool = False
    stored: dict[Lot, tuple[int, int]] = field(default_factory=dict)
    """Row and points of each lot as stored, by the lot without its points."""
    origins: dict[PostingId, Origin] = field(default_factory=dict)


@dataclass(slots=True)
class Redeemed:
    """A redemption, and the parts of lots it took in the order they were taken."""

    posting_id: PostingId
    member: MemberId
    gateway_id: str
    lease: str | None
    sale: str | None
    points: int
    taken: tuple[Lot, ...]
    restored: int = 0
    is_new: bool = False


def load(connection: Connection, members: Collection[MemberId]) -> dict[MemberId, MemberPoints]:
    """Debts of these members; lots only with :func:`load_lots`."""
    some, values = among(connection, members)
    sql = f"SELECT member_id, debt, next_day FROM points_accounts WHERE member_id {some}"  # noqa: S608 - marks
    found = {
        member: MemberPoints(PointsAccount(member, (), debt), next_day)
        for member, debt, next_day in connection.exec_driver_sql(sql, values).fetchall()
    }
    return {member: found.get(member) or MemberPoints(PointsAccount(member)) for member in members}


def load_lots(connection: Connection, points: Sequence[MemberPoints]) -> None:
    """Complete these accounts with all their lots."""
    wanted = {kept.account.member: kept for kept in points if not kept.is_loaded}
    parts: dict[MemberId, list[Lot]] = {member: [] for member in wanted}
    for some in _stretches(sorted(wanted)):
        for row in connection.execute(select(lots).where(lots.c.member_id.in_(some))):
            lot, kept = _lot(row), wanted[row.member_id]
            kept.stored[replace(lot, points=0)] = (row.lot_id, row.points)
            kept.origins[lot.accrual] = Origin(row.gateway_id, row.sale, bool(row.by_cloud))
            parts[row.member_id].append(lot)
    for member, kept in wanted.items():
        kept.account = replace(kept.account, lots=tuple(sorted((*kept.account.lots, *parts[member]), key=_order)))
        kept.is_loaded = True


def save(connection: Connection, points: Iterable[MemberPoints]) -> None:
    """Write back debts, lots and the next day on which something is due."""
    changed = [kept for kept in points if kept.is_changed]
    for kept in changed:
        kept.next_day = next_day(kept)
    rows = [(kept.account.debt, kept.next_day, kept.account.member) for kept in changed]
    sql = insert_sql(connection, points_accounts, ("debt", "next_day", "member_id"))
    sql += " ON CONFLICT (member_id) DO UPDATE SET debt = excluded.debt, next_day = excluded.next_day"
    update_many(connection, sql, rows)
    added, updated, gone = _differences(changed)
    mark = positional(connection)
    insert_many(connection, lots, _LOT_COLUMNS, added)
    update_many(connection, f"UPDATE lots SET points = {mark} WHERE lot_id = {mark}", updated)  # noqa: S608 - marks
    update_many(connection, f"DELETE FROM lots WHERE lot_id = {mark}", gone)  # noqa: S608 - marks


def redeemed(connection: Connection, posting_ids: Collection[str]) -> dict[PostingId, Redeemed]:
    """Those of these redemptions that are known."""
    found: dict[PostingId, Redeemed] = {}
    for some in _stretches(sorted(posting_ids)):
        for row in connection.execute(select(redemptions).where(redemptions.c.posting_id.in_(some))):
            found[row.posting_id] = _redeemed(row)
    return found


def redeemed_by_sale(connection: Connection, gateway_id: str, sale: str) -> list[Redeemed]:
    """Redemptions that paid a part of one receipt."""
    query = select(redemptions).where(redemptions.c.gateway_id == gateway_id, redemptions.c.sale == sale)
    return [_redeemed(row) for row in connection.execute(query.order_by(redemptions.c.posting_id))]


def save_redeemed(connection: Connection, changed: Iterable[Redeemed]) -> None:
    """Keep redemptions, and how much of them was restored."""
    rows = [
        (r.posting_id, r.member, r.gateway_id, r.lease, r.sale, r.points, r.restored, _text(r.taken)) for r in changed
    ]
    sql = insert_sql(connection, redemptions, _REDEMPTION_COLUMNS)
    update_many(connection, f"{sql} ON CONFLICT (posting_id) DO UPDATE SET restored = excluded.restored", rows)


def due(connection: Connection, on: date, *, limit: int, after: str = "") -> list[MemberId]:
    """Members for whom the day ``on`` may move something, by id."""
    query = (
        select(points_accounts.c.member_id)
        .where(points_accounts.c.next_day <= on.isoformat(), points_accounts.c.member_id > after)
        .order_by(points_accounts.c.member_id)
        .limit(limit)
    )
    return [MemberId(member) for member in connection.scalars(query)]


def next_day(kept: MemberPoints) -> str | None:
    """The first day that moves something, as text; of an account without its lots, not later than before."""
    days = [] if kept.is_loaded or kept.next_day is None else [kept.next_day]
    for lot in kept.account.lots:
        if lot.pending:
            if kept.origins[lot.accrual].by_cloud:
                days.append(lot.available_on.isoformat())
        elif lot.last_day is not None:
            days.append(date.fromordinal(min(lot.last_day.toordinal() + 1, date.max.toordinal())).isoformat())
    return min(days, default=None)


def _differences(
    changed: Iterable[MemberPoints],
) -> tuple[list[tuple[Any, ...]], list[tuple[int, int]], list[tuple[int]]]:
    added: list[tuple[Any, ...]] = []
    updated: list[tuple[int, int]] = []
    gone: list[tuple[int]] = []
    for kept in changed:
        left = dict(kept.stored)
        for lot in kept.account.lots:
            known = left.pop(replace(lot, points=0), None) if kept.stored else None
            if known is None:
                added.append(_row(kept, lot))
            elif known[1] != lot.points:
                updated.append((lot.points, known[0]))
        gone.extend((lot_id,) for lot_id, _ in left.values())
    return added, updated, gone


def _row(kept: MemberPoints, lot: Lot) -> tuple[Any, ...]:
    origin = kept.origins.get(lot.accrual, Origin("", None, by_cloud=False))
    return (
        kept.account.member,
        lot.accrual,
        lot.points,
        lot.earned_on.isoformat(),
        lot.available_on.isoformat(),
        None if lot.last_day is None else lot.last_day.isoformat(),
        lot.pending,
        origin.by_cloud,
        origin.gateway_id,
        origin.sale,
    )


def _lot(row: Row[*tuple[Any, ...]]) -> Lot:
    return Lot(
        row.accrual,
        row.points,
        date.fromisoformat(row.earned_on),
        date.fromisoformat(row.available_on),
        None if row.last_day is None else date.fromisoformat(row.last_day),
        pending=bool(row.pending),
    )


def _redeemed(row: Row[*tuple[Any, ...]]) -> Redeemed:
    taken = tuple(
        Lot(PostingId(accrual), points, date.fromisoformat(earned), date.fromisoformat(since), _day(last))
        for accrual, points, earned, since, last in orjson.loads(row.taken)
    )
    return Redeemed(row.posting_id, row.member_id, row.gateway_id, row.lease, row.sale, row.points, taken, row.restored)


def _text(taken: Sequence[Lot]) -> str:
    rows = [(lot.accrual, lot.points, lot.earned_on, lot.available_on, lot.last_day) for lot in taken]
    return orjson.dumps(rows).decode()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _order(lot: Lot) -> tuple[date, date, str]:
    return (lot.last_day or date.max, lot.earned_on, lot.accrual)


def _stretches(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _LOOKUP_ROWS_MAX):
        yield ids[start : start + _LOOKUP_ROWS_MAX]
