"""Devices heal by themselves as far as they can: the ladder, power, silence, floods, and the call for somebody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import Any, Self

import pytest

from devices.device import DeviceFault, Signal, Trouble
from devices.observations import CardTapped, CardUid, DeviceState, Observation
from edge_agent.supervision import (
    AttachedDevice,
    DeviceCondition,
    PowerCycle,
    RelayPower,
    Rung,
    Supervisor,
)
from tests.unit.edge.fake_reader import FakeReader, FakeTime

_WITHIN_S = 5.0


@dataclass
class Relay:
    """A relay that remembers, and that may refuse."""

    shown: list[tuple[str, Signal]] = field(default_factory=list)
    refusals: int = 0
    off: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, indicator: str, signal: Signal) -> None:
        if signal is Signal.ON and self.refusals:
            self.refusals -= 1
            raise DeviceFault("stuck", remedy="tap it")
        self.shown.append((indicator, signal))
        if signal is Signal.OFF:
            self.off.set()


class Ward:
    """A supervisor over some devices, what it told, and ways to wait for it."""

    def __init__(self) -> None:
        self.told: list[DeviceCondition] = []
        self.taken: list[tuple[str, Observation]] = []
        self.calls: list[tuple[str, bool]] = []
        self.supervisor: Supervisor
        self._news = asyncio.Condition()

    async def take(self, device: str, observation: Observation) -> None:
        await self._note(lambda: self.taken.append((device, observation)))

    async def hear(self, condition: DeviceCondition) -> None:
        await self._note(lambda: self.told.append(condition))

    async def call(self, condition: DeviceCondition, is_needed: bool) -> None:
        await self._note(lambda: self.calls.append((condition.name, is_needed)))

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(fact)

    def was_offline(self, times: int) -> bool:
        return sum(condition.state is DeviceState.OFFLINE for condition in self.told) >= times

    async def until_state(self, device: str, state: DeviceState) -> None:
        await self.until(lambda: any(c.name == device and c.state is state for c in self.supervisor.conditions()))

    async def _note(self, do: Callable[[], None]) -> None:
        async with self._news:
            do()
            self._news.notify_all()


@asynccontextmanager
async def supervised(
    time: FakeTime,
    *devices: AttachedDevice,
    handle: Callable[[str, Observation], Awaitable[None]] | None = None,
    **pace: Any,
) -> AsyncIterator[Ward]:
    ward = Ward()
    ward.supervisor = Supervisor(
        devices,
        handle=handle or ward.take,
        changed=ward.hear,
        alarm=ward.call,
        pace=replace(time.pace(), **pace),
    )
    running = asyncio.create_task(ward.supervisor.run())
    try:
        yield ward
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await ward.supervisor.stop()


def device(name: str, reader: FakeReader, **more: Any) -> AttachedDevice:
    return AttachedDevice(name, "fake", lambda: reader, **more)


def absent() -> FakeReader:
    """A reader that is not plugged in."""
    reader = FakeReader()
    reader.fault = DeviceFault("nothing there", remedy="plug it in")
    return reader


async def test_power_is_cut_and_given_back_after_four_failures_in_a_row() -> None:
    reader, relay, time = absent(), Relay(), FakeTime()
    power = PowerCycle(RelayPower("relay-1", show=relay.show), off_s=5.0, settle_s=3.0)
    async with supervised(time, device("door", reader, power=power)) as ward:
        await asyncio.wait_for(relay.off.wait(), _WITHIN_S)
        assert reader.opened == 5
        reader.plug_in()
        await ward.until_state("door", DeviceState.ONLINE)
        assert ward.supervisor.healing()["door"].rungs == {Rung.REOPEN: 4, Rung.POWER: 1}
    assert relay.shown == [("relay-1", Signal.OFF), ("relay-1", Signal.ON)]
    assert time.sleeps[4:6] == [5.0, 3.0]


async def test_power_is_given_back_although_the_relay_refuses_twice() -> None:
    relay, time = Relay(refusals=2), FakeTime()
    await PowerCycle(RelayPower("relay-1", show=relay.show)).run(time.sleep)
    assert relay.shown[-1] == ("relay-1", Signal.ON)


async def test_power_is_given_back_although_the_gateway_stops_in_between() -> None:
    relay = Relay()

    async def for_ever(_: float) -> None:
        await asyncio.Event().wait()

    cycling = asyncio.create_task(PowerCycle(RelayPower("relay-1", show=relay.show)).run(for_ever))
    await asyncio.wait_for(relay.off.wait(), _WITHIN_S)
    cycling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cycling
    assert relay.shown == [("relay-1", Signal.OFF), ("relay-1", Signal.ON)]


async def test_a_relay_that_fails_does_not_end_the_reopening() -> None:
    reader, relay, time = absent(), Relay(refusals=1_000), FakeTime()
    async with supervised(time, device("door", reader, power=PowerCycle(RelayPower("r", show=relay.show)))) as ward:
        await time.until_slept(20)
        reader.plug_in()
        await ward.until_state("door", DeviceState.ONLINE)


async def test_somebody_is_called_once_a_device_was_offline_for_a_minute_and_sent_home_when_it_is_back() -> None:
    reader, time = absent(), FakeTime()
    async with supervised(time, device("door", reader)) as ward:
        await ward.until(lambda: bool(ward.calls))
        assert 60 in list(accumulate(time.sleeps)), "it wakes in the middle of a wait to call"
        await time.until_slept(len(time.sleeps) + 5)
        assert ward.calls == [("door", True)]
        reader.plug_in()
        await ward.until(lambda: len(ward.calls) == 2)
        assert ward.calls[1] == ("door", False)


async def test_a_device_that_comes_and_goes_has_somebody_called_when_the_ladder_ends() -> None:
    reader, time = FakeReader(), FakeTime()
    async with supervised(time, device("door", reader), alert_after_s=10_000) as ward:
        for times in range(1, 12):
            await ward.until_state("door", DeviceState.ONLINE)
            reader.break_with(DeviceFault("loose contact", remedy="solder it"))
            await ward.until(partial(ward.was_offline, times))
        await ward.until(lambda: ("door", True) in ward.calls)


async def test_an_alert_that_cannot_be_kept_is_said_again() -> None:
    reader, time = absent(), FakeTime()
    attempts: list[bool] = []
    said = asyncio.Event()

    async def disk_is_full_once(_: DeviceCondition, is_needed: bool) -> None:
        attempts.append(is_needed)
        if len(attempts) == 1:
            raise OSError("no space left")
        said.set()

    ward = Ward()
    ward.supervisor = Supervisor(
        [device("door", reader)], handle=ward.take, changed=ward.hear, alarm=disk_is_full_once, pace=time.pace()
    )
    running = asyncio.create_task(ward.supervisor.run())
    await asyncio.wait_for(said.wait(), _WITHIN_S)
    running.cancel()
    await ward.supervisor.stop()
    assert attempts[:2] == [True, True]


async def test_a_device_that_reports_regularly_and_falls_silent_is_opened_again() -> None:
    reader, time = FakeReader(), FakeTime()
    async with supervised(time, device("scale", reader, silence_s_max=0.02)) as ward:
        await ward.until(lambda: any(c.key == Trouble.SILENT for c in ward.told))
        await ward.until(lambda: reader.opened >= 2)
    assert "said nothing for 0.02 s" in {c.reason for c in ward.told}


class Flood:
    """Says something whenever it is asked, and never pauses."""

    def __init__(self) -> None:
        self.said = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            self.said += 1
            yield CardTapped(CardUid(self.said.to_bytes(4, "big")), "fake")


async def test_a_flood_is_let_in_by_portions_and_called_so() -> None:
    flood, time = Flood(), FakeTime()
    async with supervised(time, AttachedDevice("flood", "fake", lambda: flood), words_per_s_max=100) as ward:
        await time.until_slept(3)
        assert ward.supervisor.conditions()[0].state is DeviceState.DEGRADED
        assert ward.supervisor.conditions()[0].key == Trouble.FLOODING
        assert 300 <= len(ward.taken) <= 400
    assert [observation for _, observation in ward.taken] == [
        CardTapped(CardUid(number.to_bytes(4, "big")), "fake") for number in range(1, len(ward.taken) + 1)
    ]


async def test_beside_a_flood_another_device_is_taken_with_its_next_turn() -> None:
    flood, good, time = Flood(), FakeReader(), FakeTime()
    order: list[str] = []
    taken = asyncio.Event()

    async def handle(name: str, _: Observation) -> None:  # returns without a pause, as one in memory does
        order.append(name)
        if name == "flood" and order.count("flood") == 50:
            good.tap("04a1b2c3")
        if name == "good":
            taken.set()

    async with supervised(
        time, AttachedDevice("flood", "fake", lambda: flood), device("good", good), handle=handle, words_per_s_max=10**6
    ):
        await asyncio.wait_for(taken.wait(), _WITHIN_S)
    assert order.index("good") - 50 <= 4, "a word of the flood a turn, and a few turns to be read"


class LoopHog:
    """A driver that keeps the event loop to itself for ``hold_s``, by the test's clock, whenever it is read."""

    def __init__(self, time: FakeTime, hold_s: float) -> None:
        self._time = time
        self._hold_s = hold_s
        self.opened = 0

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            self._time.pass_(self._hold_s)
            await asyncio.sleep(0)
            yield CardTapped(CardUid(b"\x04abc"), "fake")


