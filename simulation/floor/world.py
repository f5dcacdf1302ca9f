"""The whole floor at one moment: every slot, the store room behind, the fridge, the entrance.

Pure: two clocks are passed in, the shelves' seconds (real ones: a hand takes as long as a hand takes) and the shop's
own, in which the fridge warms. The same seed and the same acts give the same floor.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from simulation.floor.climate import ROOM_C, Fridge
from simulation.floor.entrance import Entrance
from simulation.floor.plan import FloorPlan, SlotPlan
from simulation.floor.slot import PIECES_MAX, Piece, ShelfSlot

DELIVERY_BOXES = 8
"""A delivery brings so many times what a slot holds, of every article."""
_OPENING_SHARE = (0.45, 1.0)
"""How full a slot was left the evening before."""
CHILLED_ZONE = "冷藏 Chilled"


class World:
    """What is where. ``slots`` by name."""

    def __init__(self, plan: FloorPlan, *, seed: int, now_s: float = 0.0) -> None:
        self.plan = plan
        self.fridge = Fridge(now_s=now_s)
        self.entrance = Entrance()
        self.slots = {slot.slot: ShelfSlot(slot, seed=seed) for slot in plan.slots}
        self.store_room: Counter[str] = Counter()
        """Pieces behind, by article."""
        random = Random(f"regulars/floor/{seed}")  # noqa: S311 - goods, not a secret
        for slot in self.slots.values():
            left = max(slot.plan.reorder_at + 2, round(slot.plan.capacity * random.uniform(*_OPENING_SHARE)))
            slot.put(*slot.make(slot.plan, min(left, slot.plan.capacity)))
            self.store_room[slot.plan.product.sku] = slot.plan.capacity

    def home_of(self, sku: str) -> ShelfSlot | None:
        """Where an article belongs, if it stands on a shelf."""
        plan = self.plan.by_sku.get(sku)
        return None if plan is None else self.slots[plan.slot]

    def deliver(self) -> None:
        """The morning's delivery is carried into the store room."""
        for plan in self.plan.slots:
            self.store_room[plan.product.sku] += DELIVERY_BOXES * plan.capacity

    def refill(self, slot: ShelfSlot, *, pieces: int = PIECES_MAX) -> int:
        """Fill a slot up from the store room, with no more than ``pieces``; how many that were."""
        count = min(pieces, slot.room, self.store_room[slot.plan.product.sku])
        self.store_room[slot.plan.product.sku] -= count
        slot.put(*slot.make(slot.plan, count))
        return count

    def overfill(self, slot: ShelfSlot, pieces: int) -> int:
        """Put goods there however full it is, as somebody does who wants to be rid of them; how many that were."""
        count = max(
            0, min(pieces, PIECES_MAX - slot.units - sum(slot.wrong.values()), self.store_room[slot.plan.product.sku])
        )
        self.store_room[slot.plan.product.sku] -= count
        slot.put(*slot.make(slot.plan, count))
        return count

    def tidy(self, slot: ShelfSlot) -> int:
        """Carry what does not belong here back to where it does; how many pieces that were."""
        moved = 0
        for sku, count in slot.wrong.items():
            home = self.home_of(sku)
            pieces = slot.take(count, sku=sku)
            moved += len(pieces)
            if home is not None:
                home.put(*pieces)
        return moved

    def misplace(self, piece: Piece, *, into: ShelfSlot) -> None:
        """A piece ends up in a slot where it does not belong."""
        into.put(piece)

    def misplace_any(self, *, into: ShelfSlot) -> int:
        """Somebody lays down here what they took elsewhere: of all there is, what the scale tells best; how many."""

        def telling(slot: ShelfSlot) -> float:
            """How far from any number of the right pieces one of these weighs, as a share of one."""
            ratio = slot.plan.unit_weight_g / into.plan.unit_weight_g
            return abs(ratio - round(ratio))

        there = [slot for slot in self.slots.values() if slot is not into and slot.units and slot.plan.is_weighed]
        pieces = max(there, key=telling).take(1) if there else ()
        into.put(*pieces)
        return len(pieces)

    def temperature_at(self, plan: SlotPlan, shop_s: float) -> float:
        """How warm it is where a slot stands."""
        return self.fridge.at(shop_s) if plan.zone == CHILLED_ZONE else ROOM_C

    def weigh(self, slot: str, now_s: float, shop_s: float) -> float:
        """Grams that the scale of a slot shows now."""
        one = self.slots[slot]
        return one.read_g(now_s, temperature_c=self.temperature_at(one.plan, shop_s))
