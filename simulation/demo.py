"""The whole thing on one machine: a store, its gateway and kiosk, a broker, the cloud, and shoppers.

::

    async with Demo(settings) as demo:     # everything runs, and the store knows its members
        report = await demo.run(stop)      # shoppers come until the day is over or ``stop`` is set
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from cloud_crm.clock import Clock, system_clock
from simulation.branch import Branch
from simulation.control import Desk, Store, control_server
from simulation.day.sales_replay import Replay, SalesFile, replay
from simulation.day.shoppers import DayPlan, store_day
from simulation.day.turns import StoreDay
from simulation.evidence.books import Auditor
from simulation.evidence.report import Report
from simulation.faults.of_store import fixtures_of
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.programme import demo_programme
from simulation.files.store import KIOSK, StorePlan, StorePorts
from simulation.floor.open_floor import FloorPlace, OpenFloor, open_floor
from simulation.floor.plan import DEMO_FLOOR
from simulation.floor.shopping import Shopping
from simulation.hands import strong_card
from simulation.head_office import HeadOffice, members_arrived
from simulation.playing import Playing
from simulation.processes.ports import HOST, choose
from simulation.processes.running import RunningDemo, announced
from simulation.shop_floor import ShopFloor, furnished
from simulation.stage import BrokerKind, Stage, StagePlan

KIOSK_PORT = 8401
CLOUD_PORT = 8402
CONTROL_PORT = 8403
DEMO_STORE = StorePlan(pin_above_points=2_000, floor=DEMO_FLOOR)
"""Its members carry plain cards, most without a PIN: small sums they may pay with points all the same."""
SPEED_MAX = 1_000_000.0
DRAIN_TIMEOUT_S = 60.0
_ABANDONED_DRAIN_S = 0.3
_LAST_TURN_TIMEOUT_S = 5.0
_SHELVES_TIMEOUT_S = 8.0
_STORE_ZONE = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How to play: see ``regulars demo --help``. ``regulars`` starts the product's own programs."""

    regulars: Sequence[str]
    runtime_dir: Path
    seed: int = 1
    minutes: float | None = None
    speed: float = 60.0
    sales: SalesFile | None = None
    turns: int = 240
    headless: bool = False
    data: Path | None = None
    broker: BrokerKind = BrokerKind.EMBEDDED
    clock: Clock = system_clock

    def __post_init__(self) -> None:
        if not 0 < self.speed <= SPEED_MAX:
            raise ValueError(f"speed is above 0 and at most {SPEED_MAX:.0f}, not {self.speed}")
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"minutes must be above 0, not {self.minutes}")