async def test_a_driver_that_keeps_the_loop_to_itself_is_closed_and_named() -> None:
    time = FakeTime()
    hog = LoopHog(time, 1.5)
    async with supervised(time, AttachedDevice("hog", "fake", lambda: hog)) as ward:
        await ward.until(lambda: any(c.key == Trouble.HOLDS_UP for c in ward.told))
        assert ward.supervisor.healing()["hog"].hold_ups >= 1
        await ward.until(lambda: hog.opened >= 3)
    assert "its driver held up all other devices for 1.5 s" in {c.reason for c in ward.told}


async def test_short_stretches_on_the_loop_are_counted_and_no_reason_to_close() -> None:
    time = FakeTime()
    hog = LoopHog(time, 0.06)
    async with supervised(time, AttachedDevice("hog", "fake", lambda: hog)) as ward:
        await ward.until(lambda: len(ward.taken) >= 5)
        assert ward.supervisor.healing()["hog"].hold_ups >= 5
    assert hog.opened == 1


async def test_a_word_that_came_is_taken_before_its_driver_is_closed_for_holding_up() -> None:
    time = FakeTime()

    class Slow(LoopHog):
        async def observations(self) -> AsyncIterator[Observation]:
            self._time.pass_(2.0)
            yield CardTapped(CardUid(b"\x04abc"), "fake")

    async with supervised(time, AttachedDevice("hog", "fake", lambda: Slow(time, 0))) as ward:
        await ward.until(lambda: any(c.key == Trouble.HOLDS_UP for c in ward.told))
    assert ward.taken


