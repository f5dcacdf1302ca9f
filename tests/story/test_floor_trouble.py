"""What goes wrong on a shop floor: sensors that fall silent, a broker that dies, goods that leave unpaid."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from devices.observations import SaleLine
from devices.virtual.faults import FaultKind
from simulation.faults.of_store import BUS_FIXTURE
from simulation.floor.hardware import BUS_DEVICE, FRIDGE, node_name, scale_of, thing_sensor
from tests.story.shelves import PATIENCE_S, WATER, Shelves, open_shelves

pytestmark = pytest.mark.needs_mosquitto
SCALE = "weight"


async def test_a_silent_scale_is_shown_as_old_and_invents_nothing_until_it_speaks_again(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves:
        slot = shelves.slot(WATER)
        node = shelves.fixtures.named(node_name(slot.plan.shelf))
        full = slot.units
        await node.fail(FaultKind.SILENT)
        await shelves.sensor(scale_of(slot.plan), SCALE, is_stale=True)
        await shelves.empty(WATER)
        told = await shelves.slot_told(WATER, note="stale")
        assert told["units"] == full, "nothing is known of what nobody weighed"
        assert await shelves.alerts("stock_out", WATER) == []
        await node.heal()
        await shelves.slot_told(WATER, units=0, note="")
        await shelves.alert("stock_out", WATER, "raised")


async def test_an_unplugged_node_is_offline_with_a_reason_and_its_neighbours_go_on(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves:
        slot = shelves.slot(WATER)
        node = shelves.fixtures.named(node_name(slot.plan.shelf))
        await node.fail(FaultKind.UNPLUGGED)
        lost = await shelves.sensor(scale_of(slot.plan), SCALE, state="offline")
        assert lost["reason"]
        await shelves.empty("C1")
        await shelves.alert("stock_out", "C1", "raised")
        await node.heal()
        await shelves.sensor(scale_of(slot.plan), SCALE, state="online")


async def test_garbage_and_a_flood_of_one_node_change_no_stock(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves:
        slot = shelves.slot(WATER)
        node = shelves.fixtures.named(node_name(slot.plan.shelf))
        for kind in (FaultKind.GARBAGE, FaultKind.FLOOD):
            await node.fail(kind)
            await shelves.empty("D4" if kind is FaultKind.FLOOD else "C1")
            await shelves.alert("stock_out", "D4" if kind is FaultKind.FLOOD else "C1", "raised")
        await node.heal()
        told = await shelves.slot_told(WATER, note="", units=slot.units)
        assert told["state"] == "ok"
        assert await shelves.alerts("wrong_item", WATER) == []


async def test_a_flat_battery_says_so_with_its_last_breath(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves:
        await shelves.fixtures.named(FRIDGE).fail(FaultKind.FLAT_BATTERY)
        await shelves.sensor(thing_sensor(FRIDGE), "battery", value=1.0)
        await shelves.fixtures.named(FRIDGE).heal()
        await shelves.sensor(thing_sensor(FRIDGE), "battery", value=100.0)


@pytest.mark.parametrize("kind", [FaultKind.UNPLUGGED, FaultKind.SILENT])
async def test_a_broker_that_dies_or_hangs_takes_no_stock_with_it_and_all_is_weighed_again(
    tmp_path: Path, kind: FaultKind
) -> None:
    async with open_shelves(tmp_path) as shelves:
        full = shelves.slot(WATER).units
        bus = shelves.fixtures.named(BUS_FIXTURE)
        await bus.fail(kind)
        await _device_is(shelves, BUS_DEVICE, online=False)
        await shelves.take(WATER, 4)
        told = (await shelves.slot_told(WATER))["units"]
        assert told == full, "the last number stands, and is shown as old"
        await bus.heal()
        await _device_is(shelves, BUS_DEVICE, online=True)
        await shelves.slot_told(WATER, units=full - 4, note="")


async def test_what_was_taken_and_not_sold_is_missing_and_reported_once(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves:
        slot = shelves.slot(WATER)
        full = slot.units
        assert await shelves.take(WATER, 5) == 5
        await shelves.slot_told(WATER, units=full - 5)
        product = slot.plan.product
        sale = shelves.store.next_sale(3 * product.price_minor)
        await shelves.store.floor.ring_up(
            replace(sale, lines=(SaleLine(product.sku, product.name, 3, product.price_minor),))
        )
        shelves.store.let_pass(600)
        alert = await shelves.alert("missing", WATER, "raised")
        assert alert["facts"]["units"] == 2
        shelves.store.let_pass(1_200)
        await shelves.take("C1", 1)
        await shelves.slot_told("C1", units=shelves.slot("C1").units)
        assert len(await shelves.alerts("missing", WATER)) == 1
        assert await shelves.alerts("phantom", WATER) == []
        async with asyncio.timeout(2 * PATIENCE_S):
            while not (told := await shelves.head_office("discrepancies")):
                await shelves.board()
        assert [(one["kind"], one["units"]) for one in told if one["sku"] == product.sku] == [("missing", 2)]


async def _device_is(shelves: Shelves, name: str, *, online: bool) -> None:
    """Wait until the status page says so of a device."""
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            devices = {one["name"]: one["state"] for one in (await shelves.store.auditor.status())["devices"]}
            if (devices[name] == "online") is online:
                return
