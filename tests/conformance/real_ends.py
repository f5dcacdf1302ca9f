"""Both ends of the wire over a real broker; only the two disks are in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from cloud_bridge.landing.service import Landing, StoreThread
from cloud_bridge.landing.store import LandingResult, Stream
from cloud_bridge.receipts import Ack, Applied
from cloud_bridge.topics import Lane
from cloud_bridge.transport import BrokerSettings, mqtt_dial
from cloud_bridge.uplink.link import Gateway, GatewayLink, Vitals
from cloud_bridge.uplink.outbox import AckResult
from cloud_bridge.uplink.state import LinkState
from tests.brokers import Broker
from tests.unit.bridge.memory_outbox import MemoryOutbox
from tests.unit.bridge.memory_store import MemoryStore
from tests.unit.bridge.two_ends import MemoryReplica

WITHIN_S = 30.0


class Signal:
    """A condition that both ends stir."""

    def __init__(self) -> None:
        self._condition = asyncio.Condition()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def stir(self, *_: object) -> None:
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def next_stir(self) -> Callable[[], bool]:
        """A condition that holds once something stirs after this call."""
        before = self._count
        return lambda: self._count > before

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S), self._condition:
            await self._condition.wait_for(condition)

    async def _notify(self) -> None:
        async with self._condition:
            self._count += 1
            self._condition.notify_all()


class StirringOutbox(MemoryOutbox):
    def __init__(self, signal: Signal) -> None:
        super().__init__()
        self.signal = signal

    async def acknowledge(self, ack: Ack) -> AckResult:
        result = await super().acknowledge(ack)
        self.signal.stir()
        return result


class StirringStore(MemoryStore):
    def __init__(self, signal: Signal) -> None:
        super().__init__()
        self.signal = signal
        self.loop = asyncio.get_running_loop()

    def applied(self, gateway_id: str, applied: Applied) -> None:
        super().applied(gateway_id, applied)
        self.loop.call_soon_threadsafe(self.signal.stir)


class RealEnds:
    """Both ends over a real broker."""

    def __init__(self, broker: Broker) -> None:
        self.settings = BrokerSettings(host=broker.host, port=broker.port, keepalive_s=5)
        self.signal = Signal()
        self.outbox = StirringOutbox(self.signal)
        self.store = StirringStore(self.signal)
        self.replica = MemoryReplica()
        self.states: list[LinkState] = []
        self.results: list[LandingResult] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        thread = StoreThread()
        landing = Landing(
            self.store,
            mqtt_dial(self.settings, client_id="cloud"),
            offload=thread,
            rng=random.Random(1),
            on_landed=self._landed,
        )
        gateway = Gateway(
            gateway_id="store-1",
            outbox=self.outbox,
            replica=self.replica,
            vitals=lambda: Vitals("0.1.0", {}),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            on_state=self._state,
        )
        link = GatewayLink(gateway, mqtt_dial(self.settings, client_id="store-1"), rng=random.Random(2))
        tasks = [asyncio.create_task(landing.run()), asyncio.create_task(link.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            thread.close()
            assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes

    def _landed(self, result: LandingResult) -> None:
        self.results.append(result)
        self.signal.stir()

    def _state(self, state: LinkState) -> None:
        self.states.append(state)
        self.signal.stir()

    def assert_equal(self) -> None:
        for incarnation, book in self.outbox.books.items():
            for lane in Lane:
                stream = Stream("store-1", incarnation, lane)
                assert self.store.books.head(stream) == book.heads[lane]
                assert [r.hash for r in self.store.books.stored(stream)] == [r.hash for r in book.rows[lane]]
