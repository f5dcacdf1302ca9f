"""A day in a store with two kiosks: online in the morning, cut off at noon, killed in the afternoon, in order again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devices.observations import CardUid
from kiosk_ui.kiosk.form_screens import Form
from kiosk_ui.kiosk.screen_values import View
from simulation.cable import Cut
from simulation.files.store import StorePlan
from tests.story.eyes import Eyes, chromium, eyes_at
from tests.story.loyal import (
    CUP_POINTS,
    PATIENCE_S,
    PIN,
    PROGRAMME,
    buys,
    greeted_with,
    joins,
    latest,
    newcomer,
    pays,
    takes,
)
from tests.story.store import Chain, Store, open_chain

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.needs_chromium]

LAKE = StorePlan("west-lake", "西湖店 West Lake", counters=2)
RIVER = StorePlan("riverside", "江边店 Riverside", counters=1)
ANNA = CardUid.from_hex("04A1B2C3D4E580")
BAO = CardUid.from_hex("04A1B2C3D4E581")
CORA = CardUid.from_hex("04A1B2C3D4E582")


@dataclass
class Day:
    """The two stores, and eyes at the two kiosks of the first."""

    chain: Chain
    lake: Store
    river: Store
    first: Eyes
    second: Eyes
    pictures: Path
    receipts: dict[CardUid, str] = field(default_factory=dict)
    """A purchase of each member in the first store."""

    async def bao_returns(self, total_minor: int) -> None:
        """Some of what Bao bought in the morning comes back."""
        refund = self.lake.next_sale(-total_minor, refund_of=self.receipts[BAO], at=2)
        assert (await self.lake.second.ring_up(refund)).status_code == 201


@asynccontextmanager
async def store_day(folder: Path) -> AsyncIterator[Day]:
    async with AsyncExitStack() as opened:
        chain = await opened.enter_async_context(
            open_chain(folder / "chain", LAKE, RIVER, programme=PROGRAMME, members=())
        )
        browser = await opened.enter_async_context(chromium())
        lake, river = chain.stores
        first = await opened.enter_async_context(eyes_at(browser, lake.floor.counter.kiosk_url))
        second = await opened.enter_async_context(eyes_at(browser, lake.second.counter.kiosk_url))
        yield Day(chain, lake, river, first, second, folder)
        assert (first.complaints, second.complaints) == ([], [])


async def test_a_store_day_with_the_network_cut_at_noon(tmp_path: Path) -> None:
    async with store_day(tmp_path) as day:
        await morning(day)
        day.lake.branch.cable.pull(Cut.SILENT)
        await noon(day)
        await afternoon(day)
        day.lake.branch.cable.plug()
        await night(day)


async def morning(day: Day) -> None:
    """Online: Anna and Bao join and buy in both stores; each store knows at once what they have in the other."""
    lake, river = day.lake, day.river
    await joins(lake.floor, ANNA, newcomer("Anna 安娜", "en", phone="13912345671"))
    day.receipts[ANNA] = await buys(lake, 12_000)
    await joins(lake.second, BAO, newcomer("Bao 阿宝", "zh-CN", phone="13912345672"))
    day.receipts[BAO] = await buys(lake, 30_000, at=2)
    for card, held, brought in ((ANNA, 120, 480), (BAO, 300, 200)):
        await greeted_with(river.floor, card, balance=held)
        await buys(river, 100 * brought)
        await greeted_with(lake.floor, card, balance=held + brought, usable=held)
    await lake.balanced()
    await river.balanced()


async def noon(day: Day) -> None:
    """Cut off: what is allowed is redeemed, at a kiosk and at a till; the rest is refused kindly, in two languages."""
    lake = day.lake
    await greeted_with(lake.floor, ANNA, online=False, usable=120)
    await day.first.sees("You can use 120 of 600 points here now; the rest when we are back online.")
    await day.first.picture(day.pictures / "part-usable.png")
    assert (await takes(lake.floor, "cup")).is_accepted
    await day.first.sees("It is yours", latest(lake.floor)["voucher"])
    await day.first.picture(day.pictures / "redeemed.png")

    await greeted_with(lake.second, ANNA, balance=500, usable=20)
    assert (await lake.second.fingers.fill_in(Form.UNLOCK, {"pin": PIN}, subject=View.POINTS.value)).is_accepted
    quote, answer = await pays(lake, 1_000, points=20, at=2)
    assert (quote["points"], quote["price_minor"]) == (20, 960)
    assert (answer.body["redeemed"], answer.body["points"]) == (20, 9)

    await greeted_with(lake.second, ANNA, balance=489, usable=9)
    assert await lake.second.fingers.ask(View.REWARD, subject="cup", screens={"problem"}) is not None
    await day.second.sees("Not all of your points can be used here right now", "The rest stays yours.")
    await day.second.picture(day.pictures / "refused-en.png")

    await greeted_with(lake.second, BAO, balance=500, usable=300)
    await day.second.sees("您的 500 积分中，现在可在这里使用 300 分；其余等恢复联网后可用。")
    assert await lake.second.fingers.ask(View.REWARD, subject="basket", screens={"problem"}) is not None
    await day.second.sees("您的积分现在不能全部在这里使用", "其余积分仍是您的")
    await day.second.picture(day.pictures / "refused-zh.png")


async def afternoon(day: Day) -> None:
    """Still cut off: Cora joins and buys, Bao returns goods, the gateway is killed and comes back: it only collects."""
    lake = day.lake
    await joins(lake.floor, CORA, newcomer("Cora 可拉", "en", phone="13912345673"))
    day.receipts[CORA] = await buys(lake, 15_000)
    await greeted_with(lake.floor, CORA, balance=150, usable=150)
    await day.bao_returns(10_000)
    await greeted_with(lake.second, BAO, balance=400)

    lake.branch.kill_gateway()
    await lake.restarted()
    frozen = ("Your 150 points are safe.", "once this store has reached head office", "collecting goes on")
    async with asyncio.timeout(PATIENCE_S):  # The page finds the gateway again in its own time.
        while not await day.first.reads(*frozen):
            await greeted_with(lake.floor, CORA, balance=150, usable=0, online=False)
            assert await lake.floor.fingers.ask(View.POINTS, screens={"points"}) is not None
    await day.first.picture(day.pictures / "frozen.png")
    assert (await takes(lake.floor, "cup")).reason == "frozen"
    await buys(lake, 1_000)
    await greeted_with(lake.floor, CORA, balance=160, usable=0)


async def night(day: Day) -> None:
    """Online again: the books of both stores and the cloud agree, and every point of the members has its place."""
    lake, river = day.lake, day.river
    await lake.balanced()
    await river.balanced()
    expected = {ANNA: 489, BAO: 400, CORA: 160}
    for card, balance in expected.items():
        await greeted_with(lake.floor, card, balance=balance, online=True)
        await greeted_with(river.floor, card, balance=balance)
        member = await day.chain.member_of(lake, day.receipts[card])
        assert await day.chain.balance(member) == balance
        await day.chain.rights_add_up(member)
    await greeted_with(lake.floor, CORA, usable=160)
    assert (await takes(lake.floor, "cup")).is_accepted
    assert latest(lake.floor)["balance"] == 160 - CUP_POINTS
    await lake.balanced()
