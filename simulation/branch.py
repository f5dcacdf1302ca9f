"""One store of the stage: the network cable to it, its gateway's process, the virtual hardware of its counters."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self

import httpx

from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.scanner import VirtualScanner
from simulation.cable import Cable
from simulation.files.store import CounterNames, StoreFolder, StorePorts
from simulation.processes.brokers import BrokerKind, broker_command, listening
from simulation.processes.children import Child, Plan
from simulation.processes.keeper import Keeper
from simulation.processes.ports import HOST
from simulation.processes.store_bus import StoreBusBroker

STOP_GRACE_S = 1.2
_RESTART_TIMEOUT_S = 10.0
_READY_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class CounterHardware:
    """What is plugged in at one counter."""

    names: CounterNames
    reader: VirtualPn532
    scanner: VirtualScanner


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """Where a store is. ``regulars`` is the command line of the product's own programs, ``broker`` a port.

    ``bus`` is the kind of broker for the store's own sensors, in a store that has a floor.
    """

    folder: StoreFolder
    ports: StorePorts
    broker: int
    regulars: Sequence[str]
    seed: int
    bus: BrokerKind = BrokerKind.EMBEDDED


class Branch:
    """``start`` returns when the gateway answers, ``stop`` when nothing is left."""

    def __init__(self, plan: BranchPlan, web: httpx.AsyncClient, *, on_failure: Callable[[str], None]) -> None:
        self.plan = plan
        folder, ports = plan.folder, plan.ports
        self.cable = Cable(plan.broker, port=ports.cable)
        self.counters = tuple(self._hardware(names) for names in folder.plan.names)
        program = (*plan.regulars, "edge", "--config", str(folder.edge_toml), "--stations")
        self.gateway = Child(Plan("edge", program, folder.log("edge"), healthy(web, ports.kiosk)))
        self._keeper = Keeper(self.gateway, on_failure)
        self.bus = StoreBusBroker(self._bus(), on_failure) if folder.plan.floor is not None else None

    def _bus(self) -> Child:
        folder, port = self.plan.folder, self.plan.ports.bus
        command = broker_command(self.plan.bus, port, config=folder.path / "bus.conf")
        return Child(Plan("bus", command, folder.log("bus"), listening(port)))

    def _hardware(self, names: CounterNames) -> CounterHardware:
        folder = self.plan.folder
        reader = VirtualPn532(folder.reader(names), seed=self.plan.seed + names.number - 1)
        return CounterHardware(names, reader, VirtualScanner(folder.scanner(names)))

    @property
    def gateway_id(self) -> str:
        """The gateway's name in the cloud."""
        return self.plan.folder.plan.gateway_id

    @property
    def url(self) -> str:
        """Base address of the gateway's pages."""
        return f"http://{HOST}:{self.plan.ports.kiosk}"

    @property
    def till_url(self) -> str:
        """Where the store's tills post their sales."""
        return f"http://{HOST}:{self.plan.ports.till}/till/sales"

    def kiosk_url(self, names: CounterNames) -> str:
        """The member's screen at a counter."""
        return f"{self.url}/kiosk/{names.kiosk}"

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Plug everything in and start the gateway. Raises ``ChildError``."""
        await self.cable.__aenter__()
        for counter in self.counters:
            counter.reader.start()
            counter.scanner.plug()
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self.gateway.start())
            if self.bus is not None:
                starting.create_task(self.bus.start())
        self._keeper.begin()

    async def stop(self) -> None:
        """Take everything away, in order. Safe to call at any time."""
        await self._keeper.end()
        await self.gateway.stop(grace_s=STOP_GRACE_S)
        if self.bus is not None:
            await self.bus.stop()
        await self.cable.__aexit__(None, None, None)
        for counter in self.counters:
            counter.scanner.unplug()
        await asyncio.gather(*(asyncio.to_thread(counter.reader.stop) for counter in self.counters))

    def kill_all(self) -> None:
        """End the gateway at once and for good; stopping then has nothing to wait for."""
        self._keeper.let_go()
        self.gateway.kill()
        if self.bus is not None:
            self.bus.kill()

    def kill_gateway(self) -> None:
        """``kill -9``; it is started again a moment later."""
        self.gateway.kill()

    async def restart_gateway(self) -> None:
        """An orderly stop; it is started again a moment later."""
        self.gateway.terminate()
        try:
            async with asyncio.timeout(_RESTART_TIMEOUT_S):
                await self.gateway.wait()
        except TimeoutError:
            self.gateway.kill()

    def gateway_off(self) -> contextlib.AbstractAsyncContextManager[None]:
        """The gateway is switched off in order inside the ``async with`` block, and on again after it."""
        return self._keeper.off(grace_s=STOP_GRACE_S)


def healthy(web: httpx.AsyncClient, port: int) -> Callable[[], Awaitable[bool]]:
    """A probe: whether the program at this port says that it is well."""

    async def is_healthy() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            response = await web.get(f"http://{HOST}:{port}/healthz", timeout=_READY_TIMEOUT_S)
            return response.is_success
        return False

    return is_healthy
