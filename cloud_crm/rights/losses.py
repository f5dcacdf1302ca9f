"""SQL about what the merchant bears for gateways that are gone."""

from __future__ import annotations

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from cloud_crm.rights.tables import rights_losses
from loyalty.rights.losses import LossAccount

_ONLY = 1


def lock(connection: Connection, *, cap: int) -> LossAccount:
    """The loss account, locked until the transaction ends. Locked after accounts."""
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    connection.execute(insert(rights_losses).values(id=_ONLY, written_off=0, goodwill=0).on_conflict_do_nothing())
    row = connection.execute(select(rights_losses).with_for_update()).one()
    return LossAccount(cap, row.written_off, row.goodwill)


def read(connection: Connection, *, cap: int) -> LossAccount:
    """The loss account as it stands."""
    row = connection.execute(select(rights_losses)).one_or_none()
    return LossAccount(cap) if row is None else LossAccount(cap, row.written_off, row.goodwill)


def keep(connection: Connection, losses: LossAccount) -> None:
    """Write back what :func:`lock` gave."""
    connection.execute(update(rights_losses).values(written_off=losses.written_off, goodwill=losses.goodwill))
