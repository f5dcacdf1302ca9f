"""SQL about coupon instances and budgets. Every change draws a replica version in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from cloud_bridge.replica import ReplicaCoupon
from cloud_crm.coupons.tables import coupon_budgets, coupon_instances
from cloud_crm.database import draw_versions, insert_many, insert_sql

_LOOKUP_ROWS_MAX = 1_000
MEMBER_COUPONS_MAX = 200


@dataclass(frozen=True, slots=True)
class CouponRow:
    """An instance as stored; see :data:`cloud_crm.coupons.tables.coupon_instances`."""

    instance: str
    coupon: str
    member_id: str
    code: str | None
    issue_key: str
    source: str
    issued_by: str
    issued_at: str
    worth_minor: int
    last_day: str
    used_at: str | None = None
    used_gateway: str = ""
    used_sale: str = ""
    withdrawn_at: str | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it may still be used."""
        return self.used_at is None and self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """What is gone of a coupon's budget."""

    coupon: str
    issued: int
    liability_minor: int


@dataclass(frozen=True, slots=True)
class Use:
    """Where and when an instance was used."""

    gateway_id: str
    sale: str
    at: str


def entry(row: CouponRow) -> ReplicaCoupon:
    """The instance as the stores are told of it."""
    return ReplicaCoupon(
        instance=row.instance,
        coupon=row.coupon,
        member=row.member_id,
        code=row.code,
        last_day=row.last_day,
        used=not row.is_open,
        version=row.version,
    )


def lock_budgets(connection: Connection, coupons: Iterable[str]) -> dict[str, BudgetRow]:
    """The budgets of these coupons, locked until the transaction ends, always in the same order."""
    names = sorted(set(coupons))
    if not names:
        return {}
    sql = insert_sql(connection, coupon_budgets, ("coupon", "issued", "liability_minor"))
    connection.exec_driver_sql(f"{sql} ON CONFLICT (coupon) DO NOTHING", [(name, 0, 0) for name in names])
    query = select(coupon_budgets).where(coupon_budgets.c.coupon.in_(names)).order_by(coupon_budgets.c.coupon)
    return {row.coupon: BudgetRow(*row) for row in connection.execute(query.with_for_update())}


def keep_budget(connection: Connection, row: BudgetRow) -> None:
    """Keep what is gone by now."""
    spent = {"issued": row.issued, "liability_minor": row.liability_minor}
    connection.execute(update(coupon_budgets).where(coupon_budgets.c.coupon == row.coupon).values(**spent))


def budgets(connection: Connection) -> dict[str, BudgetRow]:
    """What is gone of every budget."""
    return {row.coupon: BudgetRow(*row) for row in connection.execute(select(coupon_budgets))}


def uses_by_member(connection: Connection, coupon: str, members: Sequence[str]) -> dict[str, int]:
    """How many instances of a coupon these members were given and not deprived of again."""
    found: dict[str, int] = {}
    columns = coupon_instances.c
    for start in range(0, len(members), _LOOKUP_ROWS_MAX):
        some = members[start : start + _LOOKUP_ROWS_MAX]
        query = select(columns.member_id, func.count()).where(
            columns.coupon == coupon, columns.member_id.in_(some), columns.withdrawn_at.is_(None)
        )
        found |= {member: int(count) for member, count in connection.execute(query.group_by(columns.member_id))}
    return found


def add_instances(connection: Connection, rows: Sequence[CouponRow]) -> None:
    """New instances, each with the next replica version."""
    versions = draw_versions(connection, len(rows))
    names = tuple(CouponRow.__slots__)
    values = [
        (*(getattr(row, name) for name in names[:-1]), version) for row, version in zip(rows, versions, strict=True)
    ]
    insert_many(connection, coupon_instances, names, values)


def find(connection: Connection, instance: str) -> CouponRow | None:
    """One instance, its row locked until the transaction ends where the database can."""
    query = select(coupon_instances).where(coupon_instances.c.instance == instance).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else _row(row)


def with_keys(connection: Connection, keys: Sequence[str]) -> dict[str, CouponRow]:
    """Instances that were issued for these, by key."""
    found: dict[str, CouponRow] = {}
    for start in range(0, len(keys), _LOOKUP_ROWS_MAX):
        some = keys[start : start + _LOOKUP_ROWS_MAX]
        for row in connection.execute(select(coupon_instances).where(coupon_instances.c.issue_key.in_(some))):
            found[row.issue_key] = _row(row)
    return found


