"""Hands at the shelves: what shoppers, clerks, thieves and visitors of the control page do there, in real seconds.

A hand leans on the shelf while it takes, and the scale sees both. In a day that is played too fast for that, goods
are taken in no time and a slot that runs short is filled at once, so that the till's books stay the script's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from simulation.floor.clock import FloorClock
from simulation.floor.slot import PIECES_MAX, Piece, ShelfSlot
from simulation.floor.visits import REACH_S, STEP_S, WAY_TO_THE_TILL_S, Basket, Manner, Pick, Visit
from simulation.floor.world import World

LIVE_SPEED_MAX = 120.0
"""Beyond this speed nobody could see a hand at a shelf, nor a scale settle between two shoppers."""
STILL_S = 2.5
"""A scale settles in that time."""
PATIENCE_S = 4.0
"""How long a shopper waits for whoever is in the way, before going on without."""
_GRIP_SHARE = 0.6
"""The share of a reach after which the goods leave the shelf."""
_Result = TypeVar("_Result")


class Aisles:
    """Everybody's hands at the shelves of one world."""

    def __init__(self, world: World, clock: FloorClock, *, is_live: bool) -> None:
        self.world = world
        self.clock = clock
        self.is_live = is_live
        self._free = {slot: asyncio.Lock() for slot in world.slots}

    async def walk(self, visit: Visit) -> Basket:
        """A shopper comes in and goes along the shelves; what they then have in hand to pay."""
        self.pass_door()
        basket: Counter[str] = Counter()
        for pick in visit.picks:
            basket[pick.sku] += await self._pick(pick)
        if self.is_live:
            await asyncio.sleep(WAY_TO_THE_TILL_S)
        return {sku: units for sku, units in basket.items() if units}

    def pass_door(self) -> None:
        """Somebody goes in or out."""
        self.world.entrance.pass_through(self.clock.now_s())

    async def _pick(self, pick: Pick) -> int:
        """One article; how many pieces of it are to be paid."""
        slot = self.world.home_of(pick.sku)
        if slot is None:
            return 0
        pieces = await self.take(slot, pick.units)
        match pick.manner:
            case Manner.BUY:
                return len(pieces)
            case Manner.PUT_BACK:
                await self.put(slot, *pieces)
            case Manner.MISPLACE:
                await self.put(self.world.slots[pick.into], *pieces)
            case Manner.STEAL:
                self.pass_door()
        return 0

    async def take(self, slot: ShelfSlot, units: int) -> tuple[Piece, ...]:
        """A hand takes up to so many pieces; none where somebody is in the way for too long."""
        if not self.is_live and slot.units < units:
            self.world.deliver()
            self.world.refill(slot)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._free[slot.plan.slot].acquire()
        except TimeoutError:
            return ()
        try:
            return await self._reach(slot, lambda: slot.take(units), REACH_S)
        finally:
            self._free[slot.plan.slot].release()

    async def put(self, slot: ShelfSlot, *pieces: Piece) -> None:
        """A hand lays pieces down."""
        await self.reach(slot, lambda: slot.put(*pieces))

    async def refill(self, slot: ShelfSlot, *, pieces: int = PIECES_MAX, seconds: float = REACH_S) -> int:
        """Somebody fills a slot up from the store room, ``pieces`` at a time, in nobody's way; how many that were.

        They let the row stand still before and after, so that what others took there was weighed apart.
        """
        filled = 0
        async with self._free[slot.plan.slot]:
            await self._stand_still()
            while slot.room and (
                laid := await self._reach(slot, lambda: self.world.refill(slot, pieces=pieces), seconds)
            ):
                filled += laid
            await self._stand_still()
        return filled

    async def reach(self, slot: ShelfSlot, act: Callable[[], _Result], *, seconds: float = REACH_S) -> _Result:
        """A hand goes to a slot, does something to the goods, and goes away; returns when it is gone."""
        async with self._free[slot.plan.slot]:
            return await self._reach(slot, act, seconds)

    async def _reach(self, slot: ShelfSlot, act: Callable[[], _Result], seconds: float) -> _Result:
        if not self.is_live:
            return act()
        slot.touch(self.clock.now_s(), seconds)
        await asyncio.sleep(seconds * _GRIP_SHARE)
        done = act()
        await asyncio.sleep(seconds * (1 - _GRIP_SHARE) + STEP_S)
        return done

    async def _stand_still(self) -> None:
        if self.is_live:
            await asyncio.sleep(STILL_S)
