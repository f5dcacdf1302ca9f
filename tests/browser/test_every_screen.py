"""Every screen and page in both languages and every size: nothing clipped, nothing too small, axe content.

A kiosk is opened once for each size and language, and is shown one screen after the other, as in a store.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
import pytest_asyncio
import zxingcpp
from axe_playwright_python.base import AXE_SCRIPT
from fastapi import FastAPI
from playwright.async_api import Page, expect
from pydantic import BaseModel

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.gallery import BOARDS, SCREENS, gallery
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import CONNECTION_EVENT, SCREEN_EVENT, Connection, kiosk_channel
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub, live_pages
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LANGUAGES = ("en", "zh-CN")
SIZES = {"pi": (1024, 600), "wide": (1280, 800), "tall": (1080, 1920)}
PHONE, WALL = (390, 844), (1920, 1080)
PAGES = (
    "/", "/staff/members", "/staff/status", "/alarming/staff/status", "/error/404", "/error/503",
    *(f"{prefix}/staff/board{wall}" for prefix in BOARDS for wall in ("", "?wall=1")),
)  # fmt: skip
STEPS = {
    "register": ("data-next", "data-skip", "data-skip", "data-skip", "data-skip"),
    "survey": ("data-skip", "data-skip", "data-skip"),
    "pin-change": ("data-next", "data-next"),
    "details": ("data-go='name'", "data-previous", "data-go='phone'", "data-previous", "data-go='birthday'"),
}
"""The keys that lead through the forms; what a step needs is filled in beforehand."""

LAYOUT = (Path(__file__).parent / "layout_faults.js").read_text(encoding="utf-8")
AXE = "async () => (await axe.run({resultTypes: ['violations']})).violations"
WATCH = """() => { window.isShown = new Promise((shown) => new MutationObserver((_, watch) => {
    watch.disconnect(); shown(); }).observe(document.getElementById("stage"), {childList: true})); }"""
SHOWN = """async () => { await window.isShown;
    for (const each of document.getElementById("stage").getAnimations({subtree: true})) each.finish(); }"""

Look = Callable[[Page], Awaitable[list[str]]]


async def layout(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(LAYOUT, True)
    return found


async def axe(page: Page) -> list[str]:
    """What axe finds; its script stays with the page."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in await page.evaluate(AXE)
        for node in violation["nodes"]
    ]


@dataclass(frozen=True)
class Counter:
    """One kiosk whose screens a test chooses."""

    address: str
    hub: LiveHub

    def say(self, event: str, view: BaseModel) -> None:
        self.hub.publish(event, view, channel=kiosk_channel("front"))

    async def show(self, page: Page, name: str) -> None:
        """Put a sample on the screen and wait until it stands still."""
        await page.evaluate(WATCH)
        self.say(SCREEN_EVENT, SCREENS[name])
        await page.evaluate(SHOWN)

    async def cut(self, page: Page) -> None:
        """The notice that the store is offline stands there as well: screens have least room then."""
        self.say(CONNECTION_EVENT, Connection(online=False))
        await expect(page.locator('[data-notice="offline"]')).to_be_visible()

    async def look_at_all(self, page: Page, look: Look) -> dict[str, list[str]]:
        """What is wrong with each screen, each step of each form among them."""
        faults = {}
        for name in SCREENS:
            await self.show(page, name)
            faults[name] = await look(page)
            for number, key in enumerate(STEPS.get(name, ()), 2):
                if (entry := page.locator("#stage input:visible").first) and await entry.count():
                    await entry.fill("271828")
                await page.locator(f"#stage [{key}]:visible").first.click()
                faults[f"{name}, step {number}"] = await look(page)
        return {name: found for name, found in faults.items() if found}


@asynccontextmanager
async def counter() -> AsyncIterator[Counter]:
    hub = LiveHub()
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    app.mount(ASSETS_PATH, assets())
    app.include_router(kiosk_pages(Pages(), hub, [Kiosk("front", "和平路店 Heping Road", Touch("front"))]))
    app.include_router(live_pages(hub))
    async with served(app) as address:
        try:
            yield Counter(f"{address}/kiosk/front", hub)
        finally:
            hub.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def address() -> AsyncIterator[str]:
    async with served(gallery()) as url:
        yield url


