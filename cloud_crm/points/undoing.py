"""Redemptions to be undone because their sale was given back elsewhere.

They are asked of the gateway that made them; where it is gone, the merchant bears them within the cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, case, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from cloud_bridge.replica import ReplicaUndo
from cloud_crm.database import draw_versions
from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.points.repository import Redeemed
from cloud_crm.points.tables import undo_requests
from cloud_crm.rights.books import RightsBooks, points_of
from loyalty.identifiers import EventId, posting_id
from loyalty.ledger import PROGRAMME_LOST, Posting, Rule, available

_CAUSE = EventId("refund elsewhere")


@dataclass(frozen=True, slots=True)
class Undo:
    """``points`` of a redemption shall be restored in all."""

    made: Redeemed
    points: int


def ask(connection: Connection, undos: Sequence[Undo]) -> None:
    """Tell the gateways that made them. Draws replica versions."""
    for undo, version in zip(undos, draw_versions(connection, len(undos)), strict=True):
        _keep(connection, undo, compensated=0, version=version)


def compensate(connection: Connection, undo: Undo, points: PointsBooks, rights: RightsBooks, *, on: date) -> bool:
    """The incarnation that redeemed is gone and can undo nothing: goodwill, within the cap; whether there was room.

    What the cap leaves out waits for an operator, visible as asked and not restored.
    """
    made = undo.made
    before = _compensated(connection, made)
    missing = undo.points - made.restored - before
    if missing <= 0:
        return True
    given = missing if rights.show_goodwill(points_of(made.member), missing) else 0
    _keep(connection, undo, compensated=given, version=0)
    if given == 0:
        return False
    key = posting_id("goodwill", made.posting_id, str(before + given))
    posting = Posting(key, PROGRAMME_LOST, available(made.member), given, Rule.GOODWILL, _CAUSE)
    points.post(Own(posting, on, made.sale, moves_rights=False), made.member)
    return True


def changed(connection: Connection, gateway_id: str, *, after: int, limit: int) -> list[ReplicaUndo]:
    """What one gateway is asked to undo, changed after a version, in the order of versions."""
    query = (
        select(undo_requests)
        .where(undo_requests.c.gateway_id == gateway_id, undo_requests.c.version > after)
        .order_by(undo_requests.c.version)
        .limit(limit)
    )
    return [
        ReplicaUndo(redemption=row.redemption, member=row.member_id, points=row.points, version=row.version)
        for row in connection.execute(query)
    ]


def _compensated(connection: Connection, made: Redeemed) -> int:
    query = select(undo_requests.c.compensated).where(undo_requests.c.redemption == made.posting_id)
    return int(connection.scalar(query) or 0)


def _keep(connection: Connection, undo: Undo, *, compensated: int, version: int) -> None:
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    made, row = undo.made, undo_requests.c
    first = insert(undo_requests).values(
        redemption=made.posting_id,
        gateway_id=made.gateway_id,
        member_id=made.member,
        points=undo.points,
        compensated=compensated,
        version=version,
    )
    again = {
        "points": case((row.points > undo.points, row.points), else_=undo.points),
        "compensated": row.compensated + compensated,
        "version": version or row.version,
    }
    connection.execute(first.on_conflict_do_update(index_elements=["redemption"], set_=again))
