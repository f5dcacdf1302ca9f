"""The parts of a running demo: broker, cable, cloud, gateway and virtual hardware, in their order.

A child that dies is started again, as a service manager would, so ``kill -9`` of the gateway is an
event of the day and not the end of the demo.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx

from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.scanner import VirtualScanner
from simulation.cable import Cable
from simulation.processes.children import Child, ChildError, Plan
from simulation.processes.ports import HOST, answers
from simulation.store_files import Ports, StoreFolder

RESTARTS_MAX = 100
_RESTART_AFTER_S = 0.3
_RESTART_TIMEOUT_S = 10.0
_READY_TIMEOUT_S = 2.0
_STOP_GRACE_S = 1.2
_BROKER_GRACE_S = 0.2
_MOSQUITTO_PATHS = ("mosquitto", "/usr/sbin/mosquitto")


class BrokerKind(StrEnum):
    """Which MQTT broker the demo runs."""

    EMBEDDED = "embedded"
    """amqtt in a process of its own: nothing to install."""
    MOSQUITTO = "mosquitto"


class StageError(RuntimeError):
    """The demo cannot be set up, or a part of it failed for good. Says what to do."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Where everything is. ``regulars`` is the command line that starts the product's own programs."""

    folder: StoreFolder
    ports: Ports
    broker: BrokerKind
    regulars: Sequence[str]
    seed: int


class Stage:
    """``async with Stage(plan):`` everything runs and answers inside, nothing is left after."""

    def __init__(self, plan: StagePlan, web: httpx.AsyncClient) -> None:
        self.plan = plan
        self._web = web
        folder, ports = plan.folder, plan.ports
        self.cable = Cable(ports.broker, port=ports.cable)
        self.reader = VirtualPn532(folder.reader, seed=plan.seed)
        self.scanner = VirtualScanner(folder.scanner)
        self.broker = Child(Plan("broker", _broker_command(plan), folder.log("broker"), _listening(ports.broker)))
        self.cloud = Child(self._own_program("cloud", folder.cloud_toml.name, ports.cloud))
        self.gateway = Child(self._own_program("edge", folder.edge_toml.name, ports.kiosk, "--stations"))
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def kiosk_url(self) -> str:
        """Base address of the gateway's pages."""
        return f"http://{HOST}:{self.plan.ports.kiosk}"

    @property
    def cloud_url(self) -> str:
        """Base address of the cloud's pages."""
        return f"http://{HOST}:{self.plan.ports.cloud}"

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        await self.cable.__aenter__()
        self.reader.start()
        self.scanner.plug()
        async with asyncio.TaskGroup() as starting:
            for child in (self.broker, self.cloud, self.gateway):
                starting.create_task(child.start())
        self._keepers = [asyncio.create_task(self._keep(child)) for child in (self.broker, self.cloud, self.gateway)]

    async def _stop(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        # The broker last: the others' goodbyes still find somebody there. It holds nothing to save.
        await asyncio.gather(self.gateway.stop(grace_s=_STOP_GRACE_S), self.cloud.stop(grace_s=_STOP_GRACE_S))
        await self.broker.stop(grace_s=_BROKER_GRACE_S)
        await self.cable.__aexit__(None, None, None)
        self.scanner.unplug()
        await asyncio.to_thread(self.reader.stop)
        if not self.failed.done():
            self.failed.cancel()

    def kill_all(self) -> None:
        """End every child at once; leaving the stage then has nothing to wait for."""
        for keeper in self._keepers:
            keeper.cancel()
        for child in (self.gateway, self.cloud, self.broker):
            child.kill()

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

    async def _keep(self, child: Child) -> None:
        """Start ``child`` again whenever it ends."""
        while child.starts <= RESTARTS_MAX:
            await child.wait()
            await asyncio.sleep(_RESTART_AFTER_S)
            try:
                await child.start()
            except ChildError as error:
                self._fail(StageError(str(error)))
                return
        self._fail(StageError(f"{child.plan.name} ended {RESTARTS_MAX} times; {child.obituary()}"))

    def _fail(self, error: StageError) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    def _own_program(self, name: str, config: str, port: int, *options: str) -> Plan:
        folder = self.plan.folder
        program = (*self.plan.regulars, name, "--config", str(folder.path / config), *options)
        return Plan(name, program, folder.log(name), self._healthy(port))

    def _healthy(self, port: int) -> Callable[[], Awaitable[bool]]:
        async def is_healthy() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                response = await self._web.get(f"http://{HOST}:{port}/healthz", timeout=_READY_TIMEOUT_S)
                return response.is_success
            return False

        return is_healthy


def _listening(port: int) -> Callable[[], Awaitable[bool]]:
    async def is_listening() -> bool:
        return await answers(port)

    return is_listening


def _broker_command(plan: StagePlan) -> tuple[str, ...]:
    """The broker's command line. Raises :class:`StageError` where Mosquitto is asked for and absent."""
    port = plan.ports.broker
    if plan.broker is BrokerKind.EMBEDDED:
        return (sys.executable, "-m", "simulation.broker_process", "--port", str(port))
    program = next(filter(None, map(shutil.which, _MOSQUITTO_PATHS)), None)
    if program is None:
        raise StageError("Mosquitto is not installed. Install it (apt-get install mosquitto), or leave --broker out.")
    config = plan.folder.path / "mosquitto.conf"
    config.write_text(
        f"listener {port} {HOST}\nallow_anonymous true\npersistence false\nmax_queued_messages 2000\n", encoding="utf-8"
    )
    return (program, "-c", str(config))
