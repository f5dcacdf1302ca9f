"""The simulated floor's physics: what scales, fridge and door show of what really is."""

from __future__ import annotations

from statistics import mean, pstdev

import pytest

from simulation.floor.climate import ROOM_C, Fridge
from simulation.floor.entrance import BEAM_AFTER_S, DOOR_S, MOTION_S, Entrance
from simulation.floor.load_cell import CellTraits, LoadCell, Touch
from simulation.floor.plan import DEMO_FLOOR, FloorPlan, SlotPlan, planogram_csv
from simulation.floor.slot import PIECES_MAX, ShelfSlot
from simulation.floor.world import DELIVERY_BOXES, World

QUIET = CellTraits(noise_g=0.0, gain_error=0.0, drift_g_per_c=0.0, creep_share=0.0)
WATER = DEMO_FLOOR.by_slot["B1"]
MILK = DEMO_FLOOR.by_slot["A2"]


def test_the_same_seed_gives_the_same_floor_and_the_same_noise() -> None:
    first, again = World(DEMO_FLOOR, seed=3), World(DEMO_FLOOR, seed=3)
    assert [one.units for one in first.slots.values()] == [one.units for one in again.slots.values()]
    assert [first.weigh("B1", at, 0) for at in range(20)] == [again.weigh("B1", at, 0) for at in range(20)]
    assert [first.weigh("B1", at, 0) for at in range(20, 40)] != [
        World(DEMO_FLOOR, seed=4).weigh("B1", at, 0) for at in range(20, 40)
    ]


def test_a_full_slot_weighs_its_pieces_within_less_than_half_a_piece() -> None:
    for plan in DEMO_FLOOR.slots:
        slot = ShelfSlot(plan, seed=1)
        slot.put(*slot.make(plan, plan.capacity))
        samples = [slot.read_g(float(at), temperature_c=ROOM_C) for at in range(30)]
        assert mean(samples) == pytest.approx(plan.capacity * plan.unit_weight_g, abs=0.45 * plan.unit_weight_g)


def test_noise_is_as_wide_as_the_cell_says() -> None:
    cell = LoadCell(seed="x", traits=CellTraits(noise_g=2.0, creep_share=0.0))
    assert pstdev([cell.read(float(at), 1_000.0) for at in range(2_000)]) == pytest.approx(2.0, rel=0.1)


def test_a_standing_load_creeps_up_and_stops() -> None:
    cell = LoadCell(seed="x", traits=CellTraits(noise_g=0.0, gain_error=0.0, creep_share=0.001, creep_s=100.0))
    first, _, later, last = (cell.read(at, 10_000.0) for at in (0.0, 50.0, 1_000.0, 3_000.0))
    assert first == 10_000.0
    assert later == pytest.approx(10_010.0, abs=0.1)
    assert last == pytest.approx(later, abs=0.1)


def test_the_zero_moves_with_the_temperature() -> None:
    cell = LoadCell(seed="x", traits=CellTraits(noise_g=0.0, drift_g_per_c=0.5, tared_at_c=20.0))
    assert cell.read(0.0, 0.0, temperature_c=4.0) == pytest.approx(-8.0)


def test_a_hand_presses_only_while_it_is_there_and_never_evenly() -> None:
    slot = ShelfSlot(WATER, seed=1, traits=QUIET)
    slot.put(*slot.make(WATER, 3))
    resting = slot.read_g(0.0, temperature_c=ROOM_C)
    touch = slot.touch(1.0, 2.0)
    pressed = {round(slot.read_g(1.0 + step / 10, temperature_c=ROOM_C) - resting, 3) for step in range(2, 19)}
    assert len(pressed) == 17
    assert max(map(abs, pressed)) > 50
    assert slot.is_touched(2.0)
    assert slot.read_g(touch.ended_s, temperature_c=ROOM_C) == resting
    assert not slot.is_touched(touch.ended_s)


def test_a_touch_has_no_force_at_its_edges() -> None:
    touch = Touch(1.0, 3.0, 500.0)
    assert (touch.load_g(0.9), touch.load_g(1.0), touch.load_g(3.0)) == (0.0, 0.0, 0.0)


def test_what_is_taken_is_gone_and_never_more_than_was_there() -> None:
    slot = ShelfSlot(WATER, seed=1, traits=QUIET)
    slot.put(*slot.make(WATER, 4))
    before = slot.read_g(0.0, temperature_c=ROOM_C)
    taken = slot.take(3)
    assert before - slot.read_g(1.0, temperature_c=ROOM_C) == pytest.approx(sum(one.weight_g for one in taken))
    assert len(slot.take(3)) == 1
    assert slot.units == 0


