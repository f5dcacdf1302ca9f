"""The clock is set, forward and back, under a floor with open alerts: nothing is due for that, and nothing is lost.

A machine without a battery clock starts where it stopped, and jumps once a time server is reached.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from devices.readings import Measure, SensorRead
from edge_agent.alerts.messages import Wordings
from edge_agent.alerts.pusher import Pusher, PusherTools
from edge_agent.alerts.room import AlertRoom, AlertTools
from edge_agent.alerts.sender import Fate, Verdict
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.floor.floor import Floor, FloorTools
from edge_agent.journal import Journal, JournalSettings
from kiosk_ui.staff.board import AlertState, AlertView, BoardAct
from tests.unit.edge.alerts_bench import SENT, Phones, alert_settings
from tests.unit.edge.shelf_bench import TEA, ShelfBench

YEAR = timedelta(days=365)
SHELF = ("stock_out", "A1")
DEVICE_DWELL_S = 30


class JumpingFloor(ShelfBench):
    """A floor whose wall clock is set by hand, beside the seconds that pass."""

    def __init__(self, folder: Path) -> None:
        self.skipped = timedelta()
        self.phones = Phones()
        super().__init__(folder, (TEA,), FloorSettings())

    def start(self) -> None:
        self.clock = HybridClock(self._wall_ns, lambda: self.ns, BUILD_DATE_MS, lambda: True, boot_id="bench")
        settings = JournalSettings(path=self.folder / "journal.db", gateway_id="store-1", secret=b"s" * 32)
        self.journal = Journal.open(settings, clock=self.clock)
        now = self.clock.now
        self.room = AlertRoom(
            alert_settings(), AlertTools(self.journal, timezone="Asia/Shanghai", now=now, chance=random.Random(1))
        )
        tools = FloorTools(
            journal=self.journal,
            hub=self.hub,
            store_name="Store",
            now=now,
            monotonic=self.clock.monotonic,
            alerts=self.room.load,
        )
        self.floor = Floor(tools, self.settings, plan=self.plan)
        self.desk = self.room.desk(self.floor)

    def is_set(self, by: timedelta) -> None:
        """Somebody sets the clock of the machine."""
        self.skipped += by

    def alert(self, name: tuple[str, str] = SHELF) -> AlertView:
        return self.open_alerts()[name]

    async def empties(self) -> AlertView:
        await self.weigh(8 * 120.0)
        await self.weigh(0.0, seconds=8)
        return self.alert()

    async def rests(self, seconds: int) -> None:
        """Time passes, in which the scale says what it said."""
        for _ in range(0, seconds, 5):
            await self.tell(SensorRead("scale-1", Measure.WEIGHT, 0.0))
            await self.pass_seconds(5, step_s=5)

    async def delivers(self) -> list[str]:
        tools = PusherTools(
            journal=self.journal,
            sender=self.phones,
            wordings=Wordings(zone=self.room.engine._schedule.zone),
            now=self.clock.now,
            current=self.room.engine.named,
            chance=random.Random(1),
        )
        before = len(self.phones.told)
        await Pusher(alert_settings(), tools, self.room.engine.queued).deliver(alert_settings().destinations[0])
        return [message.title for _, message in self.phones.told[before:]]

    async def states(self) -> list[str]:
        """How alerts went on; those of goods that left unsold are another matter."""
        return [event["state"] for event in await self.events("alert.changed") if event["kind"] != "missing"]

    def _wall_ns(self) -> int:
        return self.ns + int(self.skipped.total_seconds()) * 1_000_000_000


@asynccontextmanager
async def jumping_floor(folder: Path) -> AsyncIterator[JumpingFloor]:
    bench = JumpingFloor(folder)
    await bench.floor.begin()
    await bench.floor.tick()
    try:
        yield bench
    finally:
        await bench.journal.close()


async def test_a_clock_that_jumps_a_year_ahead_passes_nothing_on(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        gone = [Finding(AlertKind.DEVICE_OFFLINE, f"device-{n}", Holds.YES) for n in range(20)]
        await bench.floor.find(*gone)
        await bench.rests(DEVICE_DWELL_S + 5)
        raised = await bench.states()
        assert raised == ["raised"] * 21
        bench.is_set(YEAR)
        await bench.rests(20 * 60)
        assert await bench.states() == raised, "twenty minutes passed, whatever the clock says"
        await bench.rests(11 * 60)
        assert await bench.states() == raised + ["escalated"] * 21, "after half an hour in which nobody came"


async def test_a_dwell_is_not_over_because_the_clock_was_set(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.floor.find(Finding(AlertKind.DEVICE_OFFLINE, "reader", Holds.YES))
        await bench.pass_seconds(5)
        bench.is_set(YEAR)
        await bench.pass_seconds(DEVICE_DWELL_S - 10)
        assert bench.open_alerts() == {}
        await bench.pass_seconds(10)
        assert set(bench.open_alerts()) == {("device_offline", "reader")}


async def test_a_dwell_does_not_last_for_a_year_because_the_clock_was_set_back(tmp_path: Path) -> None:
    """Wrong by a year, looked at, and set right again before anything was stamped with it."""
    async with jumping_floor(tmp_path) as bench:
        bench.is_set(YEAR)
        await bench.floor.find(Finding(AlertKind.DEVICE_OFFLINE, "reader", Holds.YES))
        await bench.pass_seconds(5)
        bench.is_set(-YEAR)
        await bench.pass_seconds(DEVICE_DWELL_S)
        assert set(bench.open_alerts()) == {("device_offline", "reader")}


async def test_a_snooze_lasts_as_long_as_was_said_whichever_way_the_clock_is_set(tmp_path: Path) -> None:
    for number, by in enumerate((YEAR, -YEAR, timedelta(hours=1), -timedelta(hours=1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with jumping_floor(folder) as bench:
            raised = await bench.empties()
            assert (await bench.desk.act(raised.id, BoardAct(act="snooze", minutes=30))).is_done
            bench.is_set(by)
            await bench.rests(29 * 60)
            assert bench.alert().state is AlertState.SNOOZED, by
            await bench.rests(2 * 60)
            assert bench.alert().state is AlertState.RAISED, by
            assert await bench.states() == ["raised", "snoozed", "raised"], by


async def test_a_message_that_found_no_network_before_the_jump_is_not_too_old_after_it(tmp_path: Path) -> None:
    """Network and time come together: what could not be sent a minute ago must not be given up for that."""
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        bench.phones.answers["floor"] = Verdict(Fate.FAILED, "unreachable")
        assert len(await bench.delivers()) == 1
        bench.phones.answers["floor"] = SENT
        bench.is_set(YEAR)
        await bench.rests(10)
        assert len(await bench.delivers()) == 1
        assert [event["outcome"] for event in await bench.events("alert.pushed")] == ["sent"]


async def test_a_message_does_not_wait_for_a_time_that_is_a_year_off(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        bench.phones.answers["floor"] = Verdict(Fate.FAILED, "unreachable")
        bench.is_set(YEAR)
        await bench.floor.tick()
        assert len(await bench.delivers()) == 1
        bench.phones.answers["floor"] = SENT
        bench.is_set(-YEAR)
        await bench.rests(60)
        assert len(await bench.delivers()) == 1


async def test_what_is_in_a_basket_is_not_missing_because_the_clock_was_set(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.weigh(8 * 120.0)
        await bench.weigh(6 * 120.0)
        bench.is_set(YEAR)
        await bench.weigh(6 * 120.0)
        await bench.sell("tea", 2)
        await bench.weigh(6 * 120.0, seconds=60)
        assert await bench.events("stock.discrepancy") == []
        assert bench.open_alerts() == {}


async def test_a_store_that_was_switched_off_overnight_does_not_begin_the_day_by_calling_the_manager(
    tmp_path: Path,
) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        await bench.restart(off_s=14 * 3_600)
        await bench.rests(25 * 60)
        assert await bench.states() == ["raised"], "staff have the time they always have"
        await bench.rests(6 * 60)
        assert await bench.states() == ["raised", "escalated"]


async def test_what_was_refilled_while_the_gateway_was_off_is_resolved_before_anybody_is_called(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        await bench.rests(29 * 60)
        await bench.restart(off_s=120)
        await bench.weigh(8 * 120.0, seconds=30)
        assert await bench.states() == ["raised", "resolved"]


async def test_restarting_again_and_again_does_not_keep_an_alert_from_being_passed_on(tmp_path: Path) -> None:
    async with jumping_floor(tmp_path) as bench:
        await bench.empties()
        for _ in range(12):
            await bench.restart(off_s=10)
            await bench.rests(180)
        assert await bench.states() == ["raised", "escalated"]
