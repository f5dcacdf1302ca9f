"""A store with shelves for stories: hands at them, eyes at its staff board, lights that can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from simulation.branch import Branch
from simulation.faults.fixture import Fixtures
from simulation.faults.of_store import fixtures_of
from simulation.files.store import StorePlan
from simulation.floor.open_floor import FloorPlace, OpenFloor, open_floor
from simulation.floor.plan import DEMO_FLOOR
from simulation.floor.slot import ShelfSlot
from simulation.stage import BrokerKind
from tests.story.launcher import FILE_LIGHT
from tests.story.store import Chain, Store, open_chain

PATIENCE_S = 30.0
PATIENCE_MS = 1_000 * PATIENCE_S
WATER = "B1"
"""The slot of the mineral water."""
WATER_NAME = "Mineral water"


@dataclass
class Shelves:
    """What a story can do at the shelves of a store, and what it can see of them."""

    chain: Chain
    store: Store
    floor: OpenFloor
    fixtures: Fixtures

    @property
    def branch(self) -> Branch:
        return self.store.branch

    def slot(self, name: str) -> ShelfSlot:
        """The goods of a slot."""
        return self.floor.world.slots[name]

    async def take(self, name: str, units: int) -> int:
        """Hands take so many pieces; how many they got."""
        return len(await self.floor.aisles.take(self.slot(name), units))

    async def empty(self, name: str) -> None:
        """Hands take all there is."""
        await self.take(name, self.slot(name).units)

    async def refill(self, name: str) -> None:
        """Somebody fills a slot up."""
        await self.floor.aisles.refill(self.slot(name))

    async def board(self) -> dict[str, Any]:
        """The board as JSON; waits while the gateway does not answer."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                board = await self.floor.board.read()
                if board is not None:
                    return board

    async def alerts(self, kind: str, subject: str) -> list[dict[str, Any]]:
        """The alerts of this kind and subject that the board still shows."""
        return [one for one in (await self.board())["alerts"] if (one["kind"], one["subject"]) == (kind, subject)]

    async def alert(self, kind: str, subject: str, *states: str) -> dict[str, Any]:
        """Wait for the alert to stand in one of these states."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for one in await self.alerts(kind, subject):
                    if one["state"] in states:
                        return one

    async def slot_told(self, name: str, **wanted: object) -> dict[str, Any]:
        """Wait until the board says this of a slot."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                slots = {slot["slot"]: slot for slot in (await self.board())["slots"]}
                if all(slots[name][key] == value for key, value in wanted.items()):
                    told: dict[str, Any] = slots[name]
                    return told

    async def sensor(self, name: str, measure: str, **wanted: object) -> dict[str, Any]:
        """Wait until the board says this of a sensor."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for sensor in (await self.board())["sensors"]:
                    is_it = (sensor["sensor"], sensor["measure"]) == (name, measure)
                    if is_it and all(sensor[key] == value for key, value in wanted.items()):
                        told: dict[str, Any] = sensor
                        return told

    async def light(self, name: str, signal: str) -> None:
        """Wait until the light of a slot shows this."""
        file = self.store.folder / "dev" / f"light-{name.lower()}"
        async with asyncio.timeout(PATIENCE_S):
            while not file.exists() or file.read_text() != signal:
                await self.board()

    async def head_office(self, path: str) -> list[dict[str, Any]]:
        """What head office has of this store's floor: ``stock``, ``alerts``, ``discrepancies``."""
        answer = await self.store.web.get(
            f"{self.store.cloud_url}/api/{path}", params={"store": self.branch.gateway_id}
        )
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()
        return rows


@asynccontextmanager
async def open_shelves(folder: Path) -> AsyncIterator[Shelves]:
    """A store with full shelves, known to its gateway, and nobody in it."""
    plan = StorePlan(counters=1, timezone="UTC", floor=DEMO_FLOOR, light_driver=FILE_LIGHT.name)
    async with open_chain(folder, plan, broker=BrokerKind.MOSQUITTO) as chain:
        store = chain.stores[0]
        place = FloorPlace(DEMO_FLOOR, store.branch.plan.ports.bus, store.branch.url)
        async with open_floor(place, store.web, seed=7, speed=1.0, with_clerks=False) as floor:
            floor.world.deliver()
            for slot in floor.world.slots.values():
                floor.world.refill(slot)
                if not slot.plan.is_weighed:
                    assert await floor.board.count(slot.plan.slot, slot.units, "Opening")
            shelves = Shelves(chain, store, floor, fixtures_of(store.branch, floor.hardware))
            for slot in floor.world.slots.values():
                await shelves.slot_told(slot.plan.slot, units=slot.units)
            yield shelves


class BoardEyes:
    """What somebody at a staff board sees and touches."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def alert(self, thing: str) -> Locator:
        """The card of an alert, by the name of what it is about."""
        heading = self.page.get_by_role("heading", name=thing, exact=True)
        return self.page.locator(".alert").filter(has=heading)

    async def sees(self, thing: str, words: str, *, within_s: float = PATIENCE_S) -> None:
        """Wait until the alert's card says these words."""
        await expect(self.alert(thing)).to_contain_text(words, timeout=within_s * 1_000)

    async def claims(self, thing: str) -> None:
        """Touch "I am on it"."""
        await self.alert(thing).get_by_role("button", name="I am on it").click(timeout=PATIENCE_MS)


@asynccontextmanager
async def at_board(browser: Browser, shelves: Shelves, name: str) -> AsyncIterator[BoardEyes]:
    """Stand in front of the staff board, as somebody it knows by name."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    try:
        page = await context.new_page()
        url = f"{shelves.branch.url}/staff/board?lang=en"
        await page.goto(url)
        await page.evaluate("(name) => localStorage.setItem('regulars.board.name', name)", name)
        await page.goto(url)
        yield BoardEyes(page)
    finally:
        await context.close()
