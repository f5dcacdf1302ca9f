"""The disk fills up under a shop floor: telemetry goes first, alerts last, and staff hear of it whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from cloud_bridge.contract import CardTappedV1, ScreenShownV1
from cloud_bridge.topics import Lane
from edge_agent.alerts.messages import Message
from edge_agent.alerts.room import AlertRoom, AlertTools
from edge_agent.alerts.sender import Fate, Verdict
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.findings import AlertKind
from edge_agent.floor.floor import Floor
from edge_agent.journal import Journal, JournalFull
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.board import AlertView, BoardAct
from tests.unit.edge.alerts_bench import SENT, Phones, alert_settings, empty
from tests.unit.edge.journal_bench import Hands, opened, record
from tests.unit.edge.shelf_bench import TEA, ShelfBench

KIB = 1024
UNSAFE = ("durability", "journal")
TAP = CardTappedV1(reader="door", medium="0" * 32, technology="nfc", trust="weak")
SCREEN = ScreenShownV1(kiosk="front", screen="attract", latency_us=1)
TELLS = [{"name": "floor", "url_file": "/floor", "tell": ["raised", "resolved"]}]


class RingingPhones(Phones):
    """Phones one can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._rang = asyncio.Condition()

    async def send(self, url_file: Path, message: Message) -> Verdict:
        verdict = await super().send(url_file, message)
        async with self._rang:
            self._rang.notify_all()
        return verdict

    async def rang(self, times: int) -> list[str]:
        async with asyncio.timeout(5), self._rang:
            await self._rang.wait_for(lambda: len(self.told) >= times)
        return self.titles()


class StaffedFloor:
    """A floor with its alerts, a desk, and pushes that go on by themselves."""

    def __init__(self, folder: Path) -> None:
        self.bench = bench = ShelfBench(folder, (TEA,), FloorSettings())
        self.phones = RingingPhones()
        tools = AlertTools(
            cast("Journal", bench.disk),
            timezone="UTC",
            now=bench.clock.now,
            chance=random.Random(1),
            sender=self.phones,
        )
        self.alerts = AlertRoom(alert_settings(destinations=TELLS), tools)
        bench.floor = Floor(replace(bench.floor._tools, alerts=self.alerts.load), bench.settings, plan=bench.plan)
        self.desk = self.alerts.desk(bench.floor)

    async def nothing_waits(self) -> None:
        """Until the journal knows of no message that is still to be sent."""
        news = self.bench.journal.changed()
        async with asyncio.timeout(5):
            while await self.bench.journal.read(lambda reader: reader.pushes_waiting()):
                await news.wait()

    def open_alerts(self) -> dict[tuple[str, str], AlertView]:
        return self.bench.open_alerts()


@asynccontextmanager
async def staffed_floor(folder: Path) -> AsyncIterator[StaffedFloor]:
    staffed = StaffedFloor(folder)
    await staffed.bench.floor.begin()
    pushing = asyncio.create_task(staffed.alerts.push())
    try:
        yield staffed
    finally:
        pushing.cancel()
        await asyncio.wait([pushing])
        await staffed.bench.journal.close()


