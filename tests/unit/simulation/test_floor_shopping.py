"""Shoppers and their turns: who walked the shelves rings up what they found, and the shelves hold the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from devices.observations import SaleCompleted
from simulation.day.shoppers import DayPlan, store_day
from simulation.day.timetable import Timetable
from simulation.day.turns import RingUp, Turn
from simulation.floor.aisles import Aisles
from simulation.floor.clock import FloorClock
from simulation.floor.plan import DEMO_FLOOR
from simulation.floor.shopping import Shopping
from simulation.floor.visits import Manner, visit_of
from simulation.floor.world import World

DAY = store_day(DayPlan(seed=5, day=date(2024, 2, 29), turns=300))


def a_floor() -> Aisles:
    """A floor on which everything happens in no time."""
    return Aisles(World(DEMO_FLOOR, seed=5), FloorClock(speed=1e6), is_live=False)


async def test_in_a_fast_day_every_turn_finds_what_the_script_says() -> None:
    aisles = a_floor()
    shopping = Shopping(aisles, seed=5)
    came = 0
    for due in Timetable(DAY.turns, 1e6, 0.0):
        turn = await shopping.at_the_till(due)
        assert turn == due.turn
        shopping.afterwards(turn)
        came += 1
    assert came == len(DAY.turns)


async def test_what_left_the_shelves_is_what_was_paid_and_what_was_stolen() -> None:
    aisles = a_floor()
    world = aisles.world
    there = _stock(world)
    shopping = Shopping(aisles, seed=5)
    paid: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for due in Timetable(DAY.turns, 1e6, 0.0):
        if any(isinstance(step, RingUp) and step.receipt.refund_of for step in due.turn.steps):
            continue
        turn = await shopping.at_the_till(due)
        assert turn is not None
        for pick in visit_of(due.turn, DEMO_FLOOR, seed=5).picks:
            if pick.manner in {Manner.BUY, Manner.STEAL}:
                (paid if pick.manner is Manner.BUY else gone)[pick.sku] += pick.units
    assert sum(gone.values()) > 0
    delivered = _stock(world)
    for sku, units in delivered.items():
        boxes = units - there[sku] + paid[sku] + gone[sku]
        assert boxes % (8 * DEMO_FLOOR.by_sku[sku].capacity) == 0, "only whole deliveries came in"


async def test_what_was_given_back_lies_on_its_shelf_again() -> None:
    aisles = a_floor()
    shopping = Shopping(aisles, seed=5)
    refund = next(_refunds())
    sku = refund.lines[0].sku
    slot = aisles.world.home_of(sku)
    assert slot is not None
    slot.take(-refund.lines[0].quantity)
    units = slot.units
    shopping.afterwards(Turn(refund.sold_at, (RingUp(refund),)))
    await shopping.errands_done()
    assert slot.units == units - refund.lines[0].quantity


async def test_the_shelf_of_an_unknown_article_is_nobodys() -> None:
    aisles = a_floor()
    assert aisles.world.home_of("4006381333931") is None


def test_turns_are_due_at_the_speed_of_the_day_and_lulls_are_cut() -> None:
    opening = datetime(2024, 2, 29, 1, 0, tzinfo=UTC)
    turns = [Turn(opening.replace(minute=minute), ()) for minute in (0, 1, 59)]
    assert [due.at_s for due in Timetable(turns, 60.0, 100.0)] == pytest.approx([100.0, 101.0, 116.0])


def _stock(world: World) -> Counter[str]:
    stock: Counter[str] = Counter(world.store_room)
    for slot in world.slots.values():
        stock[slot.plan.product.sku] += slot.units
        stock.update(slot.wrong)
    return stock


def _refunds() -> Iterator[SaleCompleted]:
    for turn in DAY.turns:
        for step in turn.steps:
            if isinstance(step, RingUp) and step.receipt.refund_of:
                yield step.receipt
