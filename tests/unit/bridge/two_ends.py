"""Both ends of the real protocol, joined by a virtual broker; only the disks and the air are pretended."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from cloud_bridge.landing.service import Landing
from cloud_bridge.landing.session import T
from cloud_bridge.landing.store import LandingResult
from cloud_bridge.receipts import RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.uplink.link import Gateway, GatewayLink, Vitals
from cloud_bridge.uplink.state import LinkState
from tests.unit.bridge.memory_outbox import MemoryOutbox
from tests.unit.bridge.memory_store import MemoryStore
from tests.unit.bridge.virtual_network import VirtualBroker, Weather

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryReplica:
    def __init__(self) -> None:
        self.at = ReplicaCursor("", 0, "", 0)
        self.steps: list[ReplicaStep] = []

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        if step.from_version and (step.epoch, step.from_version) != (self.at.epoch, self.at.version):
            return StepOutcome.OUT_OF_STEP
        self.steps.append(step)
        self.at = ReplicaCursor(step.epoch, step.to_version, step.as_of, len(step.members))
        return StepOutcome.APPLIED

    async def cursor(self) -> ReplicaCursor:
        return self.at


class MemoryRights:
    """Remembers what was heard; begins a new incarnation when told that another one has taken over."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self.heard_of: list[tuple[str, str]] = []
        self.frozen_for: list[str] = []
        self._outbox = outbox

    async def freeze(self, why: str) -> None:
        self.frozen_for.append(why)

    async def heard(self, said: RightsStanding) -> None:
        self.heard_of.append((said.incarnation, said.standing))
        if said.standing == "superseded":
            await self._outbox.begin_incarnation("superseded")


async def at_once(call: Callable[[], T]) -> T:
    return call()


class TwoEnds:
    """One gateway, one cloud. Enter ``running()`` to let them talk."""

    def __init__(self, seed: int = 1, weather: Weather | None = None, *, store: MemoryStore | None = None) -> None:
        self.rng = random.Random(seed)
        self.broker = VirtualBroker(self.rng, weather)
        self.outbox = MemoryOutbox()
        self.rights = MemoryRights(self.outbox)
        self.store = store or MemoryStore()
        self.replica = MemoryReplica()
        self.states: list[LinkState] = []
        self.results: list[LandingResult] = []
        self._stirred = asyncio.Event()
        self.landing = Landing(self.store, self.broker.dial(), offload=at_once, rng=self.rng, on_landed=self._landed)
        self.link = self.gateway_link(self.outbox)

    def gateway_link(self, outbox: MemoryOutbox) -> GatewayLink:
        loop = asyncio.get_running_loop()
        gateway = Gateway(
            gateway_id=outbox.gateway_id,
            outbox=outbox,
            replica=self.replica,
            vitals=lambda: Vitals(software="0.1.0", devices={"reader": "online"}),
            now=lambda: _EPOCH + timedelta(seconds=loop.time()),
            on_state=self.states.append,
            rights=self.rights,
        )
        return GatewayLink(gateway, self.broker.dial(), rng=self.rng)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.landing.run()), asyncio.create_task(self.link.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(outcome, asyncio.CancelledError):
                    raise outcome if isinstance(outcome, BaseException) else AssertionError("an end stopped")

    async def until(self, condition: Callable[[], bool], within_s: float = 600.0) -> None:
        """Let virtual time pass until it holds."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        while not condition():
            assert loop.time() < deadline_s, f"not within {within_s} virtual seconds"
            await self.pass_time(0.05)

    async def pass_time(self, seconds: float) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(seconds, over.set_result, None)
        await over

    def _landed(self, result: LandingResult) -> None:
        self.results.append(result)
