"""The parts of a running chain: a broker, the cloud, and the stores with their cables, gateways and hardware.

A child that dies is started again, as a service manager would, so ``kill -9`` of a gateway is an
event of the day and not the end of the demo.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from simulation.branch import STOP_GRACE_S, Branch, BranchPlan, healthy
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.store import StoreFolder, StorePorts
from simulation.processes.brokers import BrokerKind, BrokerMissing, broker_command, listening
from simulation.processes.children import Child, Plan
from simulation.processes.keeper import Keeper
from simulation.processes.ports import HOST

__all__ = ["BrokerKind", "Stage", "StageError", "StagePlan"]

_BROKER_GRACE_S = 0.2
_SEEDS_PER_STORE = 100


class StageError(RuntimeError):
    """The demo cannot be set up, or a part of it failed for good. Says what to do."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Where everything is. ``regulars`` is the command line that starts the product's own programs."""

    folder: ChainFolder
    ports: ChainPorts
    broker: BrokerKind
    regulars: Sequence[str]
    seed: int


class Stage:
    """``async with Stage(plan, web):`` everything runs and answers inside, nothing is left after."""

    def __init__(self, plan: StagePlan, web: httpx.AsyncClient) -> None:
        self.plan = plan
        self._web = web
        folder, ports = plan.folder, plan.ports
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            command = broker_command(plan.broker, ports.broker, config=folder.path / "mosquitto.conf")
        except BrokerMissing as error:
            raise StageError(str(error)) from error
        self.broker = Child(Plan("broker", command, folder.log("broker"), listening(ports.broker)))
        program = (*plan.regulars, "cloud", "--config", str(folder.cloud_toml))
        self.cloud = Child(Plan("cloud", program, folder.log("cloud"), healthy(web, ports.cloud)))
        self._keepers = [Keeper(child, self._fail) for child in (self.broker, self.cloud)]
        self.branches = [
            self.branch_at(*place, seed=plan.seed + number * _SEEDS_PER_STORE)
            for number, place in enumerate(zip(folder.stores, ports.stores, strict=True))
        ]

    def branch_at(self, folder: StoreFolder, ports: StorePorts, *, seed: int) -> Branch:
        """A store that speaks to this stage's broker; not started."""
        plan = BranchPlan(folder, ports, self.plan.ports.broker, self.plan.regulars, seed, self.plan.broker)
        return Branch(plan, self._web, on_failure=self._fail)

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
        async with asyncio.TaskGroup() as starting:
            for child in (self.broker, self.cloud):
                starting.create_task(child.start())
            for branch in self.branches:
                starting.create_task(branch.start())
        for keeper in self._keepers:
            keeper.begin()

    async def _stop(self) -> None:
        for keeper in self._keepers:
            await keeper.end()
        # The broker last: the others' goodbyes still find somebody there. It holds nothing to save.
        await asyncio.gather(*(branch.stop() for branch in self.branches), self.cloud.stop(grace_s=STOP_GRACE_S))
        await self.broker.stop(grace_s=_BROKER_GRACE_S)
        if not self.failed.done():
            self.failed.cancel()

    def kill_all(self) -> None:
        """End every child at once; leaving the stage then has nothing to wait for."""
        for keeper in self._keepers:
            keeper.let_go()
        for branch in self.branches:
            branch.kill_all()
        for child in (self.cloud, self.broker):
            child.kill()

    def _fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_exception(StageError(reason))
