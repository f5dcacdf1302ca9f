"""Quarantine: two bodies claim one place, so nothing is believed until a person has looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from cloud_bridge.landing.store import Dispute
from cloud_bridge.receipts import Quarantined
from cloud_bridge.topics import Lane
from cloud_crm.gateways.tables import gateways, quarantines

HISTORY_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A dispute, its body, and who set it aside when; in force while ``released_at`` is ``None``."""

    quarantine_id: int
    gateway_id: str
    incarnation: str
    lane: str
    sequence: int
    reason: str
    body: bytes
    at: str
    released_at: str | None
    released_by: str | None


def open_dispute(connection: Connection, gateway_id: str) -> Quarantined | None:
    """The notice in force for a gateway, or ``None``."""
    row = connection.execute(
        select(quarantines)
        .where(quarantines.c.gateway_id == gateway_id, quarantines.c.released_at.is_(None))
        .order_by(quarantines.c.quarantine_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Quarantined(incarnation=row.incarnation, lane=Lane(row.lane), sequence=row.sequence, reason=row.reason)


def begin(connection: Connection, dispute: Dispute, at: str) -> None:
    """Keep a dispute. Ignored for gateways not enrolled and for those already set apart."""
    known = connection.scalar(select(gateways.c.gateway_id).where(gateways.c.gateway_id == dispute.gateway_id))
    if known is None or open_dispute(connection, dispute.gateway_id) is not None:
        return
    connection.execute(
        insert(quarantines).values(
            gateway_id=dispute.gateway_id,
            incarnation=dispute.notice.incarnation,
            lane=dispute.notice.lane.value,
            sequence=dispute.notice.sequence,
            reason=dispute.notice.reason,
            body=dispute.body,
            at=at,
        )
    )


def release(connection: Connection, gateway_id: str, *, operator: str, at: str) -> bool:
    """Set the disputed body aside; whether there was a quarantine in force."""
    done = connection.execute(
        update(quarantines)
        .where(quarantines.c.gateway_id == gateway_id, quarantines.c.released_at.is_(None))
        .values(released_at=at, released_by=operator)
    )
    return done.rowcount > 0


def history(
    connection: Connection, gateway_ids: Sequence[str], *, limit: int = HISTORY_SHOWN_MAX
) -> list[QuarantineRow]:
    """Disputes of some gateways, newest first."""
    rows = connection.execute(
        select(quarantines)
        .where(quarantines.c.gateway_id.in_(gateway_ids))
        .order_by(quarantines.c.quarantine_id.desc())
        .limit(limit)
    )
    return [QuarantineRow(**row._mapping) for row in rows]  # noqa: SLF001 - the public name of a row as a mapping


def in_force(connection: Connection) -> list[QuarantineRow]:
    """The disputes that still wait for a person."""
    rows = connection.execute(select(quarantines).where(quarantines.c.released_at.is_(None)))
    return [QuarantineRow(**row._mapping) for row in rows]  # noqa: SLF001
