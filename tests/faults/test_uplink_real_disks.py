"""The line under faults, between a real journal and the cloud's real database, over real brokers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_bridge.landing.service import Landing, StoreThread
from cloud_bridge.landing.store import Landed, LandingResult
from cloud_bridge.receipts import Ack
from cloud_bridge.topics import Lane
from cloud_bridge.transport import BrokerSettings, Dial, Inbound, Will, Wire, mqtt_dial
from cloud_bridge.uplink.link import Gateway, GatewayLink, Vitals
from cloud_bridge.uplink.outbox import AckResult
from cloud_bridge.uplink.state import Link, LinkState
from cloud_crm.clock import system_clock as cloud_clock
from cloud_crm.database import Database
from cloud_crm.events import repository as events
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings, Transaction
from loyalty.identifiers import posting_id
from tests.brokers import Broker
from tests.conformance.real_ends import Signal
from tests.unit.bridge.two_ends import MemoryReplica

SECRET = b"the secret of the faulty gateway"
POINTS = 7


class Unwatched:
    def landed(self, landed: Sequence[Landed]) -> None: ...

    def stirred(self, gateway_id: str) -> None: ...


class StirringOutbox:
    """The journal's outbox, telling a test when an acknowledgement was taken."""

    def __init__(self, journal: Journal, signal: Signal) -> None:
        self._journal = journal
        self._signal = signal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def acknowledge(self, ack: Ack) -> AckResult:
        result = await self._journal.acknowledge(ack)
        self._signal.stir()
        return result


class DeafWire:
    """A connection on which the first acknowledgements of a ledger row are lost."""

    def __init__(self, wire: Wire, losses: list[bytes], losses_max: int) -> None:
        self._wire = wire
        self._losses = losses
        self._losses_max = losses_max
        self.subscribe, self.publish = wire.subscribe, wire.publish

    async def messages(self) -> AsyncIterator[Inbound]:
        async for inbound in self._wire.messages():
            is_ack = inbound.topic.endswith("/down/ack")
            applied = is_ack and Ack.model_validate_json(inbound.payload).lanes[Lane.LEDGER].sequence
            if applied and len(self._losses) < self._losses_max:
                self._losses.append(inbound.payload)
            else:
                yield inbound


class Shop:
    """A journal and a cloud database on disk, joined through a broker."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.settings = BrokerSettings(port=broker.port, keepalive_s=5)
        self.signal = Signal()
        self.states: list[LinkState] = []
        self.results: list[LandingResult] = []
        self.lost_acks: list[bytes] = []
        journal = JournalSettings(path=folder / "journal.db", gateway_id="store-1", secret=SECRET)
        self.journal = Journal.open(journal, clock=system_clock())
        self.database = Database(f"sqlite:///{folder}/cloud.db")
        self.database.prepare()
        with self.database.write() as connection:
            gateways.enrol(connection, [("store-1", "High Street")])
        self.store = CrmLandingStore(self.database, secrets={"store-1": SECRET}, clock=cloud_clock, watcher=Unwatched())

    async def post(self, sales: int) -> None:
        def unit(tx: Transaction) -> None:
            for number in range(sales):
                posting = PostingV1(
                    id=posting_id("spend", "s", str(number)),
                    debit="programme:issued",
                    credit="member:m1:available",
                    points=POINTS,
                )
                tx.record(PointsPostedV1(cause=f"c{number}", member="m1", rule="spend", postings=(posting,)))

        await self.journal.write(unit)

    @asynccontextmanager
    async def running(self, lost_acks_max: int = 0) -> AsyncIterator[None]:
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
            outbox=StirringOutbox(self.journal, self.signal),
            replica=MemoryReplica(),
            vitals=lambda: Vitals("0.1.0", {}),
            now=system_clock().now,
            on_state=self._state,
        )
        link = GatewayLink(gateway, self._deaf(lost_acks_max), rng=random.Random(2))
        tasks = [asyncio.create_task(landing.run()), asyncio.create_task(link.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            thread.close()

    def _deaf(self, losses_max: int) -> Dial:
        dial = mqtt_dial(self.settings, client_id="store-1")

        @asynccontextmanager
        async def connect(will: Will | None) -> AsyncIterator[Wire]:
            async with dial(will) as wire:
                yield DeafWire(wire, self.lost_acks, losses_max)

        return connect

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.signal.until(condition)

    async def drained(self) -> None:
        async with asyncio.timeout(60):
            while (await self.journal.figures())[Lane.LEDGER].queued:
                await self.until(self.signal.next_stir())

    async def close_and_compare(self, sales: int) -> None:
        heads, incarnation = self.journal.heads(), self.journal.incarnation
        await self.journal.close()
        ack = self.store.ack("store-1", incarnation)
        assert ack.lanes == heads
        with self.database.read() as connection:
            (stream,) = [row for row in gateways.read_streams(connection, ["store-1"]) if row.lane == "ledger"]
            stored = events.hashes(connection, stream.stream_id, 1, sales)
            points = connection.exec_driver_sql("SELECT count(*), sum(points) FROM postings").one()
        assert len(stored) == heads[Lane.LEDGER].sequence == sales
        assert tuple(points) == (sales, sales * POINTS)
        self.database.close()

    def _landed(self, result: LandingResult) -> None:
        self.results.append(result)
        self.signal.stir()

    def _state(self, state: LinkState) -> None:
        self.states.append(state)
        self.signal.stir()


async def test_a_broker_killed_mid_drain_loses_and_doubles_nothing(any_broker: Broker, tmp_path: Path) -> None:
    shop = Shop(tmp_path, any_broker)
    await shop.post(20_000)
    async with shop.running():
        for already in (2_000, 8_000):
            await shop.until(lambda already=already: sum(r.applied for r in shop.results) >= already)  # type: ignore[misc]
            any_broker.kill()
            await shop.until(lambda: shop.states[-1].state is Link.OFFLINE)
            any_broker.start()
            await shop.until(lambda: shop.states[-1].state is Link.ONLINE)
        await shop.drained()
    await shop.close_and_compare(20_000)


@pytest.mark.needs_mosquitto
async def test_points_are_credited_once_though_acknowledgements_are_lost(mosquitto: Broker, tmp_path: Path) -> None:
    shop = Shop(tmp_path, mosquitto)
    await shop.post(50)
    async with shop.running(lost_acks_max=2):
        await shop.drained()
    assert len(shop.lost_acks) == 2
    await shop.close_and_compare(50)


@pytest.mark.needs_mosquitto
async def test_the_cloud_is_restarted_mid_drain(mosquitto: Broker, tmp_path: Path) -> None:
    shop = Shop(tmp_path, mosquitto)
    await shop.post(10_000)
    async with shop.running():
        await shop.until(lambda: sum(result.applied for result in shop.results) >= 1_000)
    async with shop.running():
        await shop.drained()
    await shop.close_and_compare(10_000)
