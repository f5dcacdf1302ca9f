"""A shelf on a bench: the real floor over a real journal, scales that are loaded by hand, a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson

from cloud_bridge.topics import Lane
from devices.device import Signal
from devices.readings import Measure, SensorRead, SensorWord
from edge_agent.alerts.engine import Alerts
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.floor import Floor, FloorTools
from edge_agent.journal import Journal, JournalFull, JournalSettings, Reader, Transaction
from edge_agent.shelves.planogram import PlannedSlot
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import AlertState, AlertView, SlotView

T = TypeVar("T")

DEVICE = "bus"
TEA = PlannedSlot(
    slot="A1",
    sku="tea",
    name_zh="茶",
    name_en="Tea",
    unit_weight_g=120.0,
    capacity=12,
    reorder_at=3,
    zone="drinks",
    scale="bus/scale-1",
    light="light-1",
)
BUN = PlannedSlot(
    slot="B1", sku="bun", name_zh="面包", name_en="Bun", unit_weight_g=None, capacity=10, reorder_at=2, zone="bakery"
)


class RememberedLights:
    """Indicators that remember what they were told."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Signal]] = {}

    async def show(self, indicator: str, signal: Signal) -> None:
        self.shown.setdefault(indicator, []).append(signal)


class Disk:
    """The journal as the floor has it: the real one, on a disk that somebody else can fill."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.is_full = False
        self.trouble = ""

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        if self.is_full:
            raise JournalFull("the disk is full", place="journal", remedy="Free space")
        return await self._journal.write(unit)

    async def read(self, query: Callable[[Reader], T]) -> T:
        return await self._journal.read(query)

    def durability(self) -> str:
        return "disk full: nothing can be recorded" if self.is_full else self.trouble or self._journal.durability()


class ShelfBench:
    """A floor whose sensors and clock are moved by hand."""

    def __init__(self, folder: Path, plan: tuple[PlannedSlot, ...], settings: FloorSettings) -> None:
        self.folder = folder
        self.plan = plan
        self.settings = settings
        self.ns = (BUILD_DATE_MS + 86_400_000) * 1_000_000
        self.hub = LiveHub()
        self.lights = RememberedLights()
        self.load_alerts: Callable[[Reader], Alerts] = lambda reader: Alerts.load(reader, AlertSettings())
        self._told = 0
        self.start()

    def start(self) -> None:
        """A gateway starts: what is in memory is what the journal has."""
        clock = HybridClock(lambda: self.ns, lambda: self.ns, BUILD_DATE_MS, lambda: True, boot_id="bench")
        self.clock = clock
        settings = JournalSettings(path=self.folder / "journal.db", gateway_id="store-1", secret=b"s" * 32)
        self.journal = Journal.open(settings, clock=clock)
        self.disk = Disk(self.journal)
        tools = FloorTools(
            journal=cast("Journal", self.disk),
            hub=self.hub,
            store_name="Store",
            now=clock.now,
            monotonic=clock.monotonic,
            alerts=self.load_alerts,
            lights=self.lights,
        )
        self.floor = Floor(tools, self.settings, plan=self.plan)

    async def restart(self, *, off_s: float = 60.0) -> None:
        """The gateway is switched off for a while."""
        await self.journal.close()
        self.ns += int(off_s * 1e9)
        self.start()
        await self.floor.begin()

    async def tell(self, word: SensorWord, *, device: str = DEVICE) -> None:
        """A device says something."""
        await self.floor.observe(device, word)

    async def weigh(self, grams: float, *, seconds: int = 6, sensor: str = "scale-1") -> None:
        """A scale tells the same weight for some seconds, once a second, and the floor ticks."""
        for _ in range(seconds):
            await self.tell(SensorRead(sensor, Measure.WEIGHT, grams))
            await self.pass_seconds(1)

    async def pass_seconds(self, seconds: int, *, step_s: int = 1) -> None:
        """Time passes, and the floor looks at what that changes."""
        for _ in range(0, seconds, step_s):
            self.ns += step_s * 1_000_000_000
            await self.floor.tick()

    async def sell(self, sku: str, units: int) -> None:
        """A till sells, or (negative) takes back."""
        await self.journal.write(lambda tx: tx.sold(sku, units))
        self.floor.sold([sku])
        await self.pass_seconds(1)

    def slot(self, name: str = "A1") -> SlotView:
        """A slot as the board shows it."""
        return next(view for view in self.floor.board().slots if view.slot == name)

    def open_alerts(self) -> dict[tuple[str, str], AlertView]:
        """Alerts that are not resolved, by kind and subject."""
        return {(a.kind, a.subject): a for a in self.floor.alert_views() if a.state is not AlertState.RESOLVED}

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """What was recorded of a type, oldest first."""
        rows = await self.journal.read(lambda r: [*r.tail(Lane.LEDGER, 10_000), *r.tail(Lane.TELEMETRY, 10_000)])
        bodies = [orjson.loads(row.body) for row in rows]
        return [body["data"] for body in bodies if body["type"] == f"regulars.{kind}.v1"]


@asynccontextmanager
async def shelf_bench(
    folder: Path, *plan: PlannedSlot, settings: FloorSettings | None = None
) -> AsyncIterator[ShelfBench]:
    """A bench with the slots ``plan``: tea on a scale, and buns without one, if none are named."""
    bench = ShelfBench(folder, plan or (TEA, BUN), settings or FloorSettings())
    await bench.floor.begin()
    try:
        yield bench
    finally:
        await bench.journal.close()


async def stocked(bench: ShelfBench, units: int = 12) -> None:
    await bench.weigh(units * 120.0)
