"""Plays a day: each turn at its time, late ones at once, in their order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from simulation.day.timetable import Due, Timetable
from simulation.day.turns import Turn
from simulation.floor.shopping import Shopping
from simulation.shop_floor import ShopFloor


class Playing:
    """``shopping`` lets shoppers walk the shelves before their turns; without it they come straight to the till."""

    def __init__(self, floor: ShopFloor, shopping: Shopping | None, *, speed: float) -> None:
        self._floor = floor
        self._shopping = shopping
        self._speed = speed

    async def of(self, turns: Iterable[Turn], closing: asyncio.Event) -> AsyncIterator[int]:
        """Perform the turns until they are over or ``closing`` is set; yields how many are done.

        Raises what :meth:`ShopFloor.perform` raises.
        """
        begins_s = asyncio.get_running_loop().time() + (self._shopping.head_start_s if self._shopping else 0.0)
        timetable = Timetable(turns, self._speed, begins_s)
        walking = asyncio.create_task(self._shopping.walk_ahead(timetable)) if self._shopping else None
        try:
            for due in timetable:
                await _until(due.at_s, closing)
                if closing.is_set():
                    return
                await self._perform(due)
                yield due.number + 1
        finally:
            if walking is not None:
                walking.cancel()
                await asyncio.gather(walking, return_exceptions=True)

    async def _perform(self, due: Due) -> None:
        if self._shopping is None:
            await self._floor.perform(due.turn)
            return
        turn = await self._shopping.at_the_till(due)
        if turn is not None:
            await self._floor.perform(turn)
            self._shopping.afterwards(turn)


async def _until(at_s: float, closing: asyncio.Event) -> None:
    if at_s > asyncio.get_running_loop().time():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(at_s):
                await closing.wait()
