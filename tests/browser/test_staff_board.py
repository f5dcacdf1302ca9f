"""The staff board in a real browser: claims, refills, sound, counts, a wall, a cut line; hostile names stay text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from fastapi import FastAPI
from playwright.async_api import Locator, Page, async_playwright, expect

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.gallery import BOARD, SampleFloor
from kiosk_ui.gallery.board_samples import CALM_BOARD, CROWDED_BOARD
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.board import (
    ActResult,
    AlertState,
    AlertView,
    Board,
    BoardAct,
    CountAct,
    Severity,
    SlotView,
    StockState,
)
from kiosk_ui.staff.board_pages import board_pages
from tests.browser.conftest import CHROMIUM, FLAGS, OpenPage, served
from tests.browser.shown_boards import publish_whole
from tests.browser.test_every_screen import LAYOUT, axe

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

READ_FROM_3M_PX = 40
PHONE, WALL, TALL = (390, 844), (1920, 1080), (1080, 1920)
SOUND = "async () => { const { chime } = await import('/assets/staff/chime.js'); return [chime.state, chime.rung]; }"
MILK, TEA = (next(alert for alert in BOARD.alerts if alert.subject == slot) for slot in ("A4", "A2"))


@dataclass
class Store(SampleFloor):
    """A floor whose changes reach the open boards, as the gateway's do."""

    now: Board = BOARD
    hub: LiveHub = field(default_factory=lambda: LiveHub(heartbeat_s=0.5))
    acts: list[BoardAct | CountAct] = field(default_factory=list)
    is_unsure: bool = False

    def show(self, board: Board) -> None:
        self.now = board
        publish_whole(self.hub, board)

    def change(self, alerts: Iterable[AlertView], slots: Iterable[SlotView] | None = None) -> None:
        at = self.now.at + timedelta(seconds=1)
        kept = self.now.slots if slots is None else tuple(slots)
        self.show(Board.model_validate({**dict(self.now), "at": at, "alerts": tuple(alerts), "slots": kept}))

    async def act(self, alert_id: str, act: BoardAct) -> ActResult:
        if self.is_unsure:
            raise TouchError("the journal does not answer")
        self.acts.append(act)
        alert = next((each for each in self.now.alerts if each.id == alert_id), None)
        if alert and act.act == "acknowledge" and alert.state is AlertState.ACKNOWLEDGED:
            return ActResult(is_done=False, reason="claimed", alert=alert)
        result = await super().act(alert_id, act)
        self.show(self.now)
        return result

    async def count(self, slot: str, count: CountAct) -> ActResult:
        self.acts.append(count)
        result = await super().count(slot, count)
        self.show(self.now)
        return result

    @asynccontextmanager
    async def open(self, *, port: int = 0) -> AsyncIterator[str]:
        app = FastAPI()
        app.add_middleware(SecurityHeaders)
        app.mount(ASSETS_PATH, assets())
        pages = Pages()
        error_pages(app, pages)
        app.include_router(board_pages(pages, self.hub, self))
        app.include_router(live_pages(self.hub))
        async with served(app, port) as address:
            try:
                yield f"{address}/staff/board?lang=en"
            finally:
                self.hub.close()


def card(page: Page, thing: str) -> Locator:
    return page.locator(".alert").filter(has=page.get_by_role("heading", name=thing, exact=True))


async def shown(page: Page, board: Board) -> None:
    """Wait until the page shows this board."""
    await expect(page.locator("#board")).to_have_attribute("data-at", board.model_dump(mode="json")["at"])


