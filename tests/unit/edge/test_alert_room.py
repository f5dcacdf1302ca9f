"""The room of alerts as a gateway has it: figures for /metrics, and messages that go out while it runs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from edge_agent.alerts.messages import Message
from edge_agent.alerts.room import AlertRoom, AlertTools
from edge_agent.alerts.sender import Verdict
from tests.unit.edge.alerts_bench import SENT, ZONE, AlertBench, Phones, alert_bench


class Rings(Phones):
    """A phone that is heard."""

    def __init__(self) -> None:
        super().__init__()
        self.rang = asyncio.Event()

    async def send(self, url_file: Path, message: Message) -> Verdict:
        self.told.append((url_file.name, message))
        self.rang.set()
        return SENT


@asynccontextmanager
async def running(bench: AlertBench, room: AlertRoom) -> AsyncIterator[None]:
    pushing = asyncio.create_task(room.push())
    try:
        yield
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)


def room_of(bench: AlertBench, phone: Phones) -> AlertRoom:
    tools = AlertTools(bench.journal, timezone=ZONE, now=bench.now, chance=random.Random(1), sender=phone)
    return AlertRoom(bench.settings, tools)


def figures(room: AlertRoom) -> list[str]:
    registry = CollectorRegistry()
    registry.register(room)
    return generate_latest(registry).decode().splitlines()


async def test_a_message_that_waited_through_a_restart_goes_out_and_is_counted(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        phone = Rings()
        room = room_of(bench, phone)
        bench.alerts = await bench.journal.read(room.load)
        settled = bench.alerts.queued.listener()
        async with running(bench, room), asyncio.timeout(10):
            await phone.rang.wait()
            await bench.acts("acknowledge")
            await settled.wait()
            await bench.journal.write(lambda tx: tx.pushes_waiting())
        assert phone.titles() == ["缺货：A1"]
        said = figures(room)
        assert 'regulars_alerts_open{kind="stock_out"} 1.0' in said
        assert 'regulars_alerts_open{kind="low_stock"} 0.0' in said
        assert 'regulars_alert_pushes_total{destination="floor",outcome="sent"} 1.0' in said


async def test_a_store_that_sends_nothing_still_counts_its_alerts(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, destinations=[], routes=[]) as bench:
        room = room_of(bench, Rings())
        bench.alerts = await bench.journal.read(room.load)
        async with running(bench, room):
            await bench.raises()
        assert await bench.pushes() == []
        assert 'regulars_alerts_open{kind="stock_out"} 1.0' in figures(room)
