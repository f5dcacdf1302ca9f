"""How fast a store's backlog reaches the cloud's books, beside what the broker alone could carry.

Three processes, as in a shop: the gateway with a real journal, a broker, and the cloud with its
real ledger. Every event is durable and acknowledged on both sides before it counts.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Self

from benchmarks._endless_day import EndlessDay
from cloud_bridge import topics
from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from cloud_bridge.envelope import BATCH_BYTES_MAX, BATCH_EVENTS_MAX
from cloud_bridge.landing.service import Landing, StoreThread
from cloud_bridge.landing.store import Landed, LandingResult
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import Ack
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane
from cloud_bridge.transport import BrokerSettings, mqtt_dial
from cloud_bridge.uplink.link import Gateway, GatewayLink, Vitals
from cloud_bridge.uplink.outbox import AckResult, Advanced, Outbox
from cloud_bridge.uplink.window import WINDOW_BATCHES_MAX
from cloud_crm.clock import system_clock as cloud_clock
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.memory import settle_memory
from edge_agent.clock import system_clock
from edge_agent.journal import Journal, JournalSettings, Transaction
from tests.brokers import AmqttBroker, MosquittoBroker

describe = "a journal's backlog, acknowledged and in the cloud's ledger: events a second beside the bare broker"

EVENTS_PER_S_MIN = 40_000
URGENT_P99_MS_MAX = 1_000
GATEWAY_ID = "bench-1"
SECRET = b"benchmark secret, 32 bytes long!"
RECORDED_PER_UNIT = 1_000
URGENT_EVENTS = 200
URGENT_PAUSE_S = 0.005
_DONE_WITHIN_S = 300.0


@dataclass(frozen=True)
class _Plan:
    """What the child processes need to know."""

    folder: Path
    port: int
    ledger_events: int
    telemetry_events: int

    @property
    def broker(self) -> BrokerSettings:
        return BrokerSettings(port=self.port)

    @property
    def cloud_file(self) -> Path:
        return self.folder / "cloud.db"


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks uplink", description=describe)
    parser.add_argument("--events", type=int, default=120_000, help="ledger events in the backlog")
    parser.add_argument("--broker", choices=("mosquitto", "amqtt"), default="mosquitto")
    parser.add_argument("--dir", default=None, help="folder on the disk to measure (default: a temporary one)")
    asked = parser.parse_args(argv)
    kind = MosquittoBroker if asked.broker == "mosquitto" else AmqttBroker
    with tempfile.TemporaryDirectory(dir=asked.dir, prefix="regulars-bench-") as name:
        folder = Path(name)
        with kind(_free_port(), folder) as broker:
            plan = _Plan(folder, broker.port, asked.events, asked.events // 2)
            return {"broker": asked.broker, **_measure(plan)}


def _measure(plan: _Plan) -> dict[str, Any]:
    with _Child(_cloud_process, plan) as cloud, _Child(_gateway_process, plan) as gateway:
        cloud.expect("ready")
        recorded = gateway.expect("ready")
        cloud.tell("cpu")
        cloud_cpu_s = cloud.expect("cpu")
        gateway.tell("drain")
        drained_s, gateway_cpu_s = gateway.expect("drained")
        cloud.tell("cpu")
        cloud_cpu_s = cloud.expect("cpu") - cloud_cpu_s
        gateway.tell("urgent")
        urgent = gateway.expect("urgent")
        gateway.tell("end")
        totals = gateway.expect("totals")
        cloud.tell("end")
        cloud.expect("ended")
    books = _books(plan.cloud_file)
    raw = _raw(plan, recorded["mean_bytes"])
    events_per_s = plan.ledger_events / drained_s
    return {
        "events": plan.ledger_events,
        "event_bytes": recorded["mean_bytes"],
        "events_per_s": round(events_per_s),
        "raw_publish_events_per_s": round(raw),
        "ratio": round(events_per_s / raw, 3),
        "gateway_cpu_us_per_event": round(gateway_cpu_s / plan.ledger_events * 1e6, 1),
        "cloud_cpu_us_per_event": round(cloud_cpu_s / plan.ledger_events * 1e6, 1),
        "lost": totals["written"] - books["events"],
        "duplicates_applied": books["events"] - books["distinct"] + books["postings"] - books["distinct_postings"],
        "points_match": books["points"] == totals["points"],
        "urgent_events": len(urgent),
        "urgent_p50_ms": round(_quantile(urgent, 0.50) * 1e3, 1),
        "urgent_p99_ms": round(_quantile(urgent, 0.99) * 1e3, 1),
        "targets": [
            {"figure": "events_per_s", "min": EVENTS_PER_S_MIN, "met": events_per_s >= EVENTS_PER_S_MIN},
            {
                "figure": "urgent_p99_ms",
                "max": URGENT_P99_MS_MAX,
                "met": _quantile(urgent, 0.99) * 1e3 <= URGENT_P99_MS_MAX,
            },
            {"figure": "lost", "max": 0, "met": totals["written"] == books["events"]},
        ],
    }


class _Child:
    """A process of its own, spoken to over a pipe."""

    def __init__(self, target: Callable[[_Plan, Connection], None], plan: _Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=target, args=(plan, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()

    def tell(self, word: str) -> None:
        self._pipe.send(word)

    def expect(self, word: str) -> Any:
        if not self._pipe.poll(_DONE_WITHIN_S):
            raise RuntimeError(f"the child did not say {word!r} within {_DONE_WITHIN_S} s")
        said, value = self._pipe.recv()
        if said != word:
            raise RuntimeError(f"the child said {said!r}, not {word!r}")
        return value


# the cloud's process


class _Nobody:
    """Nobody watches."""

    def landed(self, landed: Sequence[Landed]) -> None: ...

    def stirred(self, gateway_id: str) -> None: ...


def _cloud_process(plan: _Plan, pipe: Connection) -> None:
    asyncio.run(_cloud(plan, pipe))


async def _cloud(plan: _Plan, pipe: Connection) -> None:
    database = Database(f"sqlite:///{plan.cloud_file}")
    database.prepare()
    with database.write() as connection:
        gateways.enrol(connection, [(GATEWAY_ID, "Bench Street")])
    store = CrmLandingStore(database, secrets={GATEWAY_ID: SECRET}, clock=cloud_clock, watcher=_Nobody())
    thread = StoreThread()
    landing = Landing(
        store,
        mqtt_dial(plan.broker, client_id="bench-cloud"),
        offload=thread,
        rng=random.Random(1),
        on_landed=_forget,
    )
    task = asyncio.create_task(landing.run())
    settle_memory()
    pipe.send(("ready", None))
    while await asyncio.to_thread(pipe.recv) == "cpu":
        pipe.send(("cpu", process_time()))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    thread.close()
    database.close()
    pipe.send(("ended", None))


def _forget(_: LandingResult) -> None: ...


# the gateway's process


class _Watched:
    """The journal's outbox, with an ear for acknowledgements."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.acked = dict.fromkeys(Lane, 0)
        self.moved = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    async def acknowledge(self, ack: Ack) -> AckResult:
        result = await self._outbox.acknowledge(ack)
        if isinstance(result, Advanced):
            for lane, head in ack.lanes.items():
                self.acked[lane] = max(self.acked[lane], head.sequence)
            self.moved.set()
        return result

    async def until(self, lane: Lane, sequence: int) -> None:
        while self.acked[lane] < sequence:
            self.moved.clear()
            await asyncio.wait_for(self.moved.wait(), _DONE_WITHIN_S)