async def test_the_reason_that_is_shown_is_what_broke_and_not_that_it_would_not_close_either() -> None:
    class Wedged(FakeReader):
        async def __aexit__(self, *_: object) -> None:
            await asyncio.Event().wait()

    reader, time = Wedged(), FakeTime()
    async with supervised(time, device("door", reader), close_s=0.01) as ward:
        await ward.until_state("door", DeviceState.ONLINE)
        reader.unplug()
        await ward.until_state("door", DeviceState.OFFLINE)
        await time.until_slept(1)
        assert ward.supervisor.conditions()[0].reason == "cable pulled"


async def test_what_takes_long_to_close_goes_on_until_its_port_is_free() -> None:
    class Slow(FakeReader):
        def __init__(self) -> None:
            super().__init__()
            self.may_close, self.is_free = asyncio.Event(), asyncio.Event()

        async def __aexit__(self, *_: object) -> None:
            await self.may_close.wait()
            self.is_free.set()

    reader, time = Slow(), FakeTime()
    async with supervised(time, device("door", reader), close_s=0.01) as ward:
        await ward.until_state("door", DeviceState.ONLINE)
        reader.unplug()
        await time.until_slept(1)
        assert not reader.is_free.is_set()
        reader.may_close.set()
        await asyncio.wait_for(reader.is_free.wait(), _WITHIN_S)


async def test_of_a_driver_that_never_closes_one_opening_at_most_is_left_behind() -> None:
    class Wedged(FakeReader):
        def __init__(self) -> None:
            super().__init__()
            self.closing = 0

        async def __aexit__(self, *_: object) -> None:
            self.closing += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.closing -= 1

    reader, time = Wedged(), FakeTime()
    async with supervised(time, device("door", reader), close_s=0.01) as ward:
        for times in range(1, 5):
            await ward.until_state("door", DeviceState.ONLINE)
            reader.break_with(DeviceFault("cable pulled", remedy="plug it in"))
            await time.until_slept(times)
        await asyncio.sleep(0)
        assert reader.closing == 1
