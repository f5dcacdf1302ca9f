"""SQL about sales and what refunds anywhere made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from cloud_crm.database import insert_sql, update_many
from cloud_crm.points.tables import sale_books, sale_refunds, shared_sales
from loyalty.points.settlement import SaleSum

_LOOKUP_ROWS_MAX = 250
_SUMS = ("refunded_minor", "earned", "taken_back", "redeemed", "restored")
_COLUMNS = ("gateway_id", "sale", "member_id", "total_minor", "currency", "sold_at", "sold_on", *_SUMS)


class SaleKey(NamedTuple):
    """A receipt of one store's gateway."""

    gateway_id: str
    sale: str


@dataclass(frozen=True, slots=True)
class SaleFact:
    """A receipt as its till closed it. ``sold_on`` is the store's day."""

    key: SaleKey
    total_minor: int
    currency: str
    sold_at: str
    sold_on: str


@dataclass(frozen=True, slots=True)
class RefundFact:
    """A receipt that gives ``refunded_minor`` of another one back."""

    key: SaleKey
    of: SaleKey
    refunded_minor: int
    refunded_on: str


@dataclass(slots=True)
class Change:
    """What postings of one transaction add to a sale."""

    member: str | None = None
    earned: int = 0
    taken_back: int = 0
    redeemed: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class SharedSale:
    """A sale that the cloud settles."""

    key: SaleKey
    member: str | None
    sum: SaleSum | None
    """``None`` while the receipt itself has not landed."""
    settlements: int


def keep(connection: Connection, facts: Iterable[SaleFact], changes: dict[SaleKey, Change]) -> None:
    """Add receipts and what postings say of them."""
    known = {fact.key: fact for fact in facts}
    rows = []
    for key in sorted({*known, *changes}):
        fact, change = known.get(key), changes.get(key) or Change()
        told = (fact.total_minor, fact.currency, fact.sold_at, fact.sold_on) if fact else (None, "", "", "")
        rows.append((*key, change.member, *told, 0, change.earned, change.taken_back, change.redeemed, change.restored))
    sql = insert_sql(connection, sale_books, _COLUMNS)
    # The first of everything stands; what postings say adds up.
    update_many(
        connection,
        f"{sql} ON CONFLICT (gateway_id, sale) DO UPDATE SET "
        "member_id = coalesce(sale_books.member_id, excluded.member_id), "
        "currency = CASE WHEN sale_books.total_minor IS NULL THEN excluded.currency ELSE sale_books.currency END, "
        "sold_at = CASE WHEN sale_books.total_minor IS NULL THEN excluded.sold_at ELSE sale_books.sold_at END, "
        "sold_on = CASE WHEN sale_books.total_minor IS NULL THEN excluded.sold_on ELSE sale_books.sold_on END, "
        "total_minor = coalesce(sale_books.total_minor, excluded.total_minor), "
        + ", ".join(f"{name} = sale_books.{name} + excluded.{name}" for name in _SUMS),
        rows,
    )


def keep_refunds(connection: Connection, facts: Collection[RefundFact]) -> None:
    """Add receipts that give others back, each once, and sum them up in the sales they are of."""
    if not facts:
        return
    columns = ("gateway_id", "sale", "of_gateway", "of_sale", "refunded_minor", "refunded_on")
    sql = insert_sql(connection, sale_refunds, columns) + " ON CONFLICT (gateway_id, sale) DO NOTHING"
    update_many(connection, sql, [(*f.key, *f.of, f.refunded_minor, f.refunded_on) for f in facts])
    keep(connection, (), {fact.of: Change() for fact in facts})
    total = (
        select(func.coalesce(func.sum(sale_refunds.c.refunded_minor), 0))
        .where(sale_refunds.c.of_gateway == sale_books.c.gateway_id, sale_refunds.c.of_sale == sale_books.c.sale)
        .scalar_subquery()
    )
    both = tuple_(sale_books.c.gateway_id, sale_books.c.sale)
    keys = sorted({tuple(fact.of) for fact in facts})
    for start in range(0, len(keys), _LOOKUP_ROWS_MAX):
        some = keys[start : start + _LOOKUP_ROWS_MAX]
        connection.execute(update(sale_books).where(both.in_(some)).values(refunded_minor=total))


def given_back(connection: Connection, keys: Collection[SaleKey]) -> dict[SaleKey, SaleKey]:
    """Of these receipts those that gave others back, and which."""
    both = tuple_(sale_refunds.c.gateway_id, sale_refunds.c.sale)
    found = {}
    ordered = sorted(tuple(key) for key in keys)
    for start in range(0, len(ordered), _LOOKUP_ROWS_MAX):
        query = select(sale_refunds).where(both.in_(ordered[start : start + _LOOKUP_ROWS_MAX]))
        for row in connection.execute(query):
            found[SaleKey(row.gateway_id, row.sale)] = SaleKey(row.of_gateway, row.of_sale)
    return found


def sold_at(connection: Connection, key: SaleKey) -> str | None:
    """When the till says it closed a receipt; ``None`` where it has not landed."""
    return connection.scalar(
        select(sale_books.c.sold_at).where(
            sale_books.c.gateway_id == key.gateway_id,
            sale_books.c.sale == key.sale,
            sale_books.c.total_minor.is_not(None),
        )
    )


def share(connection: Connection, keys: Collection[SaleKey]) -> None:
    """From now on the cloud settles these sales."""
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    for key in sorted(keys):
        first = insert(shared_sales).values(gateway_id=key.gateway_id, sale=key.sale, settlements=0)
        connection.execute(first.on_conflict_do_nothing())


def shared(connection: Connection, gateway_ids: Collection[str]) -> set[SaleKey]:
    """The sales of these gateways that the cloud settles."""
    query = select(shared_sales.c.gateway_id, shared_sales.c.sale).where(
        shared_sales.c.gateway_id.in_(sorted(gateway_ids))
    )
    return {SaleKey(row.gateway_id, row.sale) for row in connection.execute(query)}


def read_shared(connection: Connection, key: SaleKey) -> SharedSale:
    """A sale that the cloud settles, as all stores told of it so far."""
    query = (
        select(sale_books, shared_sales.c.settlements)
        .join(
            shared_sales,
            (shared_sales.c.gateway_id == sale_books.c.gateway_id) & (shared_sales.c.sale == sale_books.c.sale),
        )
        .where(sale_books.c.gateway_id == key.gateway_id, sale_books.c.sale == key.sale)
    )
    row = connection.execute(query).one()
    known = None
    if row.total_minor is not None:
        known = SaleSum(
            max(0, row.total_minor), row.refunded_minor, row.earned, row.taken_back, row.redeemed, row.restored
        )
    return SharedSale(key, row.member_id, known, row.settlements)


def settled(connection: Connection, key: SaleKey) -> None:
    """Count one settlement."""
    connection.execute(
        update(shared_sales)
        .where(shared_sales.c.gateway_id == key.gateway_id, shared_sales.c.sale == key.sale)
        .values(settlements=shared_sales.c.settlements + 1)
    )