class _Replica:
    """Takes every step and keeps nothing but its version."""

    def __init__(self) -> None:
        self._cursor = ReplicaCursor("", 0, "", 0)

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        self._cursor = ReplicaCursor(step.epoch, step.to_version, step.as_of, len(step.members))
        return StepOutcome.APPLIED

    async def cursor(self) -> ReplicaCursor:
        return self._cursor


def _gateway_process(plan: _Plan, pipe: Connection) -> None:
    asyncio.run(_gateway(plan, pipe))


async def _gateway(plan: _Plan, pipe: Connection) -> None:
    settings = JournalSettings(
        path=plan.folder / "journal.db", gateway_id=GATEWAY_ID, secret=SECRET, telemetry_rows_max=10_000_000
    )
    journal = Journal.open(settings, clock=system_clock())
    day = EndlessDay()
    await _record(journal, plan.ledger_events, day.next)
    pipe.send(("ready", {"mean_bytes": await _mean_bytes(journal)}))
    await asyncio.to_thread(pipe.recv)
    outbox = _Watched(journal)
    task = asyncio.create_task(_link(plan, outbox).run())
    began, cpu_began = perf_counter(), process_time()
    await outbox.until(Lane.LEDGER, plan.ledger_events)
    pipe.send(("drained", (perf_counter() - began, process_time() - cpu_began)))
    await asyncio.to_thread(pipe.recv)
    await _record(journal, plan.telemetry_events, day.shown)
    pipe.send(("urgent", await _urgent(journal, outbox, day)))
    await asyncio.to_thread(pipe.recv)
    heads = journal.heads()
    for lane, head in heads.items():
        await outbox.until(lane, head.sequence)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pipe.send(("totals", {"written": sum(head.sequence for head in heads.values()), "points": day.points}))
    await journal.close()


