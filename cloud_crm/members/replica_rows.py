"""A member as a store needs them: gathered from everything that is known of them, for many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from cloud_bridge.replica import EXPIRING_MAX, Expiring, ReplicaMedium, ReplicaMember
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import records
from cloud_crm.members.repository import MediumRow, MemberRow
from cloud_crm.standing import repository as standings
from cloud_crm.standing.repository import PointsFigures, StandingRow


def member_entries(connection: Connection, rows: Sequence[MemberRow]) -> dict[str, ReplicaMember]:
    """What the stores are told of these members, by id; nothing of those who are blocked."""
    told = [row for row in rows if row.blocked_at is None]
    ids = [row.member_id for row in told]
    balances, consents = ledger.balances(connection, ids), records.consents_of(connection, ids)
    stands = standings.standings_of(connection, ids)
    figures = standings.points_figures(connection, ids, lots_max=EXPIRING_MAX)
    return {
        row.member_id: _entry(row, stands.get(row.member_id), figures[row.member_id]).model_copy(
            update={"balance": balances[row.member_id], "consents": consents.get(row.member_id, {})}
        )
        for row in told
    }


def _entry(row: MemberRow, stands: StandingRow | None, points: PointsFigures) -> ReplicaMember:
    stands = stands or StandingRow(row.member_id)
    return ReplicaMember(
        member=row.member_id,
        name=row.name,
        language=row.language,
        balance=0,
        version=row.version,
        joined_on=row.joined_on,
        birthday=row.birthday,
        tier=stands.tier,
        tier_ends=stands.tier_ends,
        qualifying=stands.qualifying,
        purchases=stands.purchases,
        pending=points.pending,
        owed=points.owed,
        expiring=tuple(Expiring(last_day=last_day, points=count) for last_day, count in points.expiring),
        referral_code=row.referral_code or "",
        was_referred=row.referred_by is not None,
        contact=row.contact_hint,
        pin=row.pin,
    )


def medium_entry(row: MediumRow, *, card_keys: str | None = None) -> ReplicaMedium:
    """Whose a medium is; ``card_keys`` are a strong card's, sealed for the gateway that is told.

    A strong card without keys is nobody's: a store that knew only its number would take every copy of it.
    """
    is_usable = row.chip is None or card_keys is not None
    return ReplicaMedium(
        medium=row.medium_id,
        member=row.member_id if is_usable else None,
        version=row.version,
        public_key=row.public_key,
        card_keys=card_keys,
    )
