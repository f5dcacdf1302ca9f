"""Calibrating a shelf from a phone, in a real browser, on a virtual chip: in both languages, with hands in the way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, served
from tests.browser.test_every_screen import LAYOUT, axe
from tests.unit.edge.calibrating_bench import SLOT, School, school

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

PHONE, WALL = (390, 844), (1024, 600)
WORDS = {
    "en": {
        "empty": "It is empty",
        "on": "It is on",
        "keep": "Keep it",
        "begin": "Begin with these",
        "put": "Put 3 × Cola on it",
        "done": "Done: this shelf is calibrated",
    },
    "zh-CN": {
        "empty": "已清空",
        "on": "已放好",
        "keep": "保存并使用",
        "begin": "用这些商品校准",
        "put": "请放上 3 件「可乐」",
        "done": "完成：这格已校准",
    },
}


@asynccontextmanager
async def open_school(folder: Path) -> AsyncIterator[tuple[School, str]]:
    async with school(folder) as one, served(one.app) as address:
        try:
            yield one, address
        finally:
            one.hub.close()


async def looks_right(page: Page) -> None:
    assert await page.evaluate(LAYOUT) == []
    assert await axe(page) == []


async def chosen(open_page: OpenPage, address: str, size: tuple[int, int], language: str) -> Page:
    page = await open_page(f"{address}/staff/calibration?lang={language}", size)
    await looks_right(page)
    await page.get_by_role("button", name=SLOT).click()
    await looks_right(page)
    return page


async def until_load(one: School, page: Page, words: dict[str, str]) -> None:
    await page.get_by_role("button", name=words["begin"]).click()
    await one.weigh(1)
    await looks_right(page)
    await page.get_by_role("button", name=words["empty"]).click()
    await expect(page.locator(".wait")).to_be_visible()
    await one.weigh(8)
    await expect(page.locator("h1.ask")).to_have_text(words["put"], use_inner_text=True)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-CN"), (WALL, "en")])
async def test_a_shelf_is_calibrated_one_thing_at_a_time(
    open_page: OpenPage, tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    words = WORDS[language]
    async with open_school(tmp_path) as (one, address):
        page = await chosen(open_page, address, size, language)
        await until_load(one, page, words)
        await looks_right(page)
        one.cell.chip.load_g = 990
        await one.weigh(1)
        await page.get_by_role("button", name=words["on"]).click()
        await expect(page.locator(".wait")).to_be_visible()
        await one.weigh(8)
        one.cell.chip.load_g = 0
        await one.weigh(8)
        await expect(page.get_by_role("button", name=words["keep"])).to_be_visible()
        one.cell.chip.load_g = 330
        await one.weigh(1)
        await expect(page.locator(".live")).to_contain_text("330")
        await looks_right(page)
        await page.get_by_role("button", name=words["keep"]).click()
        await expect(page.locator("h1.ask")).to_have_text(words["done"], use_inner_text=True)
        await looks_right(page)
        [line] = one.floor.used
        assert line.counts_per_kg == pytest.approx(420_000, rel=0.001)


async def test_what_is_wrong_is_said_and_can_be_put_right(open_page: OpenPage, tmp_path: Path) -> None:
    words = WORDS["en"]
    async with open_school(tmp_path) as (one, address):
        page = await chosen(open_page, address, PHONE, "en")
        await until_load(one, page, words)
        await page.get_by_role("button", name=words["on"]).click()  # and nothing is on it
        await expect(page.locator(".wait")).to_be_visible()
        await one.weigh(8)
        await expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("That changed nothing")
        await looks_right(page)
        one.cell.chip.load_g = 990
        await one.weigh(1)
        await page.get_by_role("button", name=words["on"]).click()
        await expect(page.locator(".wait")).to_be_visible()
        await one.weigh(8)
        await expect(page.get_by_role("alert").filter(visible=True)).to_have_count(0)
        await expect(page.locator("h1.ask")).to_have_text("Take it off again", use_inner_text=True)


async def test_a_hand_on_the_shelf_is_seen_as_moving(open_page: OpenPage, tmp_path: Path) -> None:
    chance = random.Random(3)
    async with open_school(tmp_path) as (one, address):
        page = await chosen(open_page, address, PHONE, "en")
        await page.get_by_role("button", name="Begin with these").click()
        await one.weigh(6)
        await expect(page.locator(".calmness [data-text]")).to_have_text("steady", use_inner_text=True)
        one.cell.chip.load_g = chance.uniform(100, 800)
        await one.weigh(1)
        await expect(page.locator(".calmness [data-text]")).to_have_text("moving", use_inner_text=True)


async def test_a_phone_that_was_put_away_takes_the_lesson_up_again_and_can_end_it(
    open_page: OpenPage, tmp_path: Path
) -> None:
    words = WORDS["en"]
    async with open_school(tmp_path) as (one, address):
        page = await chosen(open_page, address, PHONE, "en")
        await until_load(one, page, words)
        await page.goto(f"{address}/staff/calibration?slot={SLOT}&lang=en")
        await expect(page.locator("h1.ask")).to_have_text(words["put"], use_inner_text=True)
        await page.get_by_role("button", name="Stop, keep nothing").click()
        await expect(page.get_by_role("button", name=SLOT)).to_be_visible()
        assert (await one.do("lesson")).status_code == 404


async def test_a_weight_that_is_no_number_begins_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    async with open_school(tmp_path) as (one, address):
        page = await chosen(open_page, address, PHONE, "en")
        await page.locator("#grams").fill("half a kilo")
        await page.get_by_role("button", name="Begin with this weight").click()
        await expect(page.locator("#grams")).to_have_attribute("aria-invalid", "true")
        await page.locator("#grams").fill("500,5")
        await page.get_by_role("button", name="Begin with this weight").click()
        await expect(page.locator("h1.ask")).to_have_text("Take everything off this shelf", use_inner_text=True)
        assert (await one.do("lesson")).json()["known_g"] == 500.5
