"""Every screen and page in both languages and every size: nothing clipped, nothing too small, axe content."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from kiosk_ui.gallery import SCREENS, gallery
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

SIZES = {"pi": (1024, 600), "wide": (1280, 800), "tall": (1080, 1920)}
PAGES = ("/", "/staff/members", "/staff/status", "/alarming/staff/status", "/error/404", "/error/503")
STEPS = {
    "register": ("data-next", "data-skip", "data-skip", "data-skip", "data-skip"),
    "survey": ("data-skip", "data-skip", "data-skip"),
    "pin-change": ("data-next", "data-next"),
    "details": ("data-go='name'", "data-previous", "data-go='phone'", "data-previous", "data-go='birthday'"),
}
"""The keys that lead through the forms; what a step needs is filled in beforehand."""
OFFLINE = (
    "home-cut",
    "points-cut",
    "redeem-pin-cut",
    "register-cut",
    "details-cut",
    "attract-join-cut",
    "attract-cut",
    "greeting-claim-cut",
    "greeting-long-cut",
    "earned-long-cut",
    "fault-cut",
)

LAYOUT = (Path(__file__).parent / "layout_faults.js").read_text(encoding="utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def address() -> AsyncIterator[str]:
    async with served(gallery()) as url:
        yield url


async def axe_violations(page: Page) -> list[str]:
    results = await Axe().run(page)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


async def show(page: Page, address: str, kiosk: str, language: str) -> None:
    await page.goto(f"{address}/kiosk/{kiosk}?lang={language}")
    screen = SCREENS[kiosk.removesuffix("-cut")].screen
    await expect(page.locator(f'#stage [data-screen="{screen}"]')).to_be_visible()
    await page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")
    if kiosk.endswith("-cut"):
        await expect(page.locator('[data-notice="offline"]')).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_kiosk_screen_fits_its_display(address: str, open_page: OpenPage, size: str, language: str) -> None:
    page = await open_page(f"{address}/kiosk/attract", SIZES[size])
    faults: dict[str, Any] = {}
    for kiosk in [*SCREENS, *OFFLINE]:
        await show(page, address, kiosk, language)
        if found := await page.evaluate(LAYOUT, True):
            faults[kiosk] = found
    assert faults == {}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("size", ["pi", "tall"])
async def test_axe_finds_nothing_on_any_kiosk_screen(
    address: str, open_page: OpenPage, size: str, language: str
) -> None:
    page = await open_page(f"{address}/kiosk/attract", SIZES[size])
    faults = {}
    for kiosk in SCREENS:
        await show(page, address, f"{kiosk}-cut", language)
        if found := await axe_violations(page):
            faults[kiosk] = found
    assert faults == {}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_step_of_every_form_fits_and_axe_finds_nothing(
    address: str, open_page: OpenPage, size: str, language: str
) -> None:
    page = await open_page(f"{address}/kiosk/attract", SIZES[size])
    faults = {}
    for kiosk, keys in STEPS.items():
        await show(page, address, kiosk, language)
        for number, key in enumerate(keys, 2):
            if (entry := page.locator("#stage input:visible").first) and await entry.count():
                await entry.fill("271828")
            await page.locator(f"#stage [{key}]:visible").first.click()
            if found := await page.evaluate(LAYOUT, True) + await axe_violations(page):
                faults[f"{kiosk} {number}"] = found
    assert faults == {}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_phone_and_a_wall_and_axe_finds_nothing(
    address: str, open_page: OpenPage, complaints: list[str], scheme: str, language: str
) -> None:
    page = await open_page(f"{address}/", color_scheme=scheme)
    faults = {}
    for path in PAGES:
        for size in ((390, 844), (1920, 1080)):
            await page.set_viewport_size({"width": size[0], "height": size[1]})
            await page.goto(f"{address}{path}?lang={language}")
            found = await page.evaluate(LAYOUT, False) + await axe_violations(page)
            if found:
                faults[f"{path} {size}"] = found
    complaints[:] = [said for said in complaints if "status of 404" not in said and "status of 503" not in said]
    assert faults == {}


async def test_the_chinese_kiosk_says_nothing_in_english_but_names(address: str, open_page: OpenPage) -> None:
    page = await open_page(f"{address}/kiosk/attract")
    stage = page.locator("#stage")
    for kiosk in SCREENS:
        await show(page, address, kiosk, "zh-CN")
        said = await stage.inner_text()
        assert not re.search("point|Done|card is|Thank|Welcome", said)
    await show(page, address, "earned", "zh-CN")
    await expect(stage).to_contain_text("+86")
    await expect(stage).to_contain_text("¥86.50")
    await expect(stage).to_contain_text("1,366")


async def test_a_rupiah_has_a_hundred_sen_although_nobody_shows_them(address: str, open_page: OpenPage) -> None:
    page = await open_page(f"{address}/kiosk/attract")
    await show(page, address, "greeting-endless", "en")
    await expect(page.locator("#stage .claim .amount")).to_have_text("Rp\u00a0999,999,999.99")


async def test_one_point_is_a_point(address: str, open_page: OpenPage) -> None:
    page = await open_page(f"{address}/kiosk/attract")
    await show(page, address, "earned-one", "en")
    await expect(page.locator("#stage h1:visible")).to_have_text("+1 point")
    await show(page, address, "returned", "en")
    await expect(page.locator("#stage h1:visible")).to_have_text("−37 points")
