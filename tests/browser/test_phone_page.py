"""The phone page in a real browser: its codes are what the stores verify, and its key does not leave it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from cloud_crm.app import cloud_app
from cloud_crm.assembly import Cloud
from cloud_crm.config import load_settings
from devices.code_scanners.phone_code import PhoneCode, PhoneLink, key_id_of, phone_code
from tests.browser.conftest import OpenPage, served
from tests.browser.test_cloud_pages import nobody_answers
from tests.browser.test_every_screen import LAYOUT, axe
from tests.unit.cloud.conftest import CLOUD_TOML, MEDIUM_KEY
from tests.unit.cloud.store_days import MORNING, SECRET, FakeClock

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

KEY_LEAVES = """async () => {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("regulars-phone");
    request.onsuccess = () => resolve(request.result);
  });
  const pair = await new Promise((resolve) => {
    const request = database.transaction("keys").objectStore("keys").get("pair");
    request.onsuccess = () => resolve(request.result);
  });
  try { await crypto.subtle.exportKey("pkcs8", pair.privateKey); return true; }
  catch { return pair.privateKey.extractable; }
}"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture(loop_scope="session")
async def url(tmp_path: Path, clock: FakeClock) -> AsyncIterator[str]:
    """A head office that asks operators for a password: members need none for this page."""
    (tmp_path / "medium.key").write_bytes(MEDIUM_KEY)
    (tmp_path / "store.secret").write_bytes(SECRET)
    (tmp_path / "password").write_bytes(b"correct horse battery")
    web = '[web]\noperator_password_file = "password"\n'
    (tmp_path / "cloud.toml").write_text(CLOUD_TOML.replace("[database]", f"{web}[database]"), encoding="utf-8")
    cloud = Cloud(load_settings(tmp_path / "cloud.toml"), clock=clock, dial=nobody_answers)
    async with served(cloud_app(cloud)) as address:
        try:
            yield address
        finally:
            cloud.hub.close()


async def shown(page: Page) -> str:
    """The code on the screen, once there is one."""
    await expect(page.locator("[data-picture] svg")).to_be_visible()
    return await page.locator("[data-phone]").get_attribute("data-code") or ""


async def test_the_codes_of_the_page_are_those_that_stores_verify(url: str, open_page: OpenPage) -> None:
    page = await open_page(f"{url}/phone", (390, 844))
    link = phone_code(await shown(page))
    assert isinstance(link, PhoneLink)
    assert link.is_signed()
    await page.get_by_role("button", name="It is linked: show my card").click()
    await expect(page.locator("[data-phone]")).to_have_attribute("data-code", re.compile(r"^RG1\."))
    card = phone_code(await shown(page))
    assert isinstance(card, PhoneCode)
    assert card.is_signed_by(link.public_key)
    assert card.key_id == key_id_of(link.public_key)
    assert link.at_s - int(MORNING.timestamp()) in range(10)


async def test_a_phone_that_was_linked_shows_its_card_at_the_next_visit_under_the_same_key(
    url: str, open_page: OpenPage
) -> None:
    page = await open_page(f"{url}/phone", (390, 844))
    link = phone_code(await shown(page))
    await page.get_by_role("button", name="It is linked: show my card").click()
    await page.reload()
    card = phone_code(await shown(page))
    assert isinstance(link, PhoneLink)
    assert isinstance(card, PhoneCode)
    assert card.is_signed_by(link.public_key)


async def test_the_key_cannot_leave_the_browser(url: str, open_page: OpenPage) -> None:
    page = await open_page(f"{url}/phone", (390, 844))
    await shown(page)
    assert await page.evaluate(KEY_LEAVES) is False


async def test_a_code_is_followed_by_another_without_a_touch(url: str, open_page: OpenPage, clock: FakeClock) -> None:
    page = await open_page("about:blank", (390, 844))
    await page.clock.install()
    await page.goto(f"{url}/phone")
    before = await shown(page)
    first = phone_code(before)
    clock.pass_seconds(20)
    await page.clock.run_for(20_500)
    await expect(page.locator("[data-phone]")).not_to_have_attribute("data-code", before)
    second = phone_code(await shown(page))
    assert isinstance(first, PhoneLink)
    assert isinstance(second, PhoneLink)
    assert second.at_s > first.at_s


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_phone_page_fits_and_axe_finds_nothing(url: str, open_page: OpenPage, language: str) -> None:
    page = await open_page(f"{url}/phone?lang={language}", (390, 844))
    for size in ((390, 844), (320, 568), (1280, 800)):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await shown(page)
        assert await page.evaluate(LAYOUT, False) == []
    assert await axe(page) == []