async def test_that_nothing_can_be_recorded_stands_on_the_board_and_rings_although_it_cannot_be_recorded(
    tmp_path: Path,
) -> None:
    async with staffed_floor(tmp_path) as staffed:
        bench = staffed.bench
        await bench.pass_seconds(1)
        bench.disk.is_full = True
        await bench.pass_seconds(6)
        held = staffed.open_alerts()[UNSAFE]
        assert (held.is_recorded, held.severity, held.state) == (False, "urgent", "raised")
        assert "disk full" in str(held.facts["reason"])
        assert staffed.alerts.engine.open_by_kind()[AlertKind.DURABILITY] == 1
        assert len(await staffed.phones.rang(1)) == 1
        with pytest.raises(TouchError):
            await staffed.desk.act(held.id, BoardAct(act="acknowledge", actor="Li Wei"))
        await bench.pass_seconds(600, step_s=10)
        assert await bench.events("alert.changed") == []
        assert staffed.open_alerts()[UNSAFE].raised_at == held.raised_at, "one trouble, however long it takes"

        bench.disk.is_full = False
        await bench.pass_seconds(2)
        kept = staffed.open_alerts()[UNSAFE]
        assert (kept.is_recorded, kept.id, kept.raised_at) == (True, held.id, held.raised_at)
        await staffed.nothing_waits()
        await bench.pass_seconds(70)
        assert staffed.open_alerts() == {}
        assert [event["state"] for event in await bench.events("alert.changed")] == ["raised", "resolved"]
        await bench.pass_seconds(15 * 60, step_s=30)
        staffed.alerts.engine.queued.ring()
        titles = await staffed.phones.rang(2)
        assert len(titles) == 2, "it rang once when it began, and once when it was over"
        assert [event["outcome"] for event in await bench.events("alert.pushed")][:1] == ["sent"]


async def test_pushes_that_are_called_at_the_moment_they_stop_stop_all_the_same(tmp_path: Path) -> None:
    async with staffed_floor(tmp_path) as staffed:
        staffed.bench.disk.is_full = True
        await staffed.bench.pass_seconds(1)
        await staffed.phones.rang(1)
        await staffed.bench.journal.read(lambda reader: reader.counts())
        staffed.alerts.engine.queued.ring()


async def test_a_phone_that_cannot_be_reached_meanwhile_is_told_by_the_journal_later(tmp_path: Path) -> None:
    async with staffed_floor(tmp_path) as staffed:
        bench = staffed.bench
        staffed.phones.answers["floor"] = Verdict(Fate.FAILED, "unreachable")
        bench.disk.is_full = True
        await bench.pass_seconds(2)
        await staffed.phones.rang(1)
        staffed.phones.answers["floor"] = SENT
        bench.disk.is_full = False
        await bench.pass_seconds(2)
        assert len(await staffed.phones.rang(2)) == 2
        assert [event["state"] for event in await bench.events("alert.changed")] == ["raised"]


async def test_a_disk_that_was_full_for_a_moment_is_in_the_books_afterwards(tmp_path: Path) -> None:
    """By the time that anything can be written all is well again: it was so all the same."""
    async with staffed_floor(tmp_path) as staffed:
        bench = staffed.bench
        bench.disk.is_full = True
        await bench.pass_seconds(1)
        bench.disk.is_full = False
        await bench.pass_seconds(90)
        states = [(event["kind"], event["state"]) for event in await bench.events("alert.changed")]
        assert states == [("durability", "raised"), ("durability", "resolved")]


async def test_a_disk_that_fills_up_gives_up_telemetry_first_and_says_so_and_alerts_last(tmp_path: Path) -> None:
    """From nine tenths on telemetry goes; every alert up to 97 hundredths is in the ledger."""
    hands = Hands()
    async with opened(tmp_path, hands, disk_bytes_max=1_400 * KIB, in_flight_rows_max=10) as journal:
        engine = AlertRoom(
            alert_settings(), AlertTools(journal, timezone="UTC", now=hands.clock().now, chance=random.Random(1))
        ).engine
        await record(journal, *(SCREEN for _ in range(100)))
        raised, warned = 0, 0.0
        with pytest.raises(JournalFull):
            while True:
                await record(journal, TAP)
                steps = engine.find(hands.clock().now(), [empty(f"slot-{raised}")])
                await journal.write(steps.write)
                engine.accept(steps)
                raised += 1
                if journal.durability() != "full":
                    warned = warned or journal.fill()
        assert journal.fill() >= 0.97
        assert 0.90 <= warned < 0.97, "said while there was still room for the alert that says it"
        figures = await journal.figures()
        assert figures[Lane.TELEMETRY].dropped_by_reason["disk_full"] >= 80
        assert figures[Lane.LEDGER].dropped == 0
        assert len(await journal.read(lambda reader: reader.open_alerts())) == raised > 100
