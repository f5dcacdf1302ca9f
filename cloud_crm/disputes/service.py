"""What can be done about what is to be looked at; each act is kept with who and why."""

from __future__ import annotations

from collections.abc import Callable

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.disputes import repository
from cloud_crm.disputes.repository import DoubleRow
from cloud_crm.disputes.schemas import DisputeView, DoubleView, OpenDisputes, Settlement
from cloud_crm.members import records
from cloud_crm.members import repository as members
from cloud_crm.members.records import DisputeRow
from cloud_crm.members.service import no_member
from cloud_crm.problems import conflict, not_found
from cloud_crm.standing.keeping import StandingKeeper

TWO_PEOPLE = "two_people"


class DisputeDesk:
    """Disputes and possible duplicates of one tenant."""

    def __init__(
        self, database: Database, keeper: StandingKeeper, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._changed = changed

    def every(self) -> OpenDisputes:
        """What nobody has looked at yet."""
        with self._database.read() as connection:
            disputed, doubles = repository.open_disputes(connection), repository.doubles(connection)
        return OpenDisputes(
            disputes=[_dispute_view(row) for row in disputed], doubles=[_double_view(row) for row in doubles]
        )

    def settle(self, asked: Settlement, *, operator: str) -> None:
        """Somebody has looked at a disputed fact. Raises :class:`Problem`."""
        with self._database.write() as connection:
            found = repository.find_dispute(connection, asked.event)
            if found is None:
                raise not_found("event", "See /api/disputes for those that could not be applied")
            row, is_settled = found
            if is_settled:
                raise conflict("event", "is settled already", "There is nothing to do")
            records.note(
                connection, repository.SETTLED, row.event_id, at=rfc3339(self._clock()),
                because=(operator, asked.reason), member=row.member_id or None,
            )  # fmt: skip

    def tell_apart(self, member_id: str, *, reason: str, operator: str) -> None:
        """Two members with one phone number are two people; a referral that waited for it is paid.

        Raises :class:`Problem`.
        """
        with self._database.write() as connection:
            row = members.lock_member(connection, member_id)
            if row is None:
                raise no_member(member_id)
            if row.duplicate_of is None:
                raise conflict("member", "is not taken for anybody else", "There is nothing to do")
            now = self._clock()
            members.change_member(connection, member_id, {"duplicate_of": None})
            records.note(
                connection, TWO_PEOPLE, row.duplicate_of, at=rfc3339(now), because=(operator, reason), member=member_id
            )
            self._keeper.refresh(connection, [member_id], now)
        self._changed()


def _dispute_view(row: DisputeRow) -> DisputeView:
    return DisputeView(
        event=row.event_id,
        gateway=row.gateway_id,
        kind=row.kind,
        reason=row.reason,
        member=row.member_id,
        at=row.at,
    )


def _double_view(row: DoubleRow) -> DoubleView:
    return DoubleView(
        member=row.member_id,
        name=row.name,
        joined_on=row.joined_on,
        duplicate_of=row.duplicate_of,
        first_name=row.first_name,
        first_joined_on=row.first_joined_on,
        referred_by=row.referred_by,
    )
