"""The supervisor keeps devices open, tells why they are not, and lets none of them delay another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from devices.observations import CardTapped, DeviceState, Observation
from edge_agent.supervision import AttachedDevice, DeviceCondition, Supervisor
from tests.unit.edge.fake_reader import BIRTH, FakeReader, FakeTime

Handler = Callable[[str, Observation], Awaitable[None]]


class Store:
    """What the supervisor told, and ways to wait for it."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.taken: list[tuple[str, Observation]] = []
        self.told: list[DeviceCondition] = []
        self.supervisor: Supervisor
        self._news = asyncio.Condition()

    async def take(self, device: str, observation: Observation) -> None:
        async with self._news:
            self.taken.append((device, observation))
            self._news.notify_all()

    async def hear(self, condition: DeviceCondition) -> None:
        async with self._news:
            self.told.append(condition)
            self._news.notify_all()

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(fact)

    async def until_state(self, device: str, state: DeviceState) -> None:
        def is_so() -> bool:
            return any(c.name == device and c.state is state for c in self.supervisor.conditions())

        await self.until(is_so)

    def states_of(self, device: str) -> list[tuple[DeviceState, str]]:
        return [(c.state, c.reason) for c in self.told if c.name == device]


@asynccontextmanager
async def supervised(time: FakeTime, handle: Handler | None = None, **readers: FakeReader) -> AsyncIterator[Store]:
    store = Store(time)
    devices = [AttachedDevice(name, "fake", lambda reader=reader: reader) for name, reader in readers.items()]
    store.supervisor = Supervisor(devices, handle=handle or store.take, changed=store.hear, pace=time.pace())
    running = asyncio.create_task(store.supervisor.run())
    try:
        yield store
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.supervisor.stop()


async def test_a_device_is_connecting_until_it_opened_and_then_online() -> None:
    reader = FakeReader()
    reader.hang_on_opening()
    async with supervised(FakeTime(), door=reader) as store:
        assert [c.state for c in store.supervisor.conditions()] == [DeviceState.CONNECTING]
        assert reader.entering is not None
        reader.entering.set()
        await store.until_state("door", DeviceState.ONLINE)
        assert store.supervisor.conditions()[0].last_seen == BIRTH


async def test_the_driver_is_resumed_only_after_its_observation_was_handled() -> None:
    reader = FakeReader()
    durable = asyncio.Event()
    handling = asyncio.Event()

    async def record(_: str, __: Observation) -> None:
        handling.set()
        await durable.wait()

    async with supervised(FakeTime(), record, door=reader):
        reader.tap("04a1b2c3")
        reader.tap("04a1b2c4")
        await asyncio.wait_for(handling.wait(), 5)
        assert reader.receipts.empty()
        durable.set()
        for _ in range(2):
            await asyncio.wait_for(reader.receipts.get(), 5)


async def test_an_unplugged_device_is_offline_with_the_reason_and_comes_back() -> None:
    reader = FakeReader()
    time = FakeTime()
    async with supervised(time, door=reader) as store:
        await store.until_state("door", DeviceState.ONLINE)
        reader.unplug()
        await time.until_slept(4)
        reader.plug_in()
        await store.until(lambda: [s for s, _ in store.states_of("door")].count(DeviceState.ONLINE) == 2)
    assert store.states_of("door") == [
        (DeviceState.ONLINE, ""),
        (DeviceState.OFFLINE, "cable pulled"),
        (DeviceState.ONLINE, ""),
    ]


async def test_waits_double_up_to_the_cap_and_never_end() -> None:
    reader = FakeReader()
    reader.unplug()
    time = FakeTime()
    async with supervised(time, door=reader):
        await time.until_slept(12)
    assert time.sleeps[:7] == [0.5, 1, 2, 4, 8, 15, 15]
    assert sum(time.sleeps[:9]) == 0.5 + 1 + 2 + 4 + 8 + 3 * 15  # cut in two where somebody is called
    assert set(time.sleeps[9:12]) == {15}


@pytest.mark.parametrize(("draw", "wait_s"), [(0.0, 7.5), (0.5, 11.25)])
def test_waits_are_jittered_between_half_and_all(draw: float, wait_s: float) -> None:
    assert FakeTime().pace(draw=draw).backoff.wait_s(50) == wait_s


async def test_the_device_may_name_its_own_first_wait() -> None:
    reader = FakeReader()
    reader.unplug(retry_after_s=7.0)
    time = FakeTime()
    async with supervised(time, door=reader):
        await time.until_slept(3)
    assert time.sleeps[:3] == [7.0, 1, 2]


async def test_a_device_that_was_healthy_for_a_while_starts_with_the_shortest_wait_again() -> None:
    reader = FakeReader()
    reader.unplug()
    time = FakeTime()
    async with supervised(time, door=reader) as store:
        await time.until_slept(5)
        reader.plug_in()
        await store.until_state("door", DeviceState.ONLINE)
        time.pass_(61)
        before = len(time.sleeps)
        reader.unplug()
        await time.until_slept(before + 1)
    assert time.sleeps[before] == 0.5


