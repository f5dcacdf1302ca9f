"""The kiosk's page follows the gateway: quickly, in the right language, and back from any silence."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from playwright.async_api import expect

from devices.observations import ChoiceMade
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import Attract, Claimable, Earned, Goodbye, Greeting, ReaderFault, UnknownCard
from kiosk_ui.kiosk.session import IdleTimes, KioskSession
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub, live_pages
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
CLAIM = Claimable(sale="r-1", total_minor=8650, currency="CNY")
HOSTILE = '<img src=x onerror="document.title=`owned`"><script>document.title=`owned`</script>'
PATIENT = IdleTimes(greeting_s=600, question_s=600, earned_s=600, unknown_card_s=600, goodbye_s=600)


def greeting(name: str = "王小明", **more: object) -> Greeting:
    return Greeting.model_validate({"name": name, "balance": 1280, "as_of": NOON, "online": True, **more})


@dataclass
class Counter:
    """A kiosk as the gateway composes it: session, touch, hub and pages."""

    idle: IdleTimes = PATIENT
    hub: LiveHub = field(default_factory=lambda: LiveHub(heartbeat_s=0.5))
    recorded: list[ChoiceMade] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.touch = Touch("front", answer_timeout_s=0.3)
        self.session = KioskSession("front", self.hub, timers=asyncio.get_running_loop(), idle=self.idle)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_middleware(SecurityHeaders)
        app.mount(ASSETS_PATH, assets())
        app.include_router(kiosk_pages(Pages(), self.hub, [Kiosk("front", "和平路店", self.touch, idle=self.idle)]))
        app.include_router(live_pages(self.hub))
        return app

    async def record(self) -> None:
        async for choice in self.touch.observations():
            self.recorded.append(choice)
            if choice.choice == "done":
                self.session.finish()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The gateway takes touches meanwhile."""
        async with self.touch:
            recording = asyncio.create_task(self.record())
            try:
                yield
            finally:
                recording.cancel()

    @asynccontextmanager
    async def open(self, port: int = 0) -> AsyncIterator[str]:
        async with served(self.app(), port) as address:
            try:
                yield f"{address}/kiosk/front"
            finally:
                self.session.close()
                self.hub.close()


