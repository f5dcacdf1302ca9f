"""The day's work for all members, a member at a time: run when the cloud starts and every hour after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date

import structlog
from sqlalchemy.exc import OperationalError

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.members import repository as members
from cloud_crm.points import repository
from cloud_crm.points.books import PointsBooks
from cloud_crm.points.turning import turn
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import accounts
from cloud_crm.rights.books import RightsBooks, points_of
from loyalty.calendar import business_date
from loyalty.identifiers import MemberId

EVERY_S = 3_600.0
_PAGE_MEMBERS_MAX = 500
_log = structlog.get_logger()


class DayTurn:
    """Turns the day of every member for whom it moves something."""

    def __init__(
        self, database: Database, settings: LoyaltySettings, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called once something moved that the stores should hear of."""
        self._database = database
        self._settings = settings
        self._clock = clock
        self._changed = changed

    async def run(self) -> None:
        """Now, and every hour: somewhere a day begins. Ends only by cancellation."""
        while True:
            try:
                await asyncio.to_thread(self.turn_all)
            except OperationalError as error:
                _log.error("post", outcome="the day was not turned", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    def turn_all(self) -> int:
        """Every member due by their home store's date; how many were looked at."""
        zones = set(self._settings.zones.values()) | {"UTC"}
        latest = max(business_date(self._clock(), zone) for zone in zones)
        looked, after = 0, ""
        while True:
            with self._database.read() as connection:
                due = repository.due(connection, latest, limit=_PAGE_MEMBERS_MAX, after=after)
            for member in due:
                self._turn(member)
            looked += len(due)
            if len(due) < _PAGE_MEMBERS_MAX:
                break
            after = due[-1]
        if looked:
            self._changed()
        return looked

    def _turn(self, member: MemberId) -> None:
        at = rfc3339(self._clock())
        with self._database.write() as connection:
            rights = RightsBooks(connection, self._settings.rights, at=at)
            rights.open([points_of(member)], accounts.holders(connection, member))
            points = PointsBooks(connection, rights, programmes.lot_terms(connection), at=at)
            points.open([member])
            turn(points, rights, member, on=self._day_of(rights.home_of(points_of(member))))
            points.save()
            rights.save()
            members.touch(connection, [member])

    def _day_of(self, home: str | None) -> date:
        return business_date(self._clock(), self._settings.zones.get(home or "", "UTC"))