async def test_a_driver_bug_closes_only_that_device_and_is_called_a_bug() -> None:
    buggy, sound = FakeReader(), FakeReader()
    time = FakeTime()
    async with supervised(time, buggy=buggy, sound=sound) as store:
        await store.until_state("buggy", DeviceState.ONLINE)
        buggy.break_with(ZeroDivisionError())
        await store.until(lambda: (DeviceState.OFFLINE, "driver bug: ZeroDivisionError") in store.states_of("buggy"))
        await store.until(lambda: store.states_of("buggy")[-1] == (DeviceState.ONLINE, ""))
        sound.tap("04a1b2c3")
        await store.until(lambda: bool(store.taken))
    assert store.states_of("sound") == [(DeviceState.ONLINE, "")]
    assert buggy.closed == 2


async def test_a_device_stuck_in_opening_delays_no_other() -> None:
    stuck, sound = FakeReader(), FakeReader()
    stuck.hang_on_opening()
    async with supervised(FakeTime(), stuck=stuck, sound=sound) as store:
        sound.tap("04a1b2c3")
        await store.until(lambda: bool(store.taken))
        assert [c.state for c in store.supervisor.conditions()] == [DeviceState.CONNECTING, DeviceState.ONLINE]


async def test_opening_has_a_time_limit() -> None:
    stuck = FakeReader()
    stuck.hang_on_opening()
    time = FakeTime()
    store = Store(time)
    device = AttachedDevice("door", "fake", lambda: stuck)
    store.supervisor = Supervisor([device], handle=store.take, changed=store.hear, pace=time.pace(open_s=0.01))
    running = asyncio.create_task(store.supervisor.run())
    await store.until_state("door", DeviceState.OFFLINE)
    running.cancel()
    await store.supervisor.stop()
    assert store.states_of("door")[0] == (DeviceState.OFFLINE, "did not open within 0.01 s")


async def test_a_degraded_device_says_why_and_goes_on_reading() -> None:
    reader = FakeReader()
    async with supervised(FakeTime(), door=reader) as store:
        reader.report(DeviceState.DEGRADED, "weak field")
        reader.tap("04a1b2c3")
        await store.until(lambda: bool(store.taken))
        assert store.supervisor.conditions()[0].state is DeviceState.DEGRADED
        reader.report(DeviceState.ONLINE, "")
        await store.until_state("door", DeviceState.ONLINE)
    assert all(isinstance(observation, CardTapped) for _, observation in store.taken)


async def test_an_observation_that_cannot_be_handled_closes_the_generator_and_the_opening_is_asked_again() -> None:
    reader = FakeReader()
    taken: list[Observation] = []
    recovered = asyncio.Event()

    async def fails_once(_: str, observation: Observation) -> None:
        taken.append(observation)
        if len(taken) == 1:
            raise RuntimeError("a bug in the path")
        recovered.set()

    async with supervised(FakeTime(), fails_once, door=reader) as store:
        reader.tap("04a1b2c3")
        await store.until(lambda: (DeviceState.OFFLINE, "not taken: RuntimeError") in store.states_of("door"))
        reader.tap("04a1b2c4")
        await asyncio.wait_for(recovered.wait(), 5)
    assert reader.refusals == 1
    assert reader.opened == 1


async def test_a_path_that_takes_nothing_twice_in_a_row_has_the_device_opened_again() -> None:
    reader = FakeReader()
    refused = 0
    recovered = asyncio.Event()

    async def fails_twice(_: str, __: Observation) -> None:
        nonlocal refused
        refused += 1
        if refused > 2:
            recovered.set()
            return
        raise RuntimeError("a bug in the path")

    async with supervised(FakeTime(), fails_twice, door=reader):
        for uid in ("04a1b2c3", "04a1b2c4", "04a1b2c5"):
            reader.tap(uid)
        await asyncio.wait_for(recovered.wait(), 5)
    assert reader.opened == 2


async def test_a_condition_that_cannot_be_recorded_leaves_the_device_working() -> None:
    reader = FakeReader()
    time = FakeTime()
    store = Store(time)

    async def disk_is_full(_: DeviceCondition) -> None:
        raise OSError("no space left")

    device = AttachedDevice("door", "fake", lambda: reader)
    supervisor = Supervisor([device], handle=store.take, changed=disk_is_full, pace=time.pace())
    running = asyncio.create_task(supervisor.run())
    reader.tap("04a1b2c3")
    await store.until(lambda: bool(store.taken))
    running.cancel()
    await supervisor.stop()


async def test_a_device_that_will_not_close_is_left_behind_in_time() -> None:
    stubborn, sound = FakeReader(), FakeReader()
    loop = asyncio.get_running_loop()
    async with supervised(FakeTime(), stubborn=stubborn, sound=sound) as store:
        await store.until_state("stubborn", DeviceState.ONLINE)
        await store.until_state("sound", DeviceState.ONLINE)
        stubborn.refuse_to_close()
        began_s = loop.time()
        assert await store.supervisor.stop() == ("stubborn",)
        assert loop.time() - began_s < 1.0
        assert sound.closed == 1
        stubborn.deaf = False