async def test_a_hostile_name_stays_text(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.show(greeting(HOSTILE))
        await expect(page.locator("#stage h1")).to_have_text(HOSTILE)
        counter.session.show(Goodbye(name=HOSTILE))
        await expect(page.locator("#stage h1")).to_contain_text(HOSTILE)
        counter.session.show(ReaderFault(device=HOSTILE))
        await expect(page.locator("#stage .aside")).to_contain_text(HOSTILE)
        assert await page.locator("#stage img, #stage script").count() == 0
        assert await page.title() != "owned"


async def test_the_page_carries_a_strict_policy_and_breaks_it_nowhere(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        answer = await page.goto(url)
        assert answer is not None
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        for screen in (greeting(), greeting(claimable=CLAIM), UnknownCard(), Goodbye(), Attract()):
            counter.session.show(screen)
            await expect(page.locator(f'[data-screen="{screen.screen}"]')).to_be_visible()


async def test_yes_records_the_claim_with_the_purchase_it_was_about(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url, counter.listening():
        page = await open_page(url)
        counter.session.show(greeting(claimable=CLAIM))
        async with page.expect_response("**/choice") as answer:
            await page.get_by_role("button", name="是我的", exact=True).click()
        assert (await answer.value).status == 204
        assert counter.recorded == [ChoiceMade("front", "claim", "r-1")]


async def test_done_says_goodbye(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url, counter.listening():
        page = await open_page(url)
        counter.session.show(greeting())
        await page.get_by_role("button", name="完成").click()
        await expect(page.locator("#stage h1 span:visible")).to_have_text("王小明，欢迎再来")


async def test_a_press_that_cannot_be_recorded_says_so_and_may_be_pressed_again(
    open_page: OpenPage, complaints: list[str]
) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.show(greeting())
        button = page.get_by_role("button", name="完成")
        await button.click()
        await expect(page.locator('[data-notice="unsent"]')).to_contain_text("请再按一次", timeout=15_000)
        await expect(button).to_be_enabled()
        assert all("503" in said for said in complaints)
        complaints.clear()


async def test_a_finger_chooses_the_language_for_one_visit(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        await expect(page.locator("#stage h1")).to_have_text("请刷会员卡")
        await page.get_by_role("button", name="English").click()
        await expect(page.locator("#stage h1")).to_have_text("Tap your card")
        counter.session.show(greeting())
        await expect(page.locator("#stage .lead:visible")).to_have_text("Welcome back")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        counter.session.show(Attract())
        await expect(page.locator("#stage h1")).to_have_text("请刷会员卡")


async def test_a_member_is_greeted_in_their_own_language(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.show(greeting("Amélie", language="en"))
        await expect(page.locator("#stage .lead:visible")).to_have_text("Welcome back")
        counter.session.show(Goodbye(name="Amélie", language="fr"))
        await expect(page.locator("#stage h1 span:visible")).to_have_text("Amélie，欢迎再来")


async def test_a_stale_balance_says_as_of_when(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url, timezone_id="Asia/Shanghai")
        await page.clock.set_fixed_time(datetime(2026, 3, 5, 13, 0, tzinfo=UTC))
        counter.session.show(greeting(online=False))
        await expect(page.locator("#stage time:visible")).to_have_text("截至 20:00")
        await page.clock.set_fixed_time(datetime(2026, 3, 6, 13, 0, tzinfo=UTC))
        counter.session.show(greeting(online=False))
        await expect(page.locator("#stage time:visible")).to_have_text("截至 3月5日 20:00")
        counter.session.show(greeting(online=True))
        await expect(page.locator("#stage time:visible")).to_have_count(0)


async def test_the_offline_notice_comes_and_goes_calmly(open_page: OpenPage) -> None:
    counter = Counter()
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.connection(online=False)
        await expect(page.locator('[data-notice="offline"]')).to_contain_text("您的积分已安全保存")
        await page.get_by_role("button", name="English").click()
        await expect(page.locator('[data-notice="offline"]')).to_contain_text("Your points are safe")
        counter.session.connection(online=True)
        await expect(page.locator('[data-notice="offline"]')).to_have_count(0)


async def test_the_gateway_ends_an_idle_visit(open_page: OpenPage) -> None:
    counter = Counter(idle=IdleTimes(greeting_s=0.4))
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.show(greeting())
        await expect(page.locator('[data-screen="greeting"]')).to_be_visible()
        await expect(page.locator('[data-screen="attract"]')).to_be_visible()


async def test_a_page_cut_off_ends_the_visit_by_itself(open_page: OpenPage, complaints: list[str]) -> None:
    counter = Counter(idle=IdleTimes(greeting_s=0.3))
    async with counter.open() as url:
        page = await open_page(url)
        counter.session.show(greeting())
        counter.session.close()
        await expect(page.locator('[data-screen="greeting"]')).to_be_visible()
    await expect(page.locator('[data-screen="attract"]')).to_be_visible(timeout=10_000)
    complaints.clear()


async def test_a_page_that_was_cut_off_says_so_and_comes_back_to_the_newest_screen(
    open_page: OpenPage, complaints: list[str]
) -> None:
    counter = Counter()
    async with AsyncExitStack() as first:
        url = await first.enter_async_context(counter.open())
        page = await open_page(url)
        counter.session.show(greeting())
        await expect(page.locator('[data-screen="greeting"]')).to_be_visible()
    await expect(page.locator('[data-notice="lost"]')).to_be_visible(timeout=15_000)
    counter.session.show(UnknownCard())
    counter.session.show(Earned(points=5, balance=5, as_of=NOON, total_minor=500, currency="CNY"))
    async with counter.open(port=int(url.split(":")[2].split("/")[0])):
        await expect(page.locator('[data-screen="earned"]')).to_be_visible(timeout=15_000)
        await expect(page.locator('[data-notice="lost"]')).to_have_count(0)
    complaints.clear()


async def test_a_restarted_gateway_makes_the_page_load_anew(open_page: OpenPage, complaints: list[str]) -> None:
    before = Counter()
    async with before.open() as url:
        page = await open_page(url)
        await expect(page.locator('[data-screen="attract"]')).to_be_visible()
        await page.evaluate("() => { globalThis.isOld = true; }")
    async with Counter().open(port=int(url.split(":")[2].split("/")[0])):
        async with asyncio.timeout(20):
            await page.wait_for_event("load")
        assert await page.evaluate("() => globalThis.isOld === undefined")
    complaints.clear()


async def test_a_connection_that_falls_silent_is_opened_again(open_page: OpenPage) -> None:
    counter = Counter()
    app = counter.app()
    streams = 0
    again = asyncio.Event()
    silent = FastAPI()

    @silent.get("/live/{channel}")
    async def live(channel: str) -> StreamingResponse:
        nonlocal streams
        streams += 1
        if streams > 1:
            again.set()

        async def stream() -> AsyncIterator[str]:
            yield 'event: sync\ndata: {"resumed": false, "run": "r", "heartbeat_s": 0.1}\n\n'
            await again.wait()

        return StreamingResponse(stream(), media_type="text/event-stream")

    silent.mount("/", app)
    async with served(silent) as address:
        await open_page(f"{address}/kiosk/front")
        async with asyncio.timeout(10):
            await again.wait()
    counter.session.close()


async def test_a_screen_is_in_the_page_within_milliseconds(
    open_page: OpenPage, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = Counter()
    rounds = 60
    async with counter.open() as url:
        page = await open_page(url)
        await expect(page.locator('[data-screen="attract"]')).to_be_visible()
        delays_ms: list[float] = []
        shown = asyncio.Event()

        def note(at_ms: float) -> None:
            delays_ms.append(at_ms - published_ms)
            shown.set()

        await page.expose_function("note", note)
        await page.evaluate(
            """() => new MutationObserver(() => globalThis.note(performance.timeOrigin + performance.now()))
              .observe(document.getElementById("stage"), { childList: true })"""
        )
        for n in range(rounds):
            shown.clear()
            published_ms = time.time() * 1000
            counter.session.show(greeting(f"member {n}"))
            async with asyncio.timeout(5):
                await shown.wait()
    assert len(delays_ms) == rounds
    delays_ms.sort()
    p50_ms, p95_ms = statistics.median(delays_ms), delays_ms[int(rounds * 0.95)]
    with capsys.disabled():
        print(f"\npublish to DOM over {rounds} screens: p50 {p50_ms:.1f} ms, p95 {p95_ms:.1f} ms")
    assert p50_ms < 50
