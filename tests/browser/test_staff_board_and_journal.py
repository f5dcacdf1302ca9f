"""Two browsers, the real desk and a real journal: who claims first has it, and the shelf alone ends what it sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.board_pages import board_pages
from tests.browser.conftest import OpenPage, served
from tests.browser.shown_boards import publish_whole
from tests.unit.edge.alerts_bench import AlertBench, alert_bench, empty, filled

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@dataclass
class Store:
    """A bench whose board is served."""

    bench: AlertBench
    url: str
    hub: LiveHub = field(default_factory=LiveHub)

    async def show(self) -> None:
        """What the gateway does when its bell rings."""
        publish_whole(self.hub, await self.bench.desk.board())


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[Store]:
    async with alert_bench(folder) as bench:
        shown = Store(bench, "")
        pages, app = Pages(), FastAPI()
        app.add_middleware(SecurityHeaders)
        app.mount(ASSETS_PATH, assets())
        error_pages(app, pages)
        app.include_router(board_pages(pages, shown.hub, bench.desk))
        app.include_router(live_pages(shown.hub))
        async with served(app) as address:
            shown.url = f"{address}/staff/board?lang=en"
            try:
                yield shown
            finally:
                shown.hub.close()


async def known_as(page: Page, name: str) -> Page:
    """This device has been told before whose it is."""
    await page.evaluate("(name) => localStorage.setItem('regulars.board.name', name)", name)
    await page.reload()
    return page


async def test_of_two_taps_in_one_moment_one_has_it_and_both_boards_say_who(
    open_page: OpenPage, complaints: list[str], tmp_path: Path
) -> None:
    async with store(tmp_path) as shown:
        await shown.bench.raises(empty(name_en="Cola", capacity=12))
        boards = [await known_as(await open_page(shown.url), name) for name in ("Li", "Wang")]
        claims = [board.get_by_role("button", name="I am on it") for board in boards]
        await asyncio.gather(*(claim.click() for claim in claims))
        for board in boards:
            await expect(board.get_by_role("button", name="I am on it")).to_have_count(0)
        (alert,) = shown.bench.alerts.views()
        assert await shown.bench.states() == ["raised", "acknowledged"]
        winner = ["Li", "Wang"].index(alert.claimed_by or "")
        await expect(boards[winner].locator(".alert")).to_contain_text("You are on it")
        await expect(boards[1 - winner].locator(".alert")).to_contain_text(f"{alert.claimed_by} is on it")
    assert all("409" in said for said in complaints)
    complaints.clear()


async def test_nobody_ends_by_hand_what_the_shelf_still_says_and_the_shelf_does(
    open_page: OpenPage, complaints: list[str], tmp_path: Path
) -> None:
    async with store(tmp_path) as shown:
        await shown.bench.raises(empty(name_en="Cola", capacity=12))
        board = await known_as(await open_page(shown.url), "Li")
        await board.get_by_role("button", name="I am on it").click()
        await board.locator(".alert").get_by_role("button", name="It is done").click()
        await expect(board.locator("#said")).to_have_text("The shelf still says 0 of 12. It ticks this off by itself.")
        await shown.bench.finds(filled())
        await shown.bench.passes(seconds=5)
        await shown.show()
        await expect(board.locator(".alert")).to_contain_text("Refilled: 12 of 12, thank you")
        await shown.bench.passes(minutes=5)
        await shown.show()
        await expect(board.get_by_text("Nothing to do")).to_be_visible()
        assert await shown.bench.states() == ["raised", "acknowledged", "resolved"]
    assert all("409" in said for said in complaints)
    complaints.clear()
