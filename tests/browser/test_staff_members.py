"""The staff's member page: find, see why, act; by keyboard, with a reason, and safe to do again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from playwright.async_api import Page, expect

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.gallery.staff_samples import SampleDesk
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.member_pages import member_pages
from kiosk_ui.staff.members import MEMBERS_CHANNEL, SEEN_EVENT, Act, Acted, Role, Seen, StaffForm
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@dataclass
class Office(SampleDesk):
    """The staff's desk, noting what was done."""

    hub: LiveHub = field(default_factory=LiveHub)
    acts: list[Act] = field(default_factory=list)

    async def act(self, member: str, act: Act) -> Acted:
        self.acts.append(act)
        return await super().act(member, act)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        app = FastAPI()
        app.add_middleware(SecurityHeaders)
        app.mount(ASSETS_PATH, assets())
        app.include_router(member_pages(Pages(), self.hub, self, counters=["counter-1"]))
        app.include_router(live_pages(self.hub))
        async with served(app) as address:
            try:
                yield f"{address}/staff/members?lang=en"
            finally:
                self.hub.close()


async def opened(page: Page, name: str) -> None:
    await page.get_by_role("textbox", name="Name, or the last digits").fill("any")
    await page.keyboard.press("Enter")
    await page.get_by_role("listitem").filter(has_text=name).get_by_role("button", name="Open").click()
    await expect(page.get_by_role("heading", name=name)).to_be_focused()


async def test_every_posting_says_why_it_was_made(open_page: OpenPage) -> None:
    office = Office()
    async with office.open() as address:
        page = await open_page(address)
        await opened(page, "王小明")
        row = page.get_by_role("row").filter(has_text="A purchase")
        await expect(row).to_contain_text("The programme's rate on what was paid, rounded down.")
        await expect(row).to_contain_text("counted from ¥86.50")
        await expect(row).to_contain_text("+86")


async def test_nothing_is_done_without_a_good_reason(open_page: OpenPage) -> None:
    office = Office()
    async with office.open() as address:
        page = await open_page(address)
        await opened(page, "王小明")
        await page.get_by_role("button", name="Correct the points").click()
        await page.get_by_label("Points, with a minus").fill("−5")
        await page.get_by_label("Your name").fill("李娜")
        await page.get_by_label("Your role").select_option("manager")
        await page.get_by_label("Reason").fill("x")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("Reason: This is too short.")
        await page.get_by_label("Reason").fill("till was down")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="m-7f3a/adjust")).to_be_visible()
    first, second = office.acts
    assert (second.form, second.actor, second.role) == (StaffForm.ADJUST, "李娜", Role.MANAGER)
    assert {**second.fields, "key": ""} == {"key": "", "points": "-5", "reason": "till was down"}
    assert first.fields["key"] == second.fields["key"]


async def test_a_refund_is_sent_in_minor_units_and_names_its_receipt(open_page: OpenPage) -> None:
    office = Office()
    async with office.open() as address:
        page = await open_page(address)
        await opened(page, "王小明")
        await page.get_by_role("button", name="Give back").first.click()
        await page.get_by_label("Amount given back").fill("19,99")
        await page.get_by_label("Your name").fill("Li")
        await page.get_by_label("Reason").fill("broken cup")
        await page.get_by_role("button", name="Do it").click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
    assert office.acts[0].subject == "R-20260305-0117"
    assert office.acts[0].fields["amount"] == "1999"


async def test_a_card_shown_at_the_counter_leads_to_its_account(open_page: OpenPage) -> None:
    office = Office()
    async with office.open() as address:
        page = await open_page(address)
        seen = Seen(counter="counter-1", member="m-7f3a", name="王小明", at=NOON)
        office.hub.publish(SEEN_EVENT, seen, channel=MEMBERS_CHANNEL)
        await page.locator("#seen").get_by_role("button", name="Open").click()
        await expect(page.get_by_role("heading", name="王小明")).to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
async def test_a_hostile_name_stays_text_and_axe_finds_nothing(open_page: OpenPage, size: tuple[int, int]) -> None:
    office = Office()
    async with office.open() as address:
        page = await open_page(address, size)
        await opened(page, "Hohenzollern")
        await expect(page.locator("#who")).to_contain_text("<b onclick=alert(1)>")
        results = await Axe().run(page)
        assert [violation["id"] for violation in results.response["violations"]] == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