def of_member(connection: Connection, member_id: str) -> list[CouponRow]:
    """A member's instances, newest first."""
    query = select(coupon_instances).where(coupon_instances.c.member_id == member_id)
    ordered = query.order_by(coupon_instances.c.issued_at.desc(), coupon_instances.c.instance)
    return [_row(row) for row in connection.execute(ordered.limit(MEMBER_COUPONS_MAX))]


def of_source(connection: Connection, source: str, members: Sequence[str]) -> dict[str, list[CouponRow]]:
    """All instances that these members were given for one kind of reason, by member."""
    found: dict[str, list[CouponRow]] = {}
    columns = coupon_instances.c
    for start in range(0, len(members), _LOOKUP_ROWS_MAX):
        some = members[start : start + _LOOKUP_ROWS_MAX]
        query = select(coupon_instances).where(columns.member_id.in_(some), columns.source == source)
        for row in connection.execute(query.order_by(columns.instance)):
            found.setdefault(row.member_id, []).append(_row(row))
    return found


def open_of(connection: Connection, members: Sequence[str]) -> list[CouponRow]:
    """The instances that these members may still use."""
    found: list[CouponRow] = []
    columns = coupon_instances.c
    for start in range(0, len(members), _LOOKUP_ROWS_MAX):
        query = select(coupon_instances).where(
            columns.member_id.in_(members[start : start + _LOOKUP_ROWS_MAX]),
            columns.used_at.is_(None),
            columns.withdrawn_at.is_(None),
        )
        found.extend(_row(row) for row in connection.execute(query.order_by(columns.instance)))
    return found


def with_ids(connection: Connection, instances: Sequence[str]) -> list[CouponRow]:
    """Those of these instances that are known."""
    found: list[CouponRow] = []
    for start in range(0, len(instances), _LOOKUP_ROWS_MAX):
        some = instances[start : start + _LOOKUP_ROWS_MAX]
        query = select(coupon_instances).where(coupon_instances.c.instance.in_(some))
        found.extend(_row(row) for row in connection.execute(query.order_by(coupon_instances.c.instance)))
    return found


def with_code(connection: Connection, code: str) -> CouponRow | None:
    """The instance that a printed code stands for."""
    row = connection.execute(select(coupon_instances).where(coupon_instances.c.code == code)).one_or_none()
    return None if row is None else _row(row)


def mark_used(connection: Connection, instance: str, use: Use | None) -> None:
    """An instance was used, or (``None``) is as if it never had been."""
    values: dict[str, Any] = (
        {"used_at": None, "used_gateway": "", "used_sale": ""}
        if use is None
        else {"used_at": use.at, "used_gateway": use.gateway_id, "used_sale": use.sale}
    )
    _change(connection, instance, values)


def mark_worth(connection: Connection, instance: str, worth_minor: int) -> None:
    """What an instance counts for in the liability from now on."""
    _change(connection, instance, {"worth_minor": worth_minor})


def mark_withdrawn(connection: Connection, instance: str, at: str) -> None:
    """An instance may not be used any more."""
    _change(connection, instance, {"withdrawn_at": at})


def changed_coupons(connection: Connection, *, after: int, limit: int) -> list[CouponRow]:
    """Instances changed after a version, in the order of their versions."""
    version = coupon_instances.c.version
    query = select(coupon_instances).where(version > after).order_by(version).limit(limit)
    return [_row(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class CouponFigures:
    """How a coupon of the programme fares."""

    issued: int = 0
    used: int = 0
    open: int = 0
    withdrawn: int = 0


def figures(connection: Connection) -> dict[str, CouponFigures]:
    """How every coupon that was ever issued fares."""
    columns = coupon_instances.c
    query = select(
        columns.coupon, func.count(), func.count(columns.used_at), func.count(columns.withdrawn_at)
    ).group_by(columns.coupon)
    return {
        coupon: CouponFigures(int(all_), int(used), int(all_ - used - gone), int(gone))
        for coupon, all_, used, gone in connection.execute(query)
    }


def _change(connection: Connection, instance: str, values: dict[str, Any]) -> None:
    version = draw_versions(connection, 1)[0]
    query = update(coupon_instances).where(coupon_instances.c.instance == instance)
    connection.execute(query.values(**values, version=version))


def _row(row: Row[Any]) -> CouponRow:
    return CouponRow(**row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
