"""The head office's pages in a real browser: they fit, axe is content, hostile names are text, events land live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from cloud_bridge.contract import MediumLinkedV1
from cloud_bridge.receipts import Hello
from cloud_bridge.topics import Lane
from cloud_bridge.transport import BrokerUnreachable, Will, Wire
from cloud_crm.app import cloud_app
from cloud_crm.assembly import Cloud
from cloud_crm.clock import rfc3339
from cloud_crm.config import load_settings
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.members import records
from cloud_crm.members.records import DisputeRow
from cloud_crm.members.schemas import NewMedium, NewMember
from tests.browser.conftest import OpenPage, served
from tests.browser.test_every_screen import LAYOUT, SIZES, axe
from tests.unit.cloud.conftest import CLOUD_TOML, MEDIUM_KEY
from tests.unit.cloud.store_days import MORNING, SECRET, FakeClock, StoreDay
from tests.unit.cloud.test_floor_landing import Floor

pytestmark = [pytest.mark.needs_chromium, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

PAGES = (
    "/",
    "/stores/store-1",
    "/stores/store-2",
    "/stores/store-1/rights",
    "/stores/store-2/rights",
    "/stores/store-1/floor",
    "/stores/store-2/floor",
    "/missing",
    "/disputes",
    "/members",
    "/members?search=nobody",
    "/members/{member}",
    "/coupons",
    "/programme",
    "/nowhere",
)
HOSTILE = '<img src=x onerror="document.title=1">鑫🀄 العربية'
EVERY_SIZE = (*SIZES.values(), (390, 844))


@dataclass
class HeadOffice:
    """A running cloud; ``store-1`` has a day behind it, ``store-2`` is in quarantine."""

    cloud: Cloud
    landing: CrmLandingStore
    member: str
    url: str = ""
    day: Floor = field(default_factory=Floor)

    async def land(self, *, lane: Lane = Lane.LEDGER, first: int) -> None:
        """The rows of the day from ``first`` on arrive."""
        await asyncio.to_thread(self.landing.land, [self.day.batch(first, lane=lane)])


@asynccontextmanager
async def nobody_answers(_: Will | None) -> AsyncIterator[Wire]:
    raise BrokerUnreachable("there is no broker in this test")
    yield


def _something_to_look_at(cloud: Cloud) -> None:
    """Two members with one phone number, and a fact that could not be applied."""
    for name in ("Alma", "Bea"):
        cloud.members.add(NewMember(name=name, language="en", phone="13800138000"))
    with cloud.database.write() as connection:
        dispute = DisputeRow(
            "c" * 32 + "/ledger/7", "store-2", MediumLinkedV1.type, "linked_to_another", "alma", rfc3339(MORNING)
        )
        records.add_dispute(connection, dispute)


def furnished(folder: Path) -> HeadOffice:
    (folder / "medium.key").write_bytes(MEDIUM_KEY)
    (folder / "store.secret").write_bytes(SECRET)
    (folder / "cloud.toml").write_text(CLOUD_TOML, encoding="utf-8")
    clock = FakeClock()
    cloud = Cloud(load_settings(folder / "cloud.toml"), clock=clock, dial=nobody_answers)
    landing = CrmLandingStore(
        cloud.database, secrets={"store-1": SECRET, "store-2": SECRET}, clock=clock, watcher=cloud.news
    )
    member = cloud.members.add(NewMember(name=HOSTILE, language="en"))
    cloud.members.link(member, NewMedium(technology="card", number_hex="04a1b2c3d4e5f6"))
    _something_to_look_at(cloud)
    office = HeadOffice(cloud, landing, member)
    office.day.tap()
    office.day.earn(member, "261122-00001", 1_234)
    office.day.take_back(member, "261122-00002", 34)
    office.day.show()
    landing.greet("store-1", Hello(incarnation=office.day.incarnation, devices={"reader-1": "degraded"}))
    landing.land([office.day.batch(), office.day.batch(lane=Lane.TELEMETRY)])
    cloud.rights.revoke("store-2", reason="stolen in the night", actor="lin")
    told, forged = Floor("store-2"), StoreDay("store-2")
    told.tap()
    told.holds("A1", 0, sku=HOSTILE)
    told.holds("A2", 25)
    told.alerts("raised", kind="stock_out", units=0)
    told.misses(2)
    told.refuses()
    landing.land([told.batch(lane=Lane.TELEMETRY)])
    forged.earn(member, "forged", 5)
    landing.land([told.batch()])
    landing.land([forged.batch()])
    return office


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    office = await asyncio.to_thread(furnished, tmp_path)
    async with served(cloud_app(office.cloud)) as office.url:
        try:
            yield office
        finally:
            office.cloud.hub.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_fits_every_size_and_axe_finds_nothing(
    office: HeadOffice, open_page: OpenPage, complaints: list[str], language: str, scheme: str
) -> None:
    page = await open_page(f"{office.url}/", color_scheme=scheme)
    faults = {}
    for path in PAGES:
        address = path.format(member=office.member)
        await page.goto(f"{office.url}{address}{'&' if '?' in path else '?'}lang={language}")
        for width, height in EVERY_SIZE:
            await page.set_viewport_size({"width": width, "height": height})
            if found := await page.evaluate(LAYOUT, False):
                faults[f"{path} {width}"] = found
        if found := await axe(page):
            faults[f"{path} axe"] = found
    complaints[:] = [said for said in complaints if "status of 404" not in said]
    assert faults == {}


async def test_a_hostile_name_is_text_on_every_page_and_when_it_arrives_live(
    office: HeadOffice, open_page: OpenPage
) -> None:
    page = await open_page(f"{office.url}/members?lang=en")
    await expect(page.locator(".person h2").get_by_text(HOSTILE, exact=True)).to_have_count(1)
    await page.goto(f"{office.url}/stores/store-1")
    rows = page.locator("#ledger tbody tr")
    await expect(rows).to_have_count(2)
    office.day.earn(office.member, "<b>r-3</b>", 7)
    await office.land(first=4)
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text(HOSTILE)
    await expect(rows.first).to_contain_text("<b>r-3</b>")
    assert await page.locator("main img, main b").count() == 0
    assert await page.title() != "1"


async def test_an_event_lands_on_the_open_pages_of_store_and_fleet(office: HeadOffice, open_page: OpenPage) -> None:
    store = await open_page(f"{office.url}/stores/store-1?lang=en")
    fleet = await open_page(f"{office.url}/?lang=en")
    landed = fleet.locator('[data-gateway="store-1"] [data-text="received|number"]')
    await expect(landed).to_have_text("4")
    await expect(store.locator(".feed-row")).to_have_count(4)
    office.day.tap()
    await office.land(first=4)
    await expect(store.locator(".feed-row")).to_have_count(5)
    await expect(store.locator(".feed-row").first).to_contain_text("Card tapped")
    await expect(store.locator("#figures")).to_contain_text("5")
    await expect(landed).to_have_text("5")


async def test_the_floor_of_a_store_follows_it(office: HeadOffice, open_page: OpenPage) -> None:
    floor = await open_page(f"{office.url}/stores/store-1/floor?lang=en")
    chain = await open_page(f"{office.url}/missing?lang=en")
    await expect(floor.get_by_text("This store has told of no shelf yet.")).to_be_visible()
    await expect(chain.locator("#floor")).not_to_contain_text("High Street")
    office.day.holds("A7", 0)
    office.day.alerts("raised", kind="stock_out", units=0)
    await office.land(first=2, lane=Lane.TELEMETRY)
    await office.land(first=4)
    await expect(floor.locator("#stock tbody tr")).to_contain_text("0 / 18")
    await expect(floor.locator("#alerts")).to_contain_text("Out of stock")
    await expect(chain.locator("#floor")).to_contain_text("High Street")


async def test_the_chinese_page_says_codes_in_chinese_also_of_what_arrives_live(
    office: HeadOffice, open_page: OpenPage
) -> None:
    page = await open_page(f"{office.url}/stores/store-1?lang=zh-CN")
    newest = page.locator(".feed-row").first
    await expect(page.locator(".feed-row .glance", has_text="door")).to_have_text("door · 欢迎")
    await expect(page.locator("#devices .thing")).to_contain_text("降级")
    office.day.show()
    await office.land(first=2, lane=Lane.TELEMETRY)
    await expect(newest).to_contain_text("屏幕显示")
    await expect(newest.locator(".glance")).to_have_text("door · 欢迎")


async def test_todays_times_are_short_and_other_days_are_named(office: HeadOffice, open_page: OpenPage) -> None:
    page = await open_page(f"{office.url}/stores/store-1?lang=en", timezone_id="Asia/Shanghai")
    assert await times_at(page, days_later=0) == {"17:00"}
    assert await times_at(page, days_later=1) == {"May 1, 17:00"}
    assert await times_at(page, days_later=365) == {"May 1, 2026, 17:00"}


async def times_at(page: Page, *, days_later: int) -> set[str]:
    """What the page's times say to somebody who looks at it so much later."""
    await page.clock.set_fixed_time(MORNING + timedelta(days=days_later))
    await page.reload()
    return set(await page.locator("time:visible").all_inner_texts())


async def test_a_quarantine_is_shown_and_released_with_a_click(office: HeadOffice, open_page: OpenPage) -> None:
    page = await open_page(f"{office.url}/stores/store-2?lang=en")
    await expect(page.locator("#quarantines")).to_contain_text("In quarantine")
    await page.locator("form[action$='/release'] button").click()
    await expect(page.locator("#quarantines")).to_contain_text("Released by this machine")


async def test_a_member_is_added_and_a_refused_card_says_why(
    office: HeadOffice, open_page: OpenPage, complaints: list[str]
) -> None:
    page = await open_page(f"{office.url}/members?lang=en")
    await page.get_by_label("Name", exact=True).fill("Alma Reyes")
    await page.get_by_role("button", name="Add a member").click()
    alma = page.locator(".person", has_text="Alma Reyes")
    await alma.locator("summary").click()
    await alma.get_by_label("Number").fill("no card number")
    await alma.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("number_hex")
    assert any("status of 422" in said for said in complaints)
    complaints.clear()