@pytest.mark.parametrize(("size", "language"), [*product(SIZES, LANGUAGES)])
async def test_every_kiosk_screen_and_step_fits_its_display(open_page: OpenPage, size: str, language: str) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang={language}", SIZES[size])
        await kiosk.cut(page)
        assert await kiosk.look_at_all(page, layout) == {}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_axe_finds_nothing_on_any_kiosk_screen_or_step(open_page: OpenPage, language: str) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang={language}", SIZES["pi"])
        await kiosk.cut(page)
        assert await kiosk.look_at_all(page, axe) == {}


@pytest.mark.parametrize(("scheme", "language"), [*product(("light", "dark"), LANGUAGES)])
async def test_every_page_fits_a_phone_and_a_wall_and_axe_finds_nothing(
    address: str, open_page: OpenPage, complaints: list[str], scheme: str, language: str
) -> None:
    page = await open_page(f"{address}/", PHONE, color_scheme=scheme)
    faults = {}
    for path in PAGES:
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
        if found := await axe(page):
            faults[f"{path} axe"] = found
        for width, height in (PHONE, *SIZES.values(), WALL):
            await page.set_viewport_size({"width": width, "height": height})
            if found := await page.evaluate(LAYOUT, False):
                faults[f"{path} {width}"] = found
    complaints[:] = [said for said in complaints if "status of 404" not in said and "status of 503" not in said]
    assert faults == {}


async def test_the_chinese_kiosk_says_nothing_in_english_but_names(open_page: OpenPage) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang=zh-CN")
        stage = page.locator("#stage")
        for name in SCREENS:
            await kiosk.show(page, name)
            assert not re.search("point|Done|card is|Thank|Welcome", await stage.inner_text()), name
        await kiosk.show(page, "earned")
        await expect(stage).to_contain_text("+86")
        await expect(stage).to_contain_text("¥86.50")
        await expect(stage).to_contain_text("1,366")
        await kiosk.show(page, "coupons")
        await expect(stage).to_contain_text("7.5折")


async def test_what_cannot_be_used_here_now_is_said_kindly(open_page: OpenPage) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang=en")
        for name, sentence in said_of_a_purse():
            await kiosk.show(page, name)
            await expect(page.locator("#stage .sentence:visible")).to_have_text(sentence)
        await kiosk.show(page, "home")
        await expect(page.locator("#stage .stale:visible")).to_have_text(re.compile("^as of "))


def said_of_a_purse() -> Iterator[tuple[str, str]]:
    frozen = (
        "Your 480 points are safe. You can use them here again once this store has reached head office; "
        "collecting goes on."
    )
    for screen in ("home", "points", "rewards"):
        yield screen, "You can use 120 of 480 points here now; the rest when we are back online."
        yield f"{screen}-frozen", frozen
    yield "home-all", "You can use all 480 points here now."
    yield "home-none", "Your 480 points are safe. You can use them here when we are back online."
    yield "home-owed", "After a return, 37 points are owed. Your next points make up for them."


async def test_a_rupiah_has_a_hundred_sen_although_nobody_shows_them(open_page: OpenPage) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang=en")
        await kiosk.show(page, "greeting-endless")
        await expect(page.locator("#stage .claim .amount")).to_have_text("Rp\u00a0999,999,999.99")


async def test_one_point_is_a_point(open_page: OpenPage) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang=en")
        await kiosk.show(page, "earned-one")
        await expect(page.locator("#stage h1:visible")).to_have_text("+1 point")
        await kiosk.show(page, "returned")
        await expect(page.locator("#stage h1:visible")).to_have_text("−37 points")


async def test_the_code_for_a_friend_is_read_off_the_screen(open_page: OpenPage) -> None:
    async with counter() as kiosk:
        page = await open_page(f"{kiosk.address}?lang=en", SIZES["pi"])
        await kiosk.show(page, "refer")
        shot = cv2.imdecode(np.frombuffer(await page.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert [code.text for code in zxingcpp.read_barcodes(shot)] == ["H4KP-2QWM"]
