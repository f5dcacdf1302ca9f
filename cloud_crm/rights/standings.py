"""SQL about which incarnation of each gateway may hold leases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from cloud_crm.rights.tables import rights_holdings, rights_incarnations, rights_standings
from loyalty.identifiers import GatewayId
from loyalty.rights.movements import Incarnation
from loyalty.rights.standing import Standing

UNKNOWN = Standing()


@dataclass(frozen=True, slots=True)
class Life:
    """One incarnation of a gateway, and when it first greeted."""

    incarnation: Incarnation
    greeted_at: str


def shared(connection: Connection, gateway_ids: Collection[str]) -> dict[GatewayId, Standing]:
    """Standings of gateways whose holdings are about to be written: they stay as they are until the transaction ends.

    What is retired is left out: whoever settles or grants needs to know the current one only.
    """
    query = (
        select(rights_standings)
        .where(rights_standings.c.gateway_id.in_(sorted(gateway_ids)))
        .order_by(rights_standings.c.gateway_id)
        .with_for_update(read=True)
    )
    return {row.gateway_id: _standing(row.current, (), revoked=row.revoked) for row in connection.execute(query)}


def read(connection: Connection, gateway_id: str) -> Standing:
    """A gateway's standing with its retired incarnations; no lock."""
    row = connection.execute(select(rights_standings).where(rights_standings.c.gateway_id == gateway_id)).one_or_none()
    return UNKNOWN if row is None else _standing(row.current, lives(connection, gateway_id), revoked=row.revoked)


def alone(connection: Connection, gateway_id: str) -> Standing:
    """As :func:`read`, locked: nobody grants to this gateway or settles what it tells until the transaction ends."""
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    first = insert(rights_standings).values(gateway_id=gateway_id, current=None, revoked=False)
    connection.execute(first.on_conflict_do_nothing())
    locked = select(rights_standings).where(rights_standings.c.gateway_id == gateway_id).with_for_update()
    row = connection.execute(locked).one()
    return _standing(row.current, lives(connection, gateway_id), revoked=row.revoked)


def lives(connection: Connection, gateway_id: str) -> list[Life]:
    """Every incarnation that greeted, oldest first."""
    query = (
        select(rights_incarnations.c.incarnation, rights_incarnations.c.greeted_at)
        .where(rights_incarnations.c.gateway_id == gateway_id)
        .order_by(rights_incarnations.c.number)
    )
    return [Life(Incarnation(row.incarnation), row.greeted_at) for row in connection.execute(query)]


def keep(connection: Connection, gateway_id: str, standing: Standing, *, at: str) -> None:
    """Keep a standing changed by its rules. The caller has it :func:`alone`."""
    connection.execute(
        update(rights_standings)
        .where(rights_standings.c.gateway_id == gateway_id)
        .values(current=standing.current, revoked=standing.revoked)
    )
    known = {life.incarnation for life in lives(connection, gateway_id)}
    met = standing.retired if standing.current is None else standing.retired | {standing.current}
    rows = [
        {"gateway_id": gateway_id, "incarnation": one, "number": number, "greeted_at": at}
        for number, one in enumerate(sorted(met - known), len(known) + 1)
    ]
    if rows:
        connection.execute(rights_incarnations.insert(), rows)


def withdraw(connection: Connection, gateway_id: str) -> None:
    """:func:`loyalty.rights.account.withdraw` for every account at once. The caller has the standing :func:`alone`."""
    held = rights_holdings.c
    connection.execute(
        update(rights_holdings)
        .where(held.gateway_id == gateway_id, held.incarnation.is_not(None))
        .values(suspense=held.suspense + held.held, held=0, granted=0, recalled=0, returned=0, incarnation=None)
    )


def _standing(current: str | None, met: Sequence[Life], *, revoked: bool) -> Standing:
    retired = frozenset(life.incarnation for life in met if life.incarnation != current)
    return Standing(None if current is None else Incarnation(current), retired, revoked=bool(revoked))
