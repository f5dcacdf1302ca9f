"""A member as a store needs them: gathered from everything that is known of them, for many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from cloud_bridge.replica import ReplicaMedium, ReplicaMember
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import records
from cloud_crm.members.repository import MediumRow, MemberRow


def member_entries(connection: Connection, rows: Sequence[MemberRow]) -> dict[str, ReplicaMember]:
    """What the stores are told of these members, by id; nothing of those who are blocked."""
    told = [row for row in rows if row.blocked_at is None]
    ids = [row.member_id for row in told]
    balances, consents = ledger.balances(connection, ids), records.consents_of(connection, ids)
    return {
        row.member_id: ReplicaMember(
            member=row.member_id,
            name=row.name,
            language=row.language,
            balance=balances[row.member_id],
            version=row.version,
            joined_on=row.joined_on,
            birthday=row.birthday,
            referral_code=row.referral_code or "",
            was_referred=row.referred_by is not None,
            contact=row.contact_hint,
            consents=consents.get(row.member_id, {}),
            pin=row.pin,
        )
        for row in told
    }


def medium_entry(row: MediumRow) -> ReplicaMedium:
    """Whose a medium is."""
    return ReplicaMedium(medium=row.medium_id, member=row.member_id, version=row.version, public_key=row.public_key)