def _link(plan: _Plan, outbox: _Watched) -> GatewayLink:
    gateway = Gateway(
        gateway_id=GATEWAY_ID,
        outbox=outbox,
        replica=_Replica(),
        vitals=lambda: Vitals("bench", {}),
        now=system_clock().now,
        on_state=lambda _: None,
    )
    return GatewayLink(gateway, mqtt_dial(plan.broker, client_id=GATEWAY_ID), rng=random.Random(1))


async def _record(journal: Journal, events: int, draw: Callable[[], EventData]) -> None:
    """Fill the journal, many events to a transaction."""

    def unit(tx: Transaction, count: int) -> None:
        for _ in range(count):
            tx.record(draw())

    for begin in range(0, events, RECORDED_PER_UNIT):
        count = min(RECORDED_PER_UNIT, events - begin)
        await journal.write(lambda tx, count=count: unit(tx, count))  # type: ignore[misc]


async def _mean_bytes(journal: Journal) -> int:
    rows = await journal.unsent(Lane.LEDGER, after=None, events_max=99, bytes_max=BATCH_BYTES_MAX)
    return sum(len(row.body) for row in rows) // len(rows)


async def _urgent(journal: Journal, outbox: _Watched, day: EndlessDay) -> list[float]:
    """Taps while a telemetry backlog drains: from their recording to their acknowledgement, in seconds."""
    waits: list[float] = []
    for _ in range(URGENT_EVENTS):
        began = perf_counter()
        tapped = await journal.write(lambda tx: tx.record(day.tap()))
        await outbox.until(Lane.LEDGER, tapped.sequence)
        waits.append(perf_counter() - began)
        await asyncio.sleep(URGENT_PAUSE_S)
        if outbox.acked[Lane.TELEMETRY] >= journal.heads()[Lane.TELEMETRY].sequence:
            break
    return sorted(waits)


# the limit: the broker alone


def _raw(plan: _Plan, mean_bytes: int) -> float:
    """Batches of the same size through the same broker, published and counted, nothing else."""
    with _Child(_counting_process, plan) as counter:
        counter.expect("ready")
        batches = plan.ledger_events // BATCH_EVENTS_MAX
        began = perf_counter()
        asyncio.run(_publish(plan, batches, b"x" * ((mean_bytes + 1) * BATCH_EVENTS_MAX)))
        counter.expect("counted")
        return batches * BATCH_EVENTS_MAX / (perf_counter() - began)


async def _publish(plan: _Plan, batches: int, payload: bytes) -> None:
    window = asyncio.Semaphore(WINDOW_BATCHES_MAX)
    topic = topics.up("raw-1", Lane.LEDGER)
    async with mqtt_dial(plan.broker, client_id="raw-publisher")(None) as wire:

        async def one() -> None:
            async with window:
                await wire.publish(topic, payload)

        await asyncio.gather(*(one() for _ in range(batches)))


def _counting_process(plan: _Plan, pipe: Connection) -> None:
    asyncio.run(_count(plan, pipe))


async def _count(plan: _Plan, pipe: Connection) -> None:
    async with mqtt_dial(plan.broker, client_id="raw-counter")(None) as wire:
        await wire.subscribe(topics.up("raw-1", Lane.LEDGER))
        pipe.send(("ready", None))
        left = plan.ledger_events // BATCH_EVENTS_MAX
        async for _ in wire.messages():
            left -= 1
            if left == 0:
                break
    pipe.send(("counted", None))


def _books(file: Path) -> dict[str, int]:
    """What the cloud's database holds, asked of the file itself."""
    with sqlite3.connect(file) as connection:

        def one(query: str) -> int:
            return int(connection.execute(query).fetchone()[0] or 0)

        return {
            "events": one("SELECT count(*) FROM events"),
            "distinct": one("SELECT count(*) FROM (SELECT DISTINCT stream_id, sequence FROM events)"),
            "postings": one("SELECT count(*) FROM postings"),
            "distinct_postings": one("SELECT count(DISTINCT posting_id) FROM postings"),
            "points": one("SELECT sum(points) FROM postings"),
        }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
