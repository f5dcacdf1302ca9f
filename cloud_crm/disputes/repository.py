"""SQL about what is to be looked at. What was looked at is known by the act that says so."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, func, select

from cloud_crm.members.records import DisputeRow
from cloud_crm.members.tables import disputes, members, staff_acts

SETTLED = "settle_dispute"
ROWS_MAX = 200
_is_settled = exists().where(and_(staff_acts.c.action == SETTLED, staff_acts.c.subject == disputes.c.event_id))


@dataclass(frozen=True, slots=True)
class DoubleRow:
    """A member who gave the phone number of another one."""

    member_id: str
    name: str
    joined_on: str
    duplicate_of: str
    first_name: str
    first_joined_on: str
    referred_by: str | None


def open_disputes(connection: Connection) -> list[DisputeRow]:
    """Facts nobody has looked at yet, newest first."""
    query = select(disputes).where(~_is_settled).order_by(disputes.c.at.desc(), disputes.c.event_id).limit(ROWS_MAX)
    return [DisputeRow(*row) for row in connection.execute(query)]


def find_dispute(connection: Connection, event_id: str) -> tuple[DisputeRow, bool] | None:
    """One of them, and whether it is settled."""
    query = select(disputes, _is_settled.label("settled")).where(disputes.c.event_id == event_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (DisputeRow(*row[:-1]), bool(row.settled))


def doubles(connection: Connection) -> list[DoubleRow]:
    """Members who may be there twice, newest first."""
    first = members.alias("first")
    query = (
        select(
            members.c.member_id, members.c.name, members.c.joined_on, members.c.duplicate_of,
            func.coalesce(first.c.name, ""), func.coalesce(first.c.joined_on, ""), members.c.referred_by,
        )
        .outerjoin(first, first.c.member_id == members.c.duplicate_of)
        .where(members.c.duplicate_of.is_not(None))
        .order_by(members.c.created_at.desc(), members.c.member_id)
        .limit(ROWS_MAX)
    )  # fmt: skip
    return [DoubleRow(*row) for row in connection.execute(query)]