class Demo:
    """A running demo. ``floor`` takes taps and sales, ``shelves`` has hands at them, ``day`` says who is a member."""

    day: StoreDay
    replayed: Replay | None
    floor: ShopFloor
    shelves: OpenFloor
    auditor: Auditor
    head_office: HeadOffice
    control_url: str

    def __init__(self, settings: DemoSettings) -> None:
        self.settings = settings
        self.on_progress: Callable[[int, int], None] = lambda _done, _total: None
        """Told how many turns of how many are done."""
        self.turns_done = 0
        self.turns_total = 0
        self._open = AsyncExitStack()
        self._stage: Stage | None = None
        self._leaving = threading.Event()
        self._began_s = 0.0

    @property
    def stage(self) -> Stage:
        """The running parts. Only inside the ``async with`` block."""
        if self._stage is None:
            raise RuntimeError("the demo is not set up yet: enter it with 'async with'")
        return self._stage

    @property
    def branch(self) -> Branch:
        """The one store of the demo."""
        return self.stage.branches[0]

    @property
    def kiosk_url(self) -> str:
        """The member's screen at the first counter."""
        return f"{self.branch.url}/kiosk/{KIOSK}"

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def hurry(self) -> None:
        """Somebody cannot wait for an orderly end: kill what still runs."""
        self._leaving.set()
        if self._stage is not None:
            self._stage.kill_all()

    async def _set_up(self) -> None:
        self._began_s = asyncio.get_running_loop().time()
        folder = self._folder()
        self._open.enter_context(folder.kept_by_one())
        kiosk, cloud, control, till, broker, cable, bus = choose((KIOSK_PORT, CLOUD_PORT, CONTROL_PORT, 0, 0, 0, 0))
        ports = ChainPorts(cloud, broker, (StorePorts(kiosk, till, cable, bus),))
        # Reading a year of receipts takes seconds; the programs start meanwhile.
        reading = asyncio.ensure_future(asyncio.to_thread(self._read_day))
        # Whatever else fails first is what people are told; this failure is then nobody's.
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._open.callback(self._leaving.set)
        currency = self.settings.sales.currency if self.settings.sales else "CNY"
        folder.write(ports, demo_programme(currency))
        web = await self._open.enter_async_context(httpx.AsyncClient(trust_env=False))
        settings = self.settings
        plan = StagePlan(folder, ports, settings.broker, settings.regulars, settings.seed)
        self._stage = Stage(plan, web)
        await self._open.enter_async_context(self._stage)
        self.auditor = Auditor.of(self.branch, web, cloud=self.stage.cloud_url)
        self.head_office = HeadOffice(web, self.stage.cloud_url)
        self.day, self.replayed, self.turns_total = await reading
        await self.head_office.enrol(self.day.members)
        for member in self.day.members[:1]:
            await self.head_office.link(member.member, strong_card(member), technology="ntag424")
        await members_arrived(self.auditor, len(self.day.members))
        self.floor = await self._open.enter_async_context(furnished(self.branch, web, now_s=self._now_s))
        place = FloorPlace(DEMO_FLOOR, bus, self.branch.url)
        shelves = open_floor(place, web, seed=settings.seed, speed=settings.speed)
        self.shelves = await self._open.enter_async_context(shelves)
        store = Store(
            self.stage,
            self.branch,
            self.floor,
            self.auditor,
            self.head_office,
            self.day,
            settings.clock,
            self.shelves,
            fixtures_of(self.branch, self.shelves.hardware),
        )
        desk = Desk(store)
        served = control_server(desk, port=control, turns=lambda: (self.turns_done, self.turns_total))
        await self._open.enter_async_context(served)
        self.control_url = f"http://{HOST}:{control}"
        word = RunningDemo(os.getpid(), self.control_url, str(folder.path))
        self._open.enter_context(announced(settings.runtime_dir, word))

    def _now_s(self) -> int:
        return int(self.settings.clock().timestamp())

    def _folder(self) -> ChainFolder:
        if self.settings.data is not None:
            self.settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            return ChainFolder(self.settings.data.absolute(), (DEMO_STORE,))
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="regulars-demo-"))
        return ChainFolder(Path(folder), (DEMO_STORE,))

    def _read_day(self) -> tuple[StoreDay, Replay | None, int]:
        settings = self.settings
        if settings.sales is not None:
            replayed = replay(settings.sales, seed=settings.seed, leaving=self._leaving.is_set)
            return replayed.day, replayed, replayed.receipts
        today = settings.clock().astimezone(_STORE_ZONE).date()
        turns = store_day(DayPlan(settings.seed, today, turns=settings.turns))
        return turns, None, len(tuple(turns.turns))

    # --- the day ---

    async def run(self, stop: asyncio.Event) -> Report:
        """Let shoppers come. Returns when ``stop`` is set, the minutes are over or, headless, the day is.

        Raises what a shopper or a part of the stage failed with, and ``BooksUnreadable``.
        """
        closing = asyncio.Event()
        day = asyncio.create_task(self._play(closing), name="shoppers")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            await self._until_over(day, stopped)
            closing.set()
            if not stop.is_set():
                await asyncio.wait({day, stopped}, timeout=_LAST_TURN_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            day.cancel()
            stopped.cancel()
            await asyncio.gather(day, stopped, return_exceptions=True)
        return await self._report(complete=not stop.is_set())

    async def _until_over(self, day: asyncio.Task[None], stopped: asyncio.Task[Any]) -> None:
        waiting: set[asyncio.Future[Any]] = {day, stopped, self.stage.failed}
        minutes = self.settings.minutes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if minutes is None else minutes * 60):
                while not stopped.done():
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for one in done:
                        one.result()
                    if day in done and self.settings.headless:
                        return

    async def _play(self, closing: asyncio.Event) -> None:
        """Perform the day's turns at their time; late ones at once, in their order."""
        # A real shop's articles stand on none of these shelves.
        shopping = None if self.replayed else Shopping(self.shelves.aisles, seed=self.settings.seed)
        if shopping is not None and self.shelves.aisles.is_live:
            # Who takes something before the scales have told what lies there is not seen taking it.
            await self.shelves.board.knows_the_shelves(timeout_s=_SHELVES_TIMEOUT_S)
        playing = Playing(self.floor, shopping, speed=self.settings.speed)
        async for done in playing.of(self.day.turns, closing):
            self.turns_done = done
            self.on_progress(done, self.turns_total)

    async def _report(self, *, complete: bool) -> Report:
        audit = await self.auditor.drain(timeout_s=DRAIN_TIMEOUT_S if complete else _ABANDONED_DRAIN_S)
        return Report(
            tally=self.floor.tally,
            audit=audit,
            seed=self.settings.seed,
            wall_s=asyncio.get_running_loop().time() - self._began_s,
            complete=complete,
            gateway_starts=self.branch.gateway.starts,
        )
