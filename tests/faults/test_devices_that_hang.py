"""Drivers and power hooks that hang, thirty devices that fail at once: staff are called, and no more than needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from devices.device import DeviceFault
from devices.observations import DeviceState, Observation
from edge_agent.floor.findings import AlertKind
from edge_agent.supervision import AttachedDevice, DeviceCondition, PowerCycle, Supervisor
from edge_agent.supervision.calling import device_finding
from tests.unit.edge.alerts_bench import alert_bench
from tests.unit.edge.fake_reader import FakeTime


class Stubborn:
    """A driver that neither opens nor lets itself be cancelled."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def __aenter__(self) -> Self:
        while not self.let_go.is_set():
            with suppress(asyncio.CancelledError):
                await self.let_go.wait()
        raise DeviceFault("gone", remedy="none")

    async def __aexit__(self, *_: object) -> None:
        """Never open."""

    async def observations(self) -> AsyncIterator[Observation]:
        """Never open."""
        never: tuple[Observation, ...] = ()
        for nothing in never:
            yield nothing


class Switch:
    """A power hook that hangs, once or always, with the power cut."""

    def __init__(self, *, hangs_on: str) -> None:
        self.hangs_on, self.is_on, self.calls = hangs_on, True, 0

    async def off(self) -> None:
        self.is_on = False
        await self._hang("off")

    async def on(self) -> None:
        self.is_on = True
        await self._hang("on")

    async def _hang(self, word: str) -> None:
        self.calls += 1
        if word == self.hangs_on:
            await asyncio.Event().wait()


async def test_a_driver_that_will_not_even_be_cancelled_has_somebody_called() -> None:
    called = asyncio.Event()
    conditions: list[DeviceCondition] = []
    stubborn = Stubborn()

    async def nothing(*_: object) -> None:
        """Not asked about here."""

    async def call(condition: DeviceCondition, is_needed: bool) -> None:
        conditions.append(condition)
        called.set()

    pace = replace(FakeTime().pace(), open_s=0.02, alert_after_s=0.05)
    device = AttachedDevice("door", "stubborn", lambda: stubborn)
    supervisor = Supervisor([device], handle=nothing, changed=nothing, alarm=call, pace=pace)
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(5):
            await called.wait()
        assert (conditions[0].state, conditions[0].remedy[:19]) == (DeviceState.OFFLINE, "Restart the gateway")
    finally:
        stubborn.let_go.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await supervisor.stop()


@pytest.mark.parametrize("word", ["off", "on"])
async def test_a_power_hook_that_hangs_ends_and_does_not_leave_a_device_without_power(word: str) -> None:
    switch, time = Switch(hangs_on=word), FakeTime()
    async with asyncio.timeout(5):
        with pytest.raises(DeviceFault, match="did not switch"):
            await PowerCycle(switch, switch_s_max=0.02).run(time.sleep)
    assert switch.is_on


async def test_thirty_devices_that_fail_at_once_are_thirty_alerts_and_one_message(tmp_path: Path) -> None:
    gone = [DeviceCondition(f"device-{n}", "fake", state=DeviceState.OFFLINE, reason="unplugged") for n in range(30)]
    async with alert_bench(tmp_path) as bench:
        await bench.finds(*(device_finding(condition, is_needed=True) for condition in gone))
        await bench.passes(seconds=35)
        assert bench.alerts.open_by_kind()[AlertKind.DEVICE_OFFLINE] == 30
        assert len(await bench.delivers()) == 1
        await bench.finds(*(device_finding(condition, is_needed=False) for condition in gone))
        await bench.passes(seconds=15)
        assert bench.alerts.open_by_kind()[AlertKind.DEVICE_OFFLINE] == 0
        await bench.passes(minutes=11)
        assert await bench.delivers() == [], "who wants to hear of ends is told of them, others are not"