async def named(page: Page, name: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.keyboard.press("Enter")


async def test_what_waits_for_somebody_comes_first_then_the_most_severe_then_the_oldest(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        things = page.locator(".alert h3")
        await expect(things).to_have_text(
            [
                "Fridge", "Fresh milk 1 l", "Scale A7", "Chocolate 100 g", "Iced tea 500 ml", "Crisps, plain",
                "Spring water 550 ml",
            ]
        )  # fmt: skip
        await expect(card(page, "Fresh milk 1 l")).to_contain_text("0 of 12")
        await expect(card(page, "Fresh milk 1 l")).to_contain_text("12 minutes")
        await expect(card(page, "Fridge")).to_contain_text("9.5 °C")


async def test_the_first_claim_asks_who_it_is_and_the_device_remembers(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address, PHONE, has_touch=True)
        await card(page, "Fresh milk 1 l").get_by_role("button", name="I am on it").tap()
        await named(page, "  李   娜 ")
        await expect(card(page, "Fresh milk 1 l")).to_contain_text("You are on it")
        await page.reload()
        await expect(card(page, "Fresh milk 1 l")).to_contain_text("You are on it")
        await card(page, "Fridge").get_by_role("button", name="I am on it").tap()
        await expect(card(page, "Fridge")).to_contain_text("You are on it")
    assert len(store.acts) == 2
    assert [(act.act, act.actor) for act in store.acts if isinstance(act, BoardAct)] == [("acknowledge", "李 娜")] * 2


async def test_two_claim_one_alert_and_the_second_is_told_who_was_first(
    open_page: OpenPage, complaints: list[str]
) -> None:
    store = Store()
    async with store.open() as address:
        first, second = await open_page(address), await open_page(address)
        await second.route("**/live/**", lambda route: route.abort())  # So it cannot know what the first one did.
        for page, name in ((first, "Li"), (second, "Wang")):
            await page.evaluate("(name) => localStorage.setItem('regulars.board.name', name)", name)
            await page.reload()
        await card(first, "Fresh milk 1 l").get_by_role("button", name="I am on it").click()
        await expect(card(first, "Fresh milk 1 l")).to_contain_text("You are on it")
        await card(second, "Fresh milk 1 l").get_by_role("button", name="I am on it").click()
        await expect(second.locator("#said")).to_have_text("Somebody else is on it already.")
        await expect(card(second, "Fresh milk 1 l")).to_contain_text("Li is on it")
    complaints.clear()  # The second browser's line was cut, and 409 is an answer it does not like.


async def test_what_the_shelf_still_says_nobody_can_tick_off(open_page: OpenPage, complaints: list[str]) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        await card(page, "Iced tea 500 ml").get_by_role("button", name="More").click()
        await page.get_by_role("button", name="It is done").click()
        await named(page, "Li")
        await expect(page.locator("#said")).to_have_text("The shelf still says 2 of 18. It ticks this off by itself.")
    assert any("409" in said for said in complaints)
    complaints.clear()


async def test_a_refill_is_seen_while_it_goes_on_and_thanked_for_by_the_shelf_itself(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        tea = card(page, "Iced tea 500 ml")
        await expect(tea).to_contain_text("Somebody is at the shelf now")
        slots = {slot.slot: slot for slot in BOARD.slots}
        half = slots["A2"].model_copy(update={"units": 9})
        store.change(BOARD.alerts, ({**slots, "A2": half}).values())
        await expect(tea).to_contain_text("9 of 18")
        full = half.model_copy(update={"units": 18, "note": "", "state": StockState.OK})
        done = TEA.model_copy(update={"state": AlertState.RESOLVED, "changed_at": BOARD.at})
        others = [alert for alert in BOARD.alerts if alert.id != TEA.id]
        store.change([*others, done], ({**slots, "A2": full}).values())
        await expect(tea).to_contain_text("Refilled: 18 of 18, thank you")
        await expect(tea.get_by_role("button")).to_have_count(0)


async def test_what_is_done_leaves_the_board_after_a_while(open_page: OpenPage) -> None:
    old = TEA.model_copy(update={"state": AlertState.RESOLVED, "changed_at": BOARD.at - timedelta(minutes=3)})
    store = Store(now=Board(store_name="x", at=BOARD.at, alerts=(old,)))
    async with store.open() as address:
        page = await open_page(address)
        await expect(page.get_by_text("Nothing to do")).to_be_visible()
        await expect(page.locator(".alert")).to_have_count(0)


async def test_an_alert_is_put_off_from_the_sheet_and_comes_back_by_hand(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address, PHONE)
        await card(page, "Chocolate 100 g").get_by_role("button", name="More").click()
        await page.get_by_role("button", name="60 minutes").click()
        await named(page, "Li")
        chocolate = card(page, "Chocolate 100 g")
        await expect(chocolate).to_contain_text("put off until")
        await chocolate.get_by_role("button", name="Back to the list now").click()
        await expect(chocolate.get_by_role("button", name="I am on it")).to_be_visible()
        await chocolate.get_by_role("button", name="More").click()
        await page.get_by_role("button", name="Call for help").click()
        await expect(chocolate).to_contain_text("help called, step 1")
    assert [act.act for act in store.acts if isinstance(act, BoardAct)] == ["snooze", "wake", "escalate"]
    assert isinstance(store.acts[0], BoardAct)
    assert store.acts[0].minutes == 60


async def test_a_count_by_hand_is_entered_with_one_thumb(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address, PHONE)
        await page.locator('.slot[data-slot="A3"]').click()
        await expect(page.get_by_label("I have counted")).to_have_value("22")
        await page.get_by_role("button", name="One less").click()
        await page.get_by_role("button", name="Save the count").click()
        await named(page, "Li")
        await expect(page.locator("#said")).to_have_text("The count is saved. Thank you.")
        await expect(page.locator('.slot[data-slot="A3"]')).to_contain_text("21 / 24")
    assert store.acts == [CountAct(units=21, actor="Li")]


async def test_only_one_zone_is_shown_and_what_belongs_to_none(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        await page.get_by_role("button", name="冷藏 Chilled").click()
        await expect(page.locator(".alert h3")).to_have_text(["Fridge", "Fresh milk 1 l", "Scale A7"])
        await expect(page.locator(".zone")).to_have_count(1)
        await page.reload()
        await expect(page.locator(".zone")).to_have_count(1)
        await page.get_by_role("button", name="All zones").click()
        await expect(page.locator(".zone")).to_have_count(3)


async def test_no_sound_is_made_before_somebody_asks_for_it_and_then_once_for_each_matter(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        assert (await page.evaluate(SOUND))[0] == "off"
        fresh = MILK.model_copy(update={"id": "f" * 32})
        store.change([*BOARD.alerts, fresh])
        await expect(page.locator(".alert")).to_have_count(8)
        assert (await page.evaluate(SOUND))[1] == {"urgent": 0, "warning": 0, "info": 0}
        await page.get_by_role("button", name="Turn sound on").click()
        await expect(page.get_by_role("button", name="Turn sound off")).to_be_visible()
        for _ in range(3):
            store.change([*BOARD.alerts, fresh.model_copy(update={"id": "e" * 32}), fresh])
            await shown(page, store.now)
        assert await page.evaluate(SOUND) == ["on", {"urgent": 1, "warning": 0, "info": 0}]
        soft = fresh.model_copy(update={"id": "d" * 32, "severity": Severity.INFO})
        for state in (AlertState.RAISED, AlertState.RAISED, AlertState.ESCALATED, AlertState.SNOOZED):
            store.change([*BOARD.alerts, soft.model_copy(update={"state": state})])
            await shown(page, store.now)
        assert (await page.evaluate(SOUND))[1] == {"urgent": 1, "warning": 0, "info": 2}
        await page.get_by_role("button", name="Turn sound off").click()
        store.change([*BOARD.alerts, fresh.model_copy(update={"id": "c" * 32})])
        await shown(page, store.now)
        assert await page.evaluate(SOUND) == ["off", {"urgent": 1, "warning": 0, "info": 2}]


async def test_a_remembered_sound_waits_for_the_first_touch_after_a_reload(open_page: OpenPage) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        await page.evaluate("() => localStorage.setItem('regulars.board.sound', 'on')")
        await page.reload()
        await expect(page.get_by_role("button", name="Touch to allow sound")).to_be_visible()
        assert (await page.evaluate(SOUND))[0] == "waiting"
        await page.get_by_role("heading", name="Staff board").click()
        await expect(page.get_by_role("button", name="Turn sound off")).to_be_visible()
        assert (await page.evaluate(SOUND))[0] == "on"


async def test_a_cut_line_is_said_and_what_was_missed_is_there_again(
    open_page: OpenPage, complaints: list[str]
) -> None:
    store = Store()
    async with store.open() as address:
        page = await open_page(address)
        await page.get_by_role("button", name="Turn sound on").click()
        await expect(page.get_by_role("button", name="Turn sound off")).to_be_visible()
        await page.context.set_offline(True)
        store.hub.close()
        await expect(page.get_by_text("Reconnecting…")).to_be_visible()
        store.change([*BOARD.alerts, MILK.model_copy(update={"id": "f" * 32})])
        await page.context.set_offline(False)
        await expect(page.locator(".alert")).to_have_count(8)
        await expect(page.get_by_text("Reconnecting…")).to_be_hidden()
        assert (await page.evaluate(SOUND))[1]["urgent"] == 1
    complaints.clear()


async def test_an_act_nobody_knows_the_end_of_says_that_trying_again_is_safe(
    open_page: OpenPage, complaints: list[str]
) -> None:
    store = Store(is_unsure=True)
    async with store.open() as address:
        page = await open_page(address)
        await card(page, "Fresh milk 1 l").get_by_role("button", name="I am on it").click()
        await named(page, "Li")
        await expect(page.locator("#said")).to_contain_text("Please try again: it counts once.")
        store.is_unsure = False
        await card(page, "Fresh milk 1 l").get_by_role("button", name="I am on it").click()
        await expect(card(page, "Fresh milk 1 l")).to_contain_text("You are on it")
    complaints.clear()


@pytest.mark.parametrize("size", [WALL, TALL])
async def test_a_wall_fits_without_scrolling_and_counts_what_does_not(
    open_page: OpenPage, size: tuple[int, int]
) -> None:
    store = Store(now=CROWDED_BOARD)
    async with store.open() as address:
        page = await open_page(f"{address}&wall=1", size)
        assert await page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
        shown = await page.locator(".alert:not(.beyond)").count()
        every = await page.locator(".alert:not([data-look='done'])").count()
        assert shown >= 3
        await expect(page.locator("#beyond")).to_have_text(f"and {every - shown} more")
        assert await page.get_by_role("button").count() == 0
        end = await page.locator("#alerts").evaluate("(e) => e.getBoundingClientRect().bottom")
        for box in await page.locator(".alert:not(.beyond)").all():
            assert await box.evaluate("(e) => e.getBoundingClientRect().bottom") <= end + 1, "a card is cut"
        title = page.locator(".alert:not(.beyond) h3").first
        assert (
            float((await title.evaluate("(e) => getComputedStyle(e).fontSize")).removesuffix("px")) >= READ_FROM_3M_PX
        )
        store.show(CALM_BOARD)
        await expect(page.get_by_text("All shelves are fine.")).to_be_visible()
        await expect(page.locator("#beyond")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_first_alert_and_its_button_are_in_view_on_a_phone(open_page: OpenPage, language: str) -> None:
    async with Store().open() as address:
        page = await open_page(f"{address}&lang={language}".replace("lang=en&", ""), PHONE)
        first = page.locator(".alert").first
        box, act = await first.bounding_box(), await first.locator(".primary").bounding_box()
        assert box is not None
        assert act is not None
        assert box["y"] < PHONE[1] * 0.4
        assert act["y"] + act["height"] < PHONE[1] * 0.8


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_hostile_names_stay_text_and_open_sheets_fit_a_phone(open_page: OpenPage, language: str) -> None:
    store = Store(now=CROWDED_BOARD)
    async with store.open() as address:
        page = await open_page(f"{address}&lang={language}".replace("lang=en&", ""), PHONE)
        await expect(page.locator(".alert h3").filter(has_text="<script>").first).to_be_visible()
        assert await page.locator("main script:not(#view), .alert img").count() == 0
        await page.locator(".alert .more").first.click()
        assert await page.evaluate(LAYOUT, False) == []
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        await page.locator(".slot").first.click()
        assert await page.evaluate(LAYOUT, False) == []
        assert await axe(page) == []


async def test_a_wall_whose_browser_allows_it_sounds_without_a_touch() -> None:
    store = Store()
    async with store.open() as address, async_playwright() as playwright:
        allowed = [*FLAGS, "--autoplay-policy=no-user-gesture-required"]
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=allowed)
        page = await chromium.new_page(viewport={"width": WALL[0], "height": WALL[1]})
        await page.goto(address)
        await page.evaluate("() => localStorage.setItem('regulars.board.sound', 'on')")
        await page.goto(f"{address}&wall=1")
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        store.change([*BOARD.alerts, MILK.model_copy(update={"id": "f" * 32})])
        await shown(page, store.now)
        assert await page.evaluate(SOUND) == ["on", {"urgent": 1, "warning": 0, "info": 0}]
        await chromium.close()


async def test_facts_that_are_no_numbers_are_not_shown_as_numbers(open_page: OpenPage) -> None:
    odd = {"units": "many", "capacity": "NaN", "milli": "hot", "reorder_at": "-", "key": 7, "reason": 3}
    alerts = [
        MILK.model_copy(update={"id": f"{n:032x}", "kind": kind, "subject": "nowhere", "facts": odd, "name_en": kind})
        for n, kind in enumerate(("stock_out", "missing", "temperature", "device_offline"))
    ]
    store = Store(now=BOARD.model_copy(update={"alerts": tuple(alerts)}))
    async with store.open() as address:
        page = await open_page(address)
        await expect(page.locator(".alert")).to_have_count(4)
        await expect(page.locator(".alert .level:visible")).to_have_count(0)
        assert "NaN" not in await page.locator("#alerts").inner_text()