def test_a_lifted_tray_shows_less_than_nothing() -> None:
    slot = ShelfSlot(WATER, seed=1, traits=QUIET)
    slot.put(*slot.make(WATER, 4))
    slot.is_lifted = True
    assert slot.read_g(0.0, temperature_c=ROOM_C) == -WATER.tray_g


def test_a_wrong_piece_is_weighed_but_is_no_unit_and_is_carried_home() -> None:
    world = World(DEMO_FLOOR, seed=1)
    water, milk = world.slots["B1"], world.slots["A2"]
    units, home = water.units, milk.units
    world.misplace(milk.take(1)[0], into=water)
    assert water.units == units
    assert water.wrong == {MILK.product.sku: 1}
    assert world.tidy(water) == 1
    assert (water.wrong, milk.units) == ({}, home)


def test_a_refill_takes_no_more_than_the_store_room_has_and_the_slot_holds() -> None:
    world = World(DEMO_FLOOR, seed=1)
    slot = world.slots["B1"]
    slot.take(WATER.capacity)
    world.store_room[WATER.product.sku] = 5
    assert world.refill(slot) == 5
    assert world.refill(slot) == 0
    world.deliver()
    assert world.refill(slot) == WATER.capacity - 5
    assert world.store_room[WATER.product.sku] == DELIVERY_BOXES * WATER.capacity - (WATER.capacity - 5)


def test_a_hand_may_put_more_on_a_shelf_than_fits_as_long_as_there_is_more() -> None:
    world = World(DEMO_FLOOR, seed=1)
    slot = world.slots["B1"]
    before = slot.units
    world.store_room[WATER.product.sku] = WATER.capacity
    assert world.overfill(slot, WATER.capacity) == WATER.capacity
    assert slot.units == before + WATER.capacity > slot.plan.capacity
    assert world.overfill(slot, 1) == 0
    world.store_room[WATER.product.sku] = 1_000
    world.overfill(slot, 1_000)
    assert slot.units == PIECES_MAX


def test_more_pieces_than_a_shelf_carries_are_refused() -> None:
    slot = ShelfSlot(WATER, seed=1)
    slot.put(*slot.make(WATER, PIECES_MAX))
    with pytest.raises(ValueError, match="at most"):
        slot.put(*slot.make(WATER, 1))


def test_a_shut_fridge_stays_between_its_thresholds() -> None:
    fridge = Fridge(now_s=0.0)
    temperatures = [fridge.at(float(at)) for at in range(0, 24 * 3_600, 60)]
    assert min(temperatures) > 2.0
    assert max(temperatures) < 6.0


def test_an_open_or_broken_fridge_warms_up_and_a_mended_one_cools_down() -> None:
    fridge = Fridge(now_s=0.0)
    fridge.is_open = True
    fridge.is_broken = True
    assert fridge.at(1_200.0) > 12.0
    fridge.is_open = fridge.is_broken = False
    assert fridge.at(3 * 3_600.0) < 6.0


def test_the_door_shuts_by_itself_and_the_beam_breaks_once_somebody_is_through() -> None:
    entrance = Entrance()
    entrance.pass_through(10.0)
    assert (entrance.at(10.0).door, entrance.at(10.0).beam) == (True, False)
    assert entrance.at(10.1 + BEAM_AFTER_S).beam
    assert not entrance.at(10.1 + DOOR_S).door
    assert entrance.at(10.1 + DOOR_S).motion
    assert not entrance.at(10.1 + MOTION_S).motion
    entrance.is_held_open = True
    assert entrance.at(1_000.0).door


def test_every_slot_stands_in_the_planogram_with_its_scale_and_light() -> None:
    lines = planogram_csv(DEMO_FLOOR, scales={"A1": "bus/a/slot_1"}, lights={"A1": "light-a1"}).splitlines()
    assert lines[0] == "slot,sku,name_zh,name_en,unit_weight_g,capacity,reorder_at,zone,scale,light"
    assert lines[1].endswith(",318,14,5,冷藏 Chilled,bus/a/slot_1,light-a1")
    assert len(lines) == 1 + len(DEMO_FLOOR.slots)


def test_a_node_with_more_cells_than_it_reads_is_refused() -> None:
    product = WATER.product
    slots = tuple(SlotPlan("X", number, product, 100, 10, 3, "饮品 Drinks") for number in range(1, 6))
    with pytest.raises(ValueError, match="at most 4 cells"):
        FloorPlan(slots)
