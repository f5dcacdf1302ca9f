"""What one gateway must hear of rights: its own totals, and nobody else's."""

from __future__ import annotations

from sqlalchemy import Connection, select

from cloud_bridge.replica import ReplicaRight
from cloud_crm.rights.tables import rights_accounts, rights_holdings


def changed(connection: Connection, gateway_id: str, *, after: int, limit: int) -> list[ReplicaRight]:
    """Totals of this gateway's current leases that changed after a version, in the order of versions."""
    held = rights_holdings.c
    query = (
        select(rights_accounts.c.member_id, rights_accounts.c.currency, rights_holdings)
        .join(rights_accounts, rights_accounts.c.account_id == held.account_id)
        .where(held.gateway_id == gateway_id, held.version > after, held.incarnation.is_not(None))
        .order_by(held.version)
        .limit(limit)
    )
    return [
        ReplicaRight(
            member=row.member_id,
            currency=row.currency,
            incarnation=row.incarnation,
            granted=row.granted,
            recalled=row.recalled,
            version=row.version,
        )
        for row in connection.execute(query)
    ]
