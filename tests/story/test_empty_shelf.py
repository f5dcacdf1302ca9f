"""The shelf empties at noon: from hands on a scale to the board, to head office, through cuts and kills."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from simulation.cable import Cut
from tests.story.eyes import chromium
from tests.story.shelves import PATIENCE_S, WATER, WATER_NAME, at_board, open_shelves

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.needs_chromium]
RAISED_WITHIN_S = 5.0


async def test_an_empty_shelf_is_claimed_by_one_seen_by_all_and_resolved_by_the_shelf_itself(tmp_path: Path) -> None:
    async with (
        open_shelves(tmp_path) as shelves,
        chromium() as browser,
        at_board(browser, shelves, "Li") as li,
        at_board(browser, shelves, "Wang") as wang,
    ):
        capacity = shelves.slot(WATER).plan.capacity
        await shelves.light(WATER, "off")
        await shelves.empty(WATER)
        await asyncio.gather(
            li.sees(WATER_NAME, f"0 of {capacity}", within_s=RAISED_WITHIN_S),
            wang.sees(WATER_NAME, f"0 of {capacity}", within_s=RAISED_WITHIN_S),
        )
        await shelves.light(WATER, "blink")
        await li.claims(WATER_NAME)
        await li.sees(WATER_NAME, "You are on it")
        await wang.sees(WATER_NAME, "Li is on it")
        await shelves.light(WATER, "on")
        await shelves.refill(WATER)
        await wang.sees(WATER_NAME, f"Refilled: {capacity} of {capacity}, thank you")
        await shelves.light(WATER, "off")
        history = await shelves.alerts("stock_out", WATER)
        assert [one["state"] for one in history] == ["resolved"]
        assert await shelves.alerts("low_stock", WATER) == [], "what is out is not told of as low, too"


async def test_with_the_internet_cut_staff_notice_nothing_and_head_office_learns_it_afterwards(tmp_path: Path) -> None:
    async with (
        open_shelves(tmp_path) as shelves,
        chromium() as browser,
        at_board(browser, shelves, "Li") as li,
    ):
        shelves.branch.cable.pull(Cut.REFUSED)
        await shelves.empty(WATER)
        await li.sees(WATER_NAME, "0 of", within_s=RAISED_WITHIN_S)
        await li.claims(WATER_NAME)
        await li.sees(WATER_NAME, "You are on it")
        await shelves.refill(WATER)
        await li.sees(WATER_NAME, "thank you")
        assert [one for one in await shelves.head_office("alerts") if one["subject"] == WATER] == []
        shelves.branch.cable.plug()
        sku = shelves.slot(WATER).plan.product.sku
        async with asyncio.timeout(2 * PATIENCE_S):
            while not any(
                one["subject"] == WATER and one["state"] == "resolved" for one in await shelves.head_office("alerts")
            ):
                await shelves.board()
            while not any(
                (one["sku"], one["units"]) == (sku, shelves.slot(WATER).units)
                for one in await shelves.head_office("stock")
            ):
                await shelves.board()


async def test_an_open_alert_survives_a_killed_gateway_with_who_claimed_it(tmp_path: Path) -> None:
    async with (
        open_shelves(tmp_path) as shelves,
        chromium() as browser,
        at_board(browser, shelves, "Li") as li,
    ):
        await shelves.empty(WATER)
        await li.claims(WATER_NAME)
        before = await shelves.alert("stock_out", WATER, "acknowledged")
        shelves.branch.kill_gateway()
        await shelves.store.restarted()
        after = await shelves.alert("stock_out", WATER, "acknowledged")
        assert (after["id"], after["claimed_by"], after["raised_at"]) == (before["id"], "Li", before["raised_at"])
        await li.sees(WATER_NAME, "You are on it")
        await shelves.refill(WATER)
        await li.sees(WATER_NAME, "thank you")
        assert len(await shelves.alerts("stock_out", WATER)) == 1, "one emptying is one alert"


async def test_hands_on_a_full_shelf_and_a_tray_that_is_lifted_call_nobody(tmp_path: Path) -> None:
    async with open_shelves(tmp_path) as shelves, chromium() as browser, at_board(browser, shelves, "Li") as li:
        slot = shelves.slot(WATER)
        for _ in range(3):
            await shelves.floor.aisles.reach(slot, lambda: None, seconds=2.0)
        slot.is_lifted = True
        await shelves.slot_told(WATER, note="removed")
        slot.is_lifted = False
        await shelves.slot_told(WATER, note="", units=slot.units)
        await expect(li.page.locator(".alert")).to_have_count(0)
        assert (await shelves.board())["alerts"] == []
