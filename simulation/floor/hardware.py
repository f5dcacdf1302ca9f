"""The virtual sensors of the floor: nodes under the shelves, a node at the entrance, a Zigbee bridge with its things.

They read the world and say what they see on the store's bus, as bought ones do. Whether anybody hears it, and what
they make of it, is the gateway's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from devices.readings import Measure
from devices.store_bus import BusSettings
from devices.virtual.bus.esphome import VirtualEspHome
from devices.virtual.bus.node import BusNode, Saying
from devices.virtual.bus.zigbee2mqtt import VirtualZigbee2Mqtt, ieee_address
from simulation.floor.climate import ROOM_C
from simulation.floor.clock import FloorClock
from simulation.floor.entrance import EntranceState
from simulation.floor.plan import FloorPlan, SlotPlan
from simulation.floor.world import World

BUS_DEVICE = "floor"
"""What the gateway calls its connection to the store's bus."""
SCALE_BEAT_S = 0.5
"""How often a node says what its scales show."""
ZIGBEE_BEAT_S = 10.0
FRONT_DOOR = "front-door"
FRIDGE_DOOR = "fridge-door"
FRIDGE = "fridge"
MOTION = "entrance-motion"
ROOM = "sales-floor"
ENTRANCE_NODE = "entrance"
BEAM = "beam"
BATTERY_THINGS = (FRONT_DOOR, FRIDGE_DOOR, FRIDGE, MOTION, ROOM)
_KILOGRAM_NODES = frozenset({"D"})
"""Bought from somebody who thinks in kilograms."""
_LOOK_S = 0.1
_CLIMATE_S = 5.0
_ROOM_HUMIDITY = 46.0


def node_name(shelf: str) -> str:
    """What the scale node of a shelf is called on the bus."""
    return f"shelf-{shelf.lower()}"


def scale_of(slot: SlotPlan) -> str:
    """What the gateway calls the scale of a slot; empty for one without."""
    return f"{BUS_DEVICE}/{node_name(slot.shelf)}.{slot.cell}" if slot.is_weighed else ""


def thing_sensor(thing: str) -> str:
    """What the gateway calls a thing of the Zigbee bridge."""
    return f"{BUS_DEVICE}/{ieee_address(thing)}"


class ShelfNode(VirtualEspHome):
    """An ESPHome node with a load cell under each slot of a shelf: it says what the world weighs."""

    def __init__(self, settings: BusSettings, shelf: str, world: World, clock: FloorClock) -> None:
        super().__init__(settings, node_name(shelf), interval_s=SCALE_BEAT_S)
        self._cells: Sequence[SlotPlan] = world.plan.cells_of(shelf)
        self._world = world
        self._clock = clock
        unit = "kg" if shelf in _KILOGRAM_NODES else "g"
        for slot in self._cells:
            # The noise is the load cell's own.
            self.add_scale(slot.cell, unit=unit, noise_g=0.0)

    def _values(self, *, beat: bool) -> Sequence[Saying]:
        if beat:
            now_s, shop_s = self._clock.now_s(), self._clock.shop_s()
            for slot in self._cells:
                self.weigh(slot.cell, self._world.weigh(slot.slot, now_s, shop_s))
        return super()._values(beat=beat)


class FloorHardware:
    """``async with FloorHardware(world, clock, bus):`` everything is on the bus and says what it sees."""

    def __init__(self, world: World, clock: FloorClock, bus: BusSettings) -> None:
        self._world = world
        self._clock = clock
        self._open = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.shelves = {shelf: ShelfNode(bus, shelf, world, clock) for shelf in world.plan.nodes}
        self.entrance = VirtualEspHome(bus, ENTRANCE_NODE, interval_s=ZIGBEE_BEAT_S)
        self.entrance.add_contact(BEAM, Measure.OCCUPANCY)
        self.zigbee = VirtualZigbee2Mqtt(bus, interval_s=ZIGBEE_BEAT_S)
        for thing in (FRONT_DOOR, FRIDGE_DOOR):
            self.zigbee.pair(thing, "contact")
        self.zigbee.pair(MOTION, "occupancy")
        self.zigbee.pair(FRIDGE, "temperature", is_regular=True)
        self.zigbee.pair(ROOM, "temperature", "humidity", is_regular=True)

    @property
    def nodes(self) -> tuple[BusNode, ...]:
        """Everything with a connection of its own to the bus."""
        return (*self.shelves.values(), self.entrance, self.zigbee)

    async def __aenter__(self) -> Self:
        for node in self.nodes:
            await self._open.enter_async_context(node)
        for watch in (self._watch_entrance(), self._watch_climate()):
            self._tasks.append(asyncio.create_task(watch, name="sensors"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()

    async def _watch_entrance(self) -> None:
        seen: EntranceState | None = None
        fridge_open: bool | None = None
        while True:
            now = self._world.entrance.at(self._clock.now_s())
            if seen is None or now.door != seen.door:
                _set_contact(self.zigbee, FRONT_DOOR, is_open=now.door)
            if seen is None or now.motion != seen.motion:
                self.zigbee.sense(MOTION, is_on=now.motion)
            if seen is None or now.beam != seen.beam:
                self.entrance.sense(BEAM, is_on=now.beam)
            if self._world.fridge.is_open != fridge_open:
                fridge_open = self._world.fridge.is_open
                _set_contact(self.zigbee, FRIDGE_DOOR, is_open=fridge_open)
            seen = now
            await asyncio.sleep(_LOOK_S)

    async def _watch_climate(self) -> None:
        while True:
            self.zigbee.measure(FRIDGE, self._world.fridge.at(self._clock.shop_s()))
            self.zigbee.tell(ROOM, temperature=ROOM_C, humidity=_ROOM_HUMIDITY)
            await asyncio.sleep(_CLIMATE_S)


def _set_contact(zigbee: VirtualZigbee2Mqtt, thing: str, *, is_open: bool) -> None:
    (zigbee.open if is_open else zigbee.shut)(thing)


def scales_of(plan: FloorPlan) -> dict[str, str]:
    """The scale of each slot as the gateway calls it."""
    return {slot.slot: scale_of(slot) for slot in plan.slots if slot.is_weighed}
