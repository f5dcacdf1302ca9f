"""Shoppers walk the shelves ahead of their turns at the till, each in their own time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

from devices.observations import SaleCompleted
from simulation.day.timetable import Due, Timetable
from simulation.day.turns import PayWithPoints, RingUp, Turn
from simulation.floor.aisles import Aisles
from simulation.floor.visits import Basket, Visit, refund_of_what_was_sold, visit_of, with_what_was_there

SHOPPERS_MAX = 24
"""In the store at once; more wait at the door."""
HEAD_START_S = 4.0
"""So much earlier the shop opens its door than its tills, in a day that is played live."""
_SOLD_MAX = 2_000
"""Sales that are remembered for a refund."""


class Shopping:
    """``walk_ahead`` runs beside the day; ``at_the_till`` and ``afterwards`` are called around each turn."""

    def __init__(self, aisles: Aisles, *, seed: int) -> None:
        self._aisles = aisles
        self._seed = seed
        self._walks: dict[int, asyncio.Task[Basket]] = {}
        self._doorman = asyncio.Semaphore(SHOPPERS_MAX)
        self._sold: OrderedDict[str, SaleCompleted] = OrderedDict()
        self._errands: set[asyncio.Task[None]] = set()
        self._served = -1

    @property
    def head_start_s(self) -> float:
        """How long after the door the first turn is due."""
        return HEAD_START_S if self._aisles.is_live else 0.0

    async def walk_ahead(self, timetable: Timetable) -> None:
        """Let every shopper in early enough to be at the till in time. Runs until the day is over or cancelled."""
        loop = asyncio.get_running_loop()
        if not self._aisles.is_live:
            return
        try:
            for due in timetable:
                lasts_s = self._visit(due).lasts_s
                await asyncio.sleep(due.at_s - lasts_s - loop.time())
                await self._doorman.acquire()
                if due.number <= self._served:  # The till did not wait for somebody still at the door.
                    self._doorman.release()
                    continue
                self._walks[due.number] = asyncio.create_task(self._walk(due), name="shopper")
            await asyncio.gather(*self._walks.values())
        finally:
            await self._send_home()

    async def at_the_till(self, due: Due) -> Turn | None:
        """The turn with what the shopper really found; waits for them. ``None``: nothing was left to do."""
        walk = self._walks.pop(due.number, None)
        self._served = due.number
        if walk is None:
            basket = await self._aisles.walk(self._visit(due))
        else:
            basket = await walk
        turn = with_what_was_there(due.turn, basket, self._aisles.world.plan)
        return None if turn is None else refund_of_what_was_sold(turn, self._sold)

    def afterwards(self, turn: Turn) -> None:
        """The shopper leaves; what was given back goes onto its shelf again."""
        self._aisles.pass_door()
        for receipt in _receipts(turn):
            if receipt.refund_of is None:
                self._sold[receipt.sale_id] = receipt
                while len(self._sold) > _SOLD_MAX:
                    self._sold.popitem(last=False)
            else:
                errand = asyncio.create_task(self._put_away(receipt), name="errand")
                self._errands.add(errand)
                errand.add_done_callback(self._errands.discard)

    async def errands_done(self) -> None:
        """Wait until what was given back is on its shelf."""
        await asyncio.gather(*self._errands)

    async def _walk(self, due: Due) -> Basket:
        try:
            return await self._aisles.walk(self._visit(due))
        finally:
            self._doorman.release()

    def _visit(self, due: Due) -> Visit:
        return visit_of(due.turn, self._aisles.world.plan, seed=self._seed)

    async def _put_away(self, refund: SaleCompleted) -> None:
        for line in refund.lines:
            slot = self._aisles.world.home_of(line.sku)
            if slot is not None and slot.room >= -line.quantity:
                await self._aisles.put(slot, *slot.make(slot.plan, -line.quantity))

    async def _send_home(self) -> None:
        tasks = [*self._walks.values(), *self._errands]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _receipts(turn: Turn) -> Iterator[SaleCompleted]:
    return (step.receipt for step in turn.steps if isinstance(step, RingUp | PayWithPoints))
