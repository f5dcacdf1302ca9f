"""Forms by touch alone: an on-screen keyboard, one question at a time, and the truth when nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from devices.observations import ChoiceMade, FieldProblem, FormAnswer
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.gallery import SCREENS
from kiosk_ui.kiosk.desk import Asked, Filled, VisitOver
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import SCREEN_EVENT, Form, Screen, View, kiosk_channel
from kiosk_ui.kiosk.touch import Touch, TouchError
from kiosk_ui.live import LiveHub, live_pages
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

Answers = Callable[[Filled], FormAnswer]


def accepted(_: Filled) -> FormAnswer:
    return FormAnswer(is_accepted=True, reference="e1")


@dataclass
class Counter:
    """A kiosk whose desk notes what it is asked and answers as told."""

    answers: Answers = accepted
    hub: LiveHub = field(default_factory=LiveHub)
    touch: Touch = field(default_factory=lambda: Touch("front"))
    asked: list[Asked] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    is_over: bool = False

    def show(self, screen: Screen) -> None:
        self.hub.publish(SCREEN_EVENT, screen, channel=kiosk_channel("front"))

    async def ask(self, kiosk: str, asked: Asked) -> None:
        if self.is_over:
            raise VisitOver
        self.asked.append(asked)

    async def fill(self, kiosk: str, filled: Filled) -> FormAnswer:
        if self.is_over:
            raise VisitOver
        self.filled.append(filled)
        answer = self.answers(filled)
        if answer.is_accepted:
            self.show(SCREENS["goodbye"])
        return answer

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        app = FastAPI()
        app.add_middleware(SecurityHeaders)
        app.mount(ASSETS_PATH, assets())
        app.include_router(kiosk_pages(Pages(), self.hub, [Kiosk("front", "和平路店", self.touch, desk=self)]))
        app.include_router(live_pages(self.hub))
        async with served(app) as address:
            try:
                yield f"{address}/kiosk/front?lang=en"
            finally:
                self.hub.close()


async def press(page: Page, *names: str) -> None:
    for name in names:
        await page.locator("#stage").get_by_role("button", name=name, exact=True).click()


async def type_digits(page: Page, digits: str) -> None:
    await press(page, *digits)


async def test_somebody_joins_without_a_keyboard_of_their_own(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address, (1024, 600))
        counter.show(SCREENS["register"])
        await press(page, "L", "i", "Space", "N", "a", "Next")
        await type_digits(page, "13800000017")
        await press(page, "Next", "Feb", "29", "Next")
        await press(page, "H", "4", "K", "P", "Next")
        await type_digits(page, "271828")
        await press(page, "Next")
        await type_digits(page, "271828")
        await press(page, "Next")
        await page.get_by_role("checkbox", name="News and offers").check()
        await press(page, "Become a member")
        await expect(page.locator('[data-screen="goodbye"]')).to_be_visible()
    (filled,) = counter.filled
    assert (filled.form, filled.visit, len(filled.key)) == (Form.REGISTER, "v1", 32)
    assert dict(filled.fields) == {
        "name": "Li Na", "phone": "13800000017", "birthday": "02-29", "referrer": "H4KP", "pin": "271828",
        "language": "en", "consent_marketing": "yes", "consent_profiling": "no", "text_version": "2026-11",
    }  # fmt: skip


async def test_what_was_typed_outlives_a_change_of_language(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["register"])
        await press(page, "M", "e", "i")
        await page.get_by_role("button", name="中文").click()
        await expect(page.locator("#stage input[name=name]")).to_have_value("Mei")
        await expect(page.locator("#stage")).to_contain_text("怎么称呼您？")


async def test_two_pins_that_differ_are_asked_for_again(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["pin-choose"])
        await type_digits(page, "271828")
        await press(page, "Next")
        await type_digits(page, "314159")
        await press(page, "Save")
        await expect(page.get_by_role("alert")).to_have_text("The two are not the same. Please try once more.")
        await expect(page.locator("#stage input:visible")).to_have_value("")
    assert counter.filled == []


async def test_the_step_with_the_mistake_comes_back(open_page: OpenPage) -> None:
    counter = Counter(lambda _: FormAnswer(is_accepted=False, problems=(FieldProblem("phone", "not_a_phone"),)))
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["details"])
        await page.locator('[data-go="phone"]').click()
        await press(page, "1", "All right", "Save")
        await expect(page.get_by_role("alert")).to_have_text("This does not look like a phone number.")
        await expect(page.locator("#stage input[name=phone]")).to_be_visible()


async def test_a_pin_that_is_too_simple_is_typed_anew_and_so_is_its_repetition(open_page: OpenPage) -> None:
    counter = Counter(lambda _: FormAnswer(is_accepted=False, problems=(FieldProblem("new", "too_simple"),)))
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["pin-choose"])
        for key in ("Next", "Save"):
            await type_digits(page, "111111")
            await press(page, key)
        await expect(page.get_by_role("alert")).to_have_text("Too easy to guess. Please choose another one.")
        counter.answers = accepted
        for key in ("Next", "Save"):
            await type_digits(page, "271828")
            await press(page, key)
        await expect(page.locator('[data-screen="goodbye"]')).to_be_visible()
    assert [dict(filled.fields) for filled in counter.filled] == [{"new": "111111"}, {"new": "271828"}]


async def test_back_leaves_a_detail_as_it_was(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["details"])
        await page.locator('[data-go="name"]').click()
        await press(page, "M", "e", "Back")
        await expect(page.locator('#stage [data-draft="name"]')).to_have_text("王小明")
        await expect(page.get_by_role("button", name="Save")).to_be_disabled()
        await page.locator('[data-go="name"]').click()
        await press(page, "M", "a", "All right", "Save")
        await expect(page.locator('[data-screen="goodbye"]')).to_be_visible()
    assert dict(counter.filled[0].fields) == {"name": "Ma"}


async def test_a_purchase_of_somebody_else_leads_on_to_the_menu(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address, counter.touch:
        page = await open_page(address)
        counter.show(SCREENS["greeting-claim"].model_copy(update={"visit": "v1"}))
        async with page.expect_request("**/choice"):
            await press(page, "No, not mine")
        async with page.expect_response("**/ask"):
            touches = counter.touch.observations()
            assert await anext(touches) == ChoiceMade("front", "decline", "R-20260305-0117")
            taken = asyncio.create_task(anext(touches))  # Coming back for more says that the touch is recorded.
        taken.cancel()
    assert counter.asked == [Asked(View.HOME, "v1", "")]


async def test_a_wrong_pin_is_forgotten_and_says_how_long_to_wait(open_page: OpenPage) -> None:
    counter = Counter(lambda _: FormAnswer(is_accepted=False, reason="pin_locked", retry_after_s=60))
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["redeem-pin"])
        await type_digits(page, "271828")
        await press(page, "Take it")
        await expect(page.get_by_role("alert")).to_contain_text("Please wait 1:00")
        await expect(page.locator("#stage input[name=pin]")).to_have_value("")
    assert counter.filled[0].subject == "cup"


async def test_what_nobody_knows_is_said_so_and_sending_again_is_the_same_form(
    open_page: OpenPage, complaints: list[str]
) -> None:
    def unsure(_: Filled) -> FormAnswer:
        raise TouchError("not known in time")

    counter = Counter(unsure)
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["redeem"])
        await press(page, "Take it")
        await expect(page.get_by_role("alert")).to_contain_text("We do not know yet", timeout=15_000)
        counter.answers = accepted
        await press(page, "Take it")
        await expect(page.locator('[data-screen="goodbye"]')).to_be_visible()
    assert len({filled.key for filled in counter.filled}) == 1
    assert len(counter.filled) > 1
    complaints[:] = [said for said in complaints if "503" not in said]


async def test_a_survey_is_answered_with_one_touch_a_question(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["survey"])
        await press(page, "Good", "9", "Skip", "Send my answers")
        await expect(page.locator('[data-screen="goodbye"]')).to_be_visible()
    assert dict(counter.filled[0].fields) == {"answers": "4,9,skipped"}
    assert counter.filled[0].subject == "spring"


async def test_a_tile_asks_for_its_view_in_the_name_of_the_visit(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["home"])
        await press(page, "My points")
        await expect(page.locator(".tile[aria-busy]")).to_have_count(1)
    assert counter.asked[-1] == Asked(View.POINTS, "v1", "")


async def test_a_visit_that_is_over_says_so(open_page: OpenPage, complaints: list[str]) -> None:
    counter = Counter(is_over=True)
    async with counter.open() as address:
        page = await open_page(address)
        counter.show(SCREENS["home"])
        await press(page, "My points")
        await expect(page.locator('[data-notice="over"]')).to_be_visible()
    complaints[:] = [said for said in complaints if "409" not in said]


async def test_typing_tells_the_gateway_that_somebody_is_there(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as address:
        page = await open_page("about:blank")
        await page.clock.install()
        await page.goto(address)
        counter.show(SCREENS["register"])
        await expect(page.locator('#stage [data-screen="register"]')).to_be_visible()
        await page.clock.run_for(11_000)
        async with page.expect_response("**/ask"):
            await press(page, "L")
    assert counter.asked == [Asked(View.STAY, "v1", "")]
