"""The floor of a running store: the world, its hardware on the bus, the hands in the aisles and the clerks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from devices.store_bus import BusSettings
from simulation.floor.aisles import LIVE_SPEED_MAX, Aisles
from simulation.floor.clerks import Clerks, StaffBoard
from simulation.floor.clock import FloorClock
from simulation.floor.hardware import FloorHardware
from simulation.floor.plan import FloorPlan
from simulation.floor.world import World
from simulation.processes.ports import HOST

_DELIVERY_AFTER_S = 30.0
_UNLOADING_S = 8.0


@dataclass(frozen=True, slots=True)
class FloorPlace:
    """Where a floor is: its plan, the port of the store's bus, the base address of the gateway's pages."""

    plan: FloorPlan
    bus: int
    gateway_url: str


@dataclass(frozen=True, slots=True)
class OpenFloor:
    """What is there while the store runs."""

    world: World
    aisles: Aisles
    hardware: FloorHardware
    clerks: Clerks
    board: StaffBoard


@asynccontextmanager
async def open_floor(
    place: FloorPlace, web: httpx.AsyncClient, *, seed: int, speed: float, with_clerks: bool = True
) -> AsyncIterator[OpenFloor]:
    """Plug everything in; clerks come to work, unless the story does their work itself."""
    clock = FloorClock(speed=speed)
    world = World(place.plan, seed=seed)
    aisles = Aisles(world, clock, is_live=speed <= LIVE_SPEED_MAX)
    board = StaffBoard(place.gateway_url, web)
    clerks = Clerks(aisles, board)
    async with AsyncExitStack() as opened:
        settings = BusSettings(host=HOST, port=place.bus)
        hardware = await opened.enter_async_context(FloorHardware(world, clock, settings))
        people = [_delivery(aisles), clerks.work()] if with_clerks else []
        working = [asyncio.create_task(one, name="staff") for one in people]
        try:
            yield OpenFloor(world, aisles, hardware, clerks, board)
        finally:
            for one in working:
                one.cancel()
            await asyncio.gather(*working, return_exceptions=True)


async def _delivery(aisles: Aisles) -> None:
    """The morning's delivery comes through the front door, which stands open meanwhile."""
    entrance = aisles.world.entrance
    await asyncio.sleep(_DELIVERY_AFTER_S)
    entrance.is_held_open = True
    await asyncio.sleep(_UNLOADING_S)
    aisles.world.deliver()
    entrance.is_held_open = False
