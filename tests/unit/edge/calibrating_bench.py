"""A gateway's calibration desk over HTTP, a virtual load cell, and a real journal. Time is the cell's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from httpx import ASGITransport
from starlette.requests import Request

from devices.readings import SensorRead
from edge_agent.floor.calibrating import Calibrating
from edge_agent.floor.floor import FloorTools
from edge_agent.floor.hearing import Hearers
from edge_agent.floor.sensors import Sensors
from edge_agent.journal import Journal
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.planogram import PlannedSlot
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.calibration_pages import calibration_pages
from tests.unit.devices.cell_bench import CellBench
from tests.unit.edge.journal_bench import Hands, opened

SLOT, SCALE = "A/01", "shelf-1"
TURNS = 20


def planned(slot: str = SLOT, scale: str = SCALE, unit_g: float | None = 330.0) -> PlannedSlot:
    return PlannedSlot(slot, "690001", "可乐", "Cola", unit_g, 12, 3, "drinks", scale)


class SchoolFloor:
    """What a lesson needs of the floor."""

    def __init__(self, cell: CellBench) -> None:
        self.sensors = Sensors(monotonic=lambda: cell.header.now_s)
        self.hearers = Hearers()
        self.used: list[Calibration] = []

    def listen(self, scale: str) -> Any:
        return self.hearers.listen(scale)

    async def calibrated(self, calibration: Calibration) -> None:
        self.used.append(calibration)


class School:
    """A gateway's calibration desk over HTTP, and the shelf it is about. Time is the cell's."""

    def __init__(self, journal: Journal, hands: Hands) -> None:
        self.journal = journal
        self.hands = hands
        self.cell = CellBench()
        self.cell.start()
        self.floor = SchoolFloor(self.cell)
        self.hub = LiveHub()
        self.tick = asyncio.Event()
        plan = (planned(), planned("B-01", "shelf-2"), planned("C-01", ""), planned("D-01", "shelf-4", None))
        tools = FloorTools(
            journal=journal,
            hub=self.hub,
            store_name="High Street",
            now=self.now,
            monotonic=lambda: self.cell.header.now_s,
            sleep=self._sleep,
        )
        self.desk = Calibrating(plan, self.floor, tools)
        self.app = FastAPI()
        self.app.add_middleware(SecurityHeaders)
        pages = Pages()
        self.app.include_router(calibration_pages(pages, self.hub, self.desk, who=self._who))
        self.app.include_router(live_pages(self.hub))
        self.app.mount(ASSETS_PATH, assets())
        error_pages(self.app, pages)
        self.web = httpx.AsyncClient(transport=ASGITransport(self.app), base_url="http://gateway")

    def now(self) -> datetime:
        return self.hands.clock().now() + timedelta(milliseconds=round(self.cell.header.now_s * 1_000))

    def _who(self, _: Request, written: str) -> str:
        return written

    async def _sleep(self, _: float) -> None:
        await self.tick.wait()
        self.tick.clear()

    async def time_passes(self, seconds: float) -> None:
        """Nobody says anything for so long, and the desk looks."""
        self.cell.header.pass_time(seconds)
        self.tick.set()
        await self._others()

    async def weigh(self, seconds: float, scale: str = SCALE) -> None:
        until_s = self.cell.header.now_s + seconds
        while self.cell.header.now_s < until_s:
            said = self.cell.next()
            assert isinstance(said, SensorRead), said
            self.floor.sensors.hear(scale, said)
            self.floor.hearers.tell(scale, said)
            await self._others()

    async def _others(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def do(self, verb: str, body: dict[str, Any] | None = None, slot: str = SLOT, **said: Any) -> httpx.Response:
        path = f"/api/calibrations/{slot}/{verb}"
        if verb == "lesson":
            return await self.web.get(path)
        return await self.web.post(path, json=body or {}, **said)

    async def teach(self, weight: dict[str, Any], grams: float) -> dict[str, Any]:
        """A whole lesson but for keeping it."""
        assert (await self.do("begin", weight)).is_success
        await self.do("go-on", {"step": "empty"})
        await self.weigh(8)
        self.cell.chip.load_g = grams
        await self.weigh(1)
        await self.do("go-on", {"step": "load"})
        await self.weigh(8)
        self.cell.chip.load_g = 0
        await self.weigh(8)
        view: dict[str, Any] = (await self.do("lesson")).json()
        assert view["step"] == "confirm", view
        return view


@asynccontextmanager
async def school(path: Path) -> AsyncIterator[School]:
    hands = Hands()
    async with opened(path, hands) as journal:
        one = School(journal, hands)
        try:
            yield one
        finally:
            one.desk.close()
            await one.web.aclose()
