"""What the clock does at a store: points whose return window has ended become available, quotes run out.

A day begins when it begins in the store, by its own calendar: a gateway in Shanghai releases at its own midnight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

import structlog

from edge_agent.decisions.committing import Committing, Ground
from edge_agent.decisions.quoting.quotes import end_quote
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Journal, JournalFull, PendingRow, Transaction
from edge_agent.rights.desk import RightsDesk
from loyalty.decide import Granted, decide_release
from loyalty.identifiers import EventId

TURN_EVERY_S = 15.0
RELEASES_AT_ONCE_MAX = 100
"""Accruals released in one commit, so that no tap waits for more."""
QUOTES_AT_ONCE_MAX = 100
QUOTES_KEPT = timedelta(days=7)
"""How long the key of an answered basket is remembered."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Because:
    """The sale whose window has ended; a trace of its own begins."""

    event_id: str
    traceparent: str | None = None


class DayTurn:
    """Does what is due. One turn may be repeated at any time: what it did is not due any more."""

    def __init__(self, journal: Journal, shop: Shop, desk: RightsDesk) -> None:
        self._journal = journal
        self._shop = shop
        self._desk = desk
        self._committing = Committing(shop, desk)

    async def begin(self) -> None:
        """Before the devices of a start: no quote of the last run holds anything any more; then the first turn."""
        while await self._journal.write(lambda tx: self._end_quotes(tx, all_of_them=True)):
            continue
        await self._turn_if_there_is_room()

    async def turn(self) -> int:
        """End quotes whose time is up and release what is due; returns how many accruals were released."""
        released = 0
        while await self._journal.write(lambda tx: self._end_quotes(tx, all_of_them=False)):
            continue
        while done := await self._journal.write(self._release):
            released += done
        await self._journal.write(lambda tx: tx.forget_quotes(tx.now() - QUOTES_KEPT))
        if released:
            log.info("commit", released=released)
        return released

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Turn for ever. A full disk is no reason to stop the store: the next turn tries again."""
        while True:
            await sleep(TURN_EVERY_S)
            await self._turn_if_there_is_room()

    async def _turn_if_there_is_room(self) -> None:
        try:
            await self.turn()
        except JournalFull as full:
            log.error("commit", problem=str(full))

    def _end_quotes(self, tx: Transaction, *, all_of_them: bool) -> int:
        over = tx.open_quotes(None if all_of_them else tx.now(), QUOTES_AT_ONCE_MAX)
        for quote in over:
            end_quote(tx, self._desk, quote)
        return len(over)

    def _release(self, tx: Transaction) -> int:
        due = tx.pending_due(self._shop.day(tx.now()), RELEASES_AT_ONCE_MAX)
        for _, rows in groupby(due, key=lambda row: row.sale):
            self._release_sale(tx, tuple(rows))
        return len(due)

    def _release_sale(self, tx: Transaction, rows: tuple[PendingRow, ...]) -> None:
        """One event for all accruals of a sale."""
        first = rows[0]
        releases = [decide_release(row.member, row.posting, row.points, EventId(row.event_id)) for row in rows]
        points = sum(release.points for release in releases)
        postings = tuple(posting for release in releases for posting in release.postings)
        granted = Granted(first.member, points, postings, pending=-points)
        self._committing.post(tx, _Because(first.event_id), granted, Ground(first.sale, first.sold_at))
        for row in rows:
            tx.end_pending(row.posting)
