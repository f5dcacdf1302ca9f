"""What a visitor can do to the shop floor: hands at the shelves, doors, the fridge, and every fault there is."""

from __future__ import annotations

import asyncio
from datetime import UTC

from devices.observations import SaleCompleted, SaleLine
from devices.virtual.faults import FaultKind, UnsupportedFault
from simulation.control.desk import Refusal, Store, ring_up
from simulation.control.floor_views import FixtureView, FloorView, RoomBody, ShelfAct, ShelfBody, ShelfView
from simulation.faults.fixture import UnknownFixture
from simulation.floor.slot import ShelfSlot

HANDS_MAX = 8
"""Things that may be going on at the shelves at once by a visitor's hand."""
LEAN_S = 4.0


class FloorDesk:
    """Every verb returns once it has taken effect."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelves = store.shelves
        self._hands = asyncio.Semaphore(HANDS_MAX)
        self._receipts = 0

    async def fault(self, device: str, kind: FaultKind | None) -> None:
        """Let a thing fail, or without ``kind`` work again. Raises :class:`Refusal`."""
        try:
            fixture = self._store.fixtures.named(device)
            if kind is None:
                await fixture.heal()
            else:
                await fixture.fail(kind)
        except UnknownFixture as error:
            raise Refusal(_sentence(error), "Write one of these names.") from error
        except UnsupportedFault as error:
            raise Refusal(_sentence(error), "Choose one of these ways.") from error

    async def at_shelf(self, body: ShelfBody) -> int:
        """Do something at a slot; how many pieces were moved. Raises :class:`Refusal`."""
        slot = self._shelves.world.slots.get(body.slot)
        if slot is None:
            raise Refusal(f"There is no slot {body.slot:.20}.", "Choose one of the shelves'.")
        if self._hands.locked():
            raise Refusal(f"{HANDS_MAX} hands are at the shelves already.", "Wait for one of them.")
        async with self._hands:
            return await self._act(slot, body)

    async def _act(self, slot: ShelfSlot, body: ShelfBody) -> int:
        aisles, world = self._shelves.aisles, self._shelves.world
        match body.act:
            case ShelfAct.BUY:
                return await self._buy(slot, body)
            case ShelfAct.STEAL:
                taken = await aisles.take(slot, body.units)
                aisles.pass_door()
                return len(taken)
            case ShelfAct.PUT:
                return await aisles.reach(slot, lambda: world.overfill(slot, body.units))
            case ShelfAct.REFILL:
                return await aisles.refill(slot)
            case ShelfAct.WRONG:
                return await aisles.reach(slot, lambda: world.misplace_any(into=slot))
            case ShelfAct.TIDY:
                return await aisles.reach(slot, lambda: world.tidy(slot))
            case ShelfAct.HAND:
                await aisles.reach(slot, lambda: None, seconds=LEAN_S)
                return 0
            case ShelfAct.LIFT:
                slot.is_lifted = not slot.is_lifted
                return 0

    async def _buy(self, slot: ShelfSlot, body: ShelfBody) -> int:
        taken = await self._shelves.aisles.take(slot, body.units)
        if not taken:
            raise Refusal(f"Slot {slot.plan.slot} is empty.", "Refill it first, or take something else.")
        product, hands = slot.plan.product, self._store.floor.at(min(body.counter, len(self._store.floor.hands)))
        self._receipts += 1
        now = self._store.clock().astimezone(UTC)
        sale = SaleCompleted(
            sale_id=f"shelf-{now:%y%m%d%H%M%S}-{self._receipts}",
            till=hands.counter.names.till,
            currency=self._store.day.currency,
            total_minor=len(taken) * product.price_minor,
            lines=(SaleLine(product.sku, product.name, len(taken), product.price_minor),),
            sold_at=now,
        )
        await ring_up(hands, sale)
        return len(taken)

    def change_room(self, body: RoomBody) -> None:
        """Doors, the fridge, the clerks' duty."""
        world = self._shelves.world
        if body.is_door_held is not None:
            world.entrance.is_held_open = body.is_door_held
        if body.is_fridge_open is not None:
            world.fridge.is_open = body.is_fridge_open
        if body.is_fridge_broken is not None:
            world.fridge.is_broken = body.is_fridge_broken
        if body.has_clerks is not None:
            self._shelves.clerks.on_duty = body.has_clerks

    def view(self) -> FloorView:
        """The floor as it really is."""
        world, clock = self._shelves.world, self._shelves.aisles.clock
        now_s = clock.now_s()
        fixtures = tuple(
            FixtureView(name=each.name, group=each.group.value, kinds=each.kinds, fault=each.fault)
            for each in self._store.fixtures.all
        )
        return FloorView(
            slots=tuple(self._slot_view(slot, now_s) for slot in world.slots.values()),
            fixtures=fixtures,
            failing=sum(fixture.fault is not None for fixture in fixtures),
            fridge_c=round(world.fridge.at(clock.shop_s()), 1),
            is_fridge_open=world.fridge.is_open,
            is_fridge_broken=world.fridge.is_broken,
            is_door_open=world.entrance.at(now_s).door,
            is_door_held=world.entrance.is_held_open,
            has_clerks=self._shelves.clerks.on_duty,
            refills=self._shelves.clerks.refills,
        )

    def _slot_view(self, slot: ShelfSlot, now_s: float) -> ShelfView:
        plan = slot.plan
        return ShelfView(
            slot=plan.slot,
            shelf=plan.shelf,
            name_zh=plan.product.name_zh,
            name_en=plan.product.name_en,
            zone=plan.zone,
            units=slot.units,
            wrong=sum(slot.wrong.values()),
            capacity=plan.capacity,
            is_weighed=plan.is_weighed,
            is_touched=slot.is_touched(now_s),
            is_lifted=slot.is_lifted,
            behind=self._shelves.world.store_room[plan.product.sku],
        )


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
