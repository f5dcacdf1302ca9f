"""SQL about shop floors. Of two words about one thing the newer stays, in whatever order they land.

Newer is, within one incarnation of a gateway, what its clock stamped later; a new incarnation is newer than all before
it, whatever its clock says: a store that was set up again may have lost years that were never real.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, exists, select

from cloud_crm.database import insert_sql, positional, update_many
from cloud_crm.floor.tables import articles, floor_alerts, refused_cards, shelf_stock, stock_discrepancies
from cloud_crm.gateways.tables import gateways

RESOLVED = "resolved"
LEVELS = frozenset({"low_stock", "stock_out", "overstock"})
"""Kinds of alerts whose units are what the slot holds; of others they are what is missing or too much."""
ROWS_MAX = 1_000


class StockRow(NamedTuple):
    """One slot of one store."""

    gateway_id: str
    slot: str
    sku: str
    units: int
    capacity: int
    confidence: int
    incarnation: str
    hlc: str
    told_at: str


class ArticleRow(NamedTuple):
    """What an article is called."""

    sku: str
    name_zh: str
    name_en: str


class AlertRow(NamedTuple):
    """One alert of one store."""

    gateway_id: str
    alert_id: str
    kind: str
    subject: str
    state: str
    severity: str
    zone: str
    sku: str
    units: int | None
    reason: str
    until: str | None
    escalation: int
    actor: str
    incarnation: str
    hlc: str
    raised_at: str
    changed_at: str


class DiscrepancyRow(NamedTuple):
    """Where shelf and till of one store disagreed."""

    gateway_id: str
    discrepancy: str
    sku: str
    kind: str
    units: int
    slot: str | None
    told_at: str


class RefusedCardRow(NamedTuple):
    """One card that did not prove itself."""

    event_id: str
    gateway_id: str
    reader: str
    medium: str
    reason: str
    counter: int | None
    seen: int | None
    told_at: str


def keep_stock(connection: Connection, rows: Sequence[StockRow]) -> None:
    """Keep what slots hold, where it is newer than what is known."""
    changing = ("sku", "units", "capacity", "confidence", "incarnation", "hlc", "told_at")
    _keep_newer(connection, shelf_stock, rows, key=("gateway_id", "slot"), changing=changing)


def keep_articles(connection: Connection, rows: Sequence[ArticleRow]) -> None:
    """Keep what articles are called; the last word stands, as stores of one chain mean the same by a bar code."""
    sql = insert_sql(connection, articles, ArticleRow._fields)
    sql += " ON CONFLICT (sku) DO UPDATE SET name_zh = excluded.name_zh, name_en = excluded.name_en"
    changed = " WHERE articles.name_zh <> excluded.name_zh OR articles.name_en <> excluded.name_en"
    update_many(connection, sql + changed, rows)


def keep_alerts(connection: Connection, rows: Sequence[AlertRow]) -> None:
    """Keep where alerts stand, where it is newer; since when an alert is there stays as it was first told."""
    changing = (
        "state", "severity", "zone", "sku", "units", "reason", "until", "escalation", "actor", "incarnation", "hlc",
        "changed_at",
    )  # fmt: skip
    _keep_newer(connection, floor_alerts, rows, key=("gateway_id", "alert_id"), changing=changing)


def supersede(connection: Connection, rows: Sequence[AlertRow]) -> None:
    """End what an earlier incarnation still called for in the same matter: its disk took the end of it along."""
    mark = positional(connection)
    sql = (
        f"UPDATE floor_alerts SET state = '{RESOLVED}', changed_at = {mark} WHERE gateway_id = {mark} AND kind = {mark}"  # noqa: S608
        f" AND subject = {mark} AND alert_id <> {mark} AND incarnation <> {mark} AND state <> '{RESOLVED}'"
    )
    values = [(r.changed_at, r.gateway_id, r.kind, r.subject, r.alert_id, r.incarnation) for r in rows]
    update_many(connection, sql, values)


def correct_units(connection: Connection, rows: Sequence[AlertRow]) -> None:
    """An alert of a slot tells its units too: where telemetry is late or lost, it knows better than the last of it."""
    mark = positional(connection)
    sql = (
        f"UPDATE shelf_stock SET units = {mark}, hlc = {mark}, told_at = {mark} WHERE gateway_id = {mark}"  # noqa: S608
        f" AND slot = {mark} AND sku = {mark} AND incarnation = {mark} AND hlc < {mark}"
    )
    values = [
        (r.units, r.hlc, r.changed_at, r.gateway_id, r.subject, r.sku, r.incarnation, r.hlc)
        for r in rows
        if r.units is not None and r.kind in LEVELS
    ]
    update_many(connection, sql, values)


def keep_discrepancies(connection: Connection, rows: Sequence[DiscrepancyRow]) -> None:
    """Keep each discrepancy once."""
    sql = insert_sql(connection, stock_discrepancies, DiscrepancyRow._fields)
    update_many(connection, f"{sql} ON CONFLICT (gateway_id, discrepancy) DO NOTHING", rows)


def keep_refused_cards(connection: Connection, rows: Sequence[RefusedCardRow]) -> None:
    """Keep each refused card once."""
    sql = insert_sql(connection, refused_cards, RefusedCardRow._fields)
    update_many(connection, f"{sql} ON CONFLICT (event_id) DO NOTHING", rows)


def stock(connection: Connection, *, store: str | None, sku: str | None, limit: int) -> list[StockRow]:
    """What slots hold, by store and slot."""
    query = _of_store(select(shelf_stock), shelf_stock, store).order_by(shelf_stock.c.gateway_id, shelf_stock.c.slot)
    if sku is not None:
        query = query.where(shelf_stock.c.sku == sku)
    return [StockRow(*row) for row in connection.execute(query.limit(limit))]


def not_as_planned(connection: Connection, *, limit: int) -> list[StockRow]:
    """Slots of all stores that are empty, hold more than they should, or are called for, by article."""
    is_called_for = exists().where(
        floor_alerts.c.gateway_id == shelf_stock.c.gateway_id,
        floor_alerts.c.subject == shelf_stock.c.slot,
        floor_alerts.c.state != RESOLVED,
    )
    empty_or_over = (shelf_stock.c.units == 0) | (shelf_stock.c.units > shelf_stock.c.capacity)
    query = select(shelf_stock).where(empty_or_over | is_called_for)
    query = query.order_by(shelf_stock.c.sku, shelf_stock.c.gateway_id, shelf_stock.c.slot)
    return [StockRow(*row) for row in connection.execute(query.limit(limit))]


def called_for(connection: Connection, kind: str) -> list[tuple[str, str]]:
    """Store and slot of every open alert of a kind."""
    query = select(floor_alerts.c.gateway_id, floor_alerts.c.subject).where(
        floor_alerts.c.kind == kind, floor_alerts.c.state != RESOLVED
    )
    return [(row.gateway_id, row.subject) for row in connection.execute(query)]


def alerts(
    connection: Connection, *, store: str | None, state: str | None, is_open: bool | None, limit: int
) -> list[AlertRow]:
    """Alerts, the latest first."""
    query = _of_store(select(floor_alerts), floor_alerts, store)
    if state is not None:
        query = query.where(floor_alerts.c.state == state)
    if is_open is not None:
        query = query.where(floor_alerts.c.state != RESOLVED if is_open else floor_alerts.c.state == RESOLVED)
    query = query.order_by(floor_alerts.c.raised_at.desc(), floor_alerts.c.alert_id).limit(limit)
    return [AlertRow(*row) for row in connection.execute(query)]


def discrepancies(
    connection: Connection, *, store: str | None, sku: str | None, limit: int, since: str = ""
) -> list[DiscrepancyRow]:
    """Where shelf and till disagreed, the latest first; ``since``: only what was told from then on."""
    table = stock_discrepancies
    query = _of_store(select(table), table, store).where(table.c.told_at >= since)
    if sku is not None:
        query = query.where(table.c.sku == sku)
    query = query.order_by(table.c.told_at.desc(), table.c.discrepancy).limit(limit)
    return [DiscrepancyRow(*row) for row in connection.execute(query)]


def cards_refused(connection: Connection, *, store: str | None, limit: int) -> list[RefusedCardRow]:
    """Cards that did not prove themselves, the latest first."""
    query = _of_store(select(refused_cards), refused_cards, store)
    query = query.order_by(refused_cards.c.told_at.desc(), refused_cards.c.event_id).limit(limit)
    return [RefusedCardRow(*row) for row in connection.execute(query)]


def store_names(connection: Connection) -> dict[str, tuple[str, str | None]]:
    """Name and present incarnation of every gateway."""
    query = select(gateways.c.gateway_id, gateways.c.store_name, gateways.c.incarnation)
    return {row.gateway_id: (row.store_name, row.incarnation) for row in connection.execute(query)}


def article_names(connection: Connection) -> dict[str, ArticleRow]:
    """What every article is called, by its number."""
    return {row.sku: ArticleRow(*row) for row in connection.execute(select(articles))}


def _of_store(query: Select[Any], table: Table, store: str | None) -> Select[Any]:
    return query if store is None else query.where(table.c.gateway_id == store)


def _keep_newer(
    connection: Connection, table: Table, rows: Sequence[Any], *, key: tuple[str, ...], changing: tuple[str, ...]
) -> None:
    if not rows:
        return
    sets = ", ".join(f"{column} = excluded.{column}" for column in changing)
    newer = f"{table.name}.incarnation <> excluded.incarnation OR {table.name}.hlc < excluded.hlc"
    sql = f"{insert_sql(connection, table, rows[0]._fields)} ON CONFLICT ({', '.join(key)})"
    update_many(connection, f"{sql} DO UPDATE SET {sets} WHERE {newer}", rows)
