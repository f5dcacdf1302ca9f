"""The day's work for standings and coupons: whoever is due is looked at, and rights that wait find their store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.coupons import repository as coupons
from cloud_crm.coupons.rights import OneRight, lease_rights, waiting
from cloud_crm.database import Database
from cloud_crm.members import repository as members
from cloud_crm.standing.keeping import StandingKeeper

EVERY_S = 600.0
"""How often is looked; a store's day begins at most so much earlier than its members are congratulated."""
_log = structlog.get_logger()


class StandingTurn:
    """Turns the day, a few hundred members per transaction. Safe to run at any time, and as often as one likes."""

    def __init__(
        self, database: Database, keeper: StandingKeeper, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each turn: the stores may hear of something."""
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._changed = changed

    def turn(self) -> None:
        """Look at everybody who is due now."""
        after = ""
        while True:
            with self._database.write() as connection:
                after = self._keeper.turn_day(connection, self._clock(), after=after)
            if not after:
                break
        with self._database.write() as connection:
            lease_waiting(connection, self._keeper, at=rfc3339(self._clock()))
        self._changed()

    async def run(self) -> None:
        """Turn now and every few minutes, until cancelled. A busy database is tried again the next time."""
        while True:
            try:
                await asyncio.to_thread(self.turn)
            except OperationalError as error:
                _log.warning("post", outcome="the day could not be turned", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)


def lease_waiting(connection: Connection, keeper: StandingKeeper, *, at: str) -> None:
    """Lease coupons that no store holds to the home of their member, or to the only store there is.

    They wait because the store had never greeted, was revoked, or gave them back.
    """
    rights = []
    held = dict(waiting(connection))
    homes = {
        member: row.home_gateway for member, row in members.find_members(connection, sorted(held.values())).items()
    }
    for row in coupons.with_ids(connection, sorted(held)):
        gateway = homes.get(row.member_id, "") or keeper.days.only_store()
        if row.is_open and gateway:
            rights.append(OneRight(row.member_id, row.instance, gateway))
    lease_rights(connection, rights, at=at)
