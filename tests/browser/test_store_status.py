"""The store's status page: live, honest about losses, and nothing but text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from playwright.async_api import expect

from devices.observations import DeviceState
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.gallery import ALARMING, STATUS
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.pages import staff_pages
from kiosk_ui.staff.status import STATUS_CHANNEL, STATUS_EVENT, DeviceView, LaneView, RightsView, StoreStatus
from tests.browser.conftest import OpenPage, served

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def store() -> AsyncIterator[tuple[str, LiveHub]]:
    hub = LiveHub(heartbeat_s=0.5)
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    app.mount(ASSETS_PATH, assets())

    async def status() -> StoreStatus:
        return STATUS

    app.include_router(staff_pages(Pages(), hub, status))
    app.include_router(live_pages(hub))
    async with served(app) as address:
        try:
            yield f"{address}/staff/status?lang=en", hub
        finally:
            hub.close()


async def test_the_page_shows_the_store_and_follows_it(open_page: OpenPage) -> None:
    async with store() as (url, hub):
        page = await open_page(url)
        await expect(page.locator(".health")).to_have_text("Needs a look")
        await expect(page.locator(".ledger tbody tr").first).to_contain_text("18,204")
        await expect(page.locator(".devices .thing")).to_have_count(3)
        calm = STATUS.model_copy(update={"devices": STATUS.devices[:1]})
        hub.publish(STATUS_EVENT, calm, channel=STATUS_CHANNEL)
        await expect(page.locator(".health")).to_have_text("All is well")
        await expect(page.locator(".devices .thing")).to_have_count(1)


async def test_a_quarantine_sounds_the_alarm_and_ends_with_it(open_page: OpenPage) -> None:
    async with store() as (url, hub):
        page = await open_page(url)
        alarm = page.get_by_role("alert")
        await expect(alarm).to_have_count(0)
        hub.publish(STATUS_EVENT, ALARMING, channel=STATUS_CHANNEL)
        await expect(alarm).to_contain_text("two different contents")
        await expect(page.locator(".health")).to_have_text("Needs help now")
        await expect(page.get_by_text("3 events wait for a decision")).to_be_visible()
        hub.publish(STATUS_EVENT, STATUS, channel=STATUS_CHANNEL)
        await expect(alarm).to_have_count(0)


async def test_while_redeeming_rests_the_page_says_what_it_waits_for(open_page: OpenPage) -> None:
    calm = STATUS.model_copy(update={"devices": STATUS.devices[:1]})
    async with store() as (url, hub):
        page = await open_page(url)
        banner = page.get_by_text("Redeeming rests in this store")
        await expect(banner).to_be_hidden()
        rests = RightsView(is_frozen=True, points_held=240, detail="the cloud has not been heard since the start")
        hub.publish(STATUS_EVENT, calm.model_copy(update={"rights": rests}), channel=STATUS_CHANNEL)
        await expect(banner).to_be_visible()
        await expect(page.get_by_text("not been heard since the gateway started")).to_be_visible()
        await expect(page.locator(".health")).to_have_text("Needs a look")
        thawed = RightsView(is_frozen=False, points_held=240)
        hub.publish(STATUS_EVENT, calm.model_copy(update={"rights": thawed}), channel=STATUS_CHANNEL)
        await expect(banner).to_be_hidden()
        await expect(page.locator(".health")).to_have_text("All is well")


async def test_events_nobody_can_account_for_are_called_missing(open_page: OpenPage) -> None:
    async with store() as (url, hub):
        page = await open_page(url)
        await expect(page.get_by_text("The books balance")).to_be_visible()
        short = STATUS.model_copy(update={"lanes": {"ledger": LaneView(recorded=10, acked=8, queued=1, dropped=0)}})
        assert short.lanes["ledger"].missing == 1
        hub.publish(STATUS_EVENT, short, channel=STATUS_CHANNEL)
        await expect(page.get_by_text("Events are missing")).to_be_visible()


async def test_a_hostile_reason_stays_text(open_page: OpenPage) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    device = DeviceView(name=hostile, driver="pn532", state=DeviceState.OFFLINE, reason=hostile)
    async with store() as (url, hub):
        page = await open_page(url)
        hub.publish(STATUS_EVENT, STATUS.model_copy(update={"devices": [device]}), channel=STATUS_CHANNEL)
        await expect(page.locator(".devices .thing")).to_have_count(1)
        await expect(page.locator(".devices .reason")).to_have_text(hostile)
        assert await page.locator(".devices img").count() == 0


async def test_the_rows_stay_when_figures_change(open_page: OpenPage) -> None:
    async with store() as (url, hub):
        page = await open_page(url)
        row = await page.locator(".devices .thing").first.element_handle()
        assert row is not None
        await row.evaluate("(row) => { row.isSame = true; }")
        renamed = [device.model_copy(update={"reason": "moved"}) for device in STATUS.devices]
        hub.publish(STATUS_EVENT, STATUS.model_copy(update={"devices": renamed}), channel=STATUS_CHANNEL)
        await expect(page.locator(".devices .reason").first).to_have_text("moved")
        assert await page.locator(".devices .thing").first.evaluate("(row) => row.isSame === true")


async def test_what_is_wrong_with_a_device_is_said_in_chinese_with_what_is_being_tried(open_page: OpenPage) -> None:
    async with store() as (url, hub):
        page = await open_page(url.replace("lang=en", "lang=zh-CN"))
        hub.publish(STATUS_EVENT, ALARMING, channel=STATUS_CHANNEL)
        device = page.locator(".devices .thing").first
        await expect(device.locator(".trouble")).to_have_text("找不到这个设备。请检查插头和线缆。")
        await expect(device).to_contain_text("正在重新打开 · 连续失败 3 次")
        await expect(device.locator('[lang="en"]')).to_have_text("/dev/ttyUSB0: no such device")
        unheard = ALARMING.devices[0].model_copy(update={"key": "a_key_of_tomorrow", "rung": "", "failures": 0})
        hub.publish(STATUS_EVENT, ALARMING.model_copy(update={"devices": [unheard]}), channel=STATUS_CHANNEL)
        await expect(device.locator(".trouble")).to_have_text("它有问题。")
