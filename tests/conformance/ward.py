"""Any registered driver on its virtual hardware under the real supervisor, waits between attempts cut short.

Healing is measured on a clock to which every wait that was cut short is added in full: what it says is what a shop
would have waited, or more, since the hardware itself is not any slower.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from devices.device import Device, Driver
from devices.observations import ConditionChanged, DeviceState, Observation, SaleCompleted, SaleReceipt, SaleStatus
from devices.readings import SensorRead
from devices.registry import load_driver
from devices.virtual.faults import FaultKind, UnsupportedFault
from edge_agent.supervision import AttachedDevice, Backoff, DeviceCondition, Pace, Supervisor
from edge_agent.supervision.states import TRANSITIONS
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

BIRTH = datetime(2026, 1, 1, tzinfo=UTC)
HEALED_S_MAX = 30.0
_WAIT_S_MAX = 0.02
"""The most of a wait between two attempts that is really waited for."""
_SEEN_S = 8.0
"""How long one thing that the hardware shows may take to be seen, before it shows another."""
_GIVEN_UP_S = 60.0
_HELD_S = 0.3
"""How long a fault lasts at least; longer where the driver takes longer to notice."""
_NOTICED_S = 8.0
_SPREADS = 3 * 1.4826
"""Three standard deviations, in median absolute deviations: a load cell that just started is still settling."""


class Mishap(StrEnum):
    """What can happen to a device beside the faults of its hardware."""

    NOT_TAKEN = "not_taken"
    """What it says cannot be recorded."""


Injection = FaultKind | Mishap
BRIEF = frozenset({FaultKind.GARBAGE, FaultKind.FLOOD, Mishap.NOT_TAKEN})
"""They are over by themselves: nothing is waited for."""
SEEN_IN_USE = frozenset({FaultKind.FROZEN, FaultKind.LATE, FaultKind.TORN_CARD})
"""They happen only while something is shown."""


def harness_modules() -> dict[str, ModuleType]:
    """The module of each driver's harness, by the driver's name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("harness_*.py"))
    modules = [importlib.import_module(f"tests.conformance.{name}") for name in names]
    return {module.DRIVER: module for module in modules}


class CutShort:
    """Time in which waits are cut short, and counted in full."""

    def __init__(self) -> None:
        self._skipped_s = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self._skipped_s

    async def sleep(self, seconds: float) -> None:
        really_s = min(seconds, _WAIT_S_MAX)
        self._skipped_s += seconds - really_s
        await asyncio.sleep(really_s)


@dataclass(slots=True)
class Story:
    """What a driver said under the supervisor, and what its hardware showed."""

    told: list[DeviceCondition] = field(default_factory=list)
    handled: list[Observation] = field(default_factory=list)
    shown: list[Observation] = field(default_factory=list)
    calls: list[bool] = field(default_factory=list)

    def forbidden_steps(self) -> list[tuple[DeviceState, DeviceState]]:
        """Changes of state that the table of transitions does not have."""
        allowed = {(before, now) for (before, _), now in TRANSITIONS.items()}
        states = [DeviceState.CONNECTING, *(condition.state for condition in self.told)]
        return [step for step in pairwise(states) if step not in allowed]

    def invented(self) -> list[Observation]:
        """What was said and never shown."""
        return [said for said in self.handled if not any(_tells_of(said, shown) for shown in self.shown)]


def _tells_of(said: Observation, shown: Observation) -> bool:
    """Whether it is what was shown, or a measurement whose spread says itself how far from that it may be."""
    if isinstance(said, SensorRead) and isinstance(shown, SensorRead) and said.noise > 0:
        is_same_sensor = (said.sensor, said.measure) == (shown.sensor, shown.measure)
        return is_same_sensor and abs(said.value - shown.value) <= _SPREADS * said.noise
    return said == shown


class Patient:
    """One driver with its hardware, looked after by a supervisor."""

    def __init__(self, driver: Driver[Any], harness: Harness, *, draw: Callable[[], float] = lambda: 1.0) -> None:
        self.driver = driver
        self.harness = harness
        self.story = Story()
        self._time = CutShort()
        self._news = asyncio.Condition()
        self._refuses = False
        self._showing: set[asyncio.Task[Observation]] = set()
        self.supervisor = Supervisor(
            [AttachedDevice(driver.name, driver.name, self._open)],
            handle=self._handle,
            changed=self._changed,
            alarm=self._alarm,
            pace=Pace(backoff=Backoff(draw), sleep=self._time.sleep, monotonic=self._time.monotonic, now=lambda: BIRTH),
        )

    @property
    def state(self) -> DeviceState:
        return self.supervisor.conditions()[0].state

    async def suffer(self, injection: Injection, *, in_use: bool = True) -> bool:
        """Let this happen, ``in_use`` while the hardware shows something; whether it can fail so at all."""
        if injection is Mishap.NOT_TAKEN:
            self._refuses = True
            return True
        if not await self._break(injection):
            return False
        if in_use and injection in SEEN_IN_USE:
            await self._sees_one(within_s=_HELD_S, to_the_end=True)
        if injection not in BRIEF:
            await self._until(lambda: self.state is DeviceState.OFFLINE, limit_s=_HELD_S)
        return True

    async def notice(self) -> bool:
        """Wait until it is seen to be offline; whether that was seen."""
        return await self._until(lambda: self.state is DeviceState.OFFLINE, limit_s=_NOTICED_S)

    async def mend(self, injection: Injection) -> None:
        """The hardware is well again."""
        self._refuses = False
        if injection is FaultKind.UNPLUGGED and Ability.UNPLUG in self.harness.abilities:
            await self.harness.replug()
        elif isinstance(injection, FaultKind):
            await self.harness.heal()
            if (twin := getattr(self.harness, "twin", None)) is not None:
                twin.heal()

    async def heal(self) -> float | None:
        """Show things until one is seen; returns for how long a shop would have waited, ``None`` if it never was."""
        if self._showing:  # what was begun under a fault is shown to its end
            await asyncio.wait(self._showing, timeout=_GIVEN_UP_S)
        began_s, loop = self._time.monotonic(), asyncio.get_running_loop()
        given_up_s = loop.time() + _GIVEN_UP_S
        while loop.time() < given_up_s:
            if await self._sees_one():
                return self._time.monotonic() - began_s
        return None

    async def leave(self) -> None:
        """Nothing that was begun goes on."""
        for task in self._showing:
            task.cancel()
        await asyncio.gather(*self._showing, return_exceptions=True)

    async def _sees_one(self, *, within_s: float = _SEEN_S, to_the_end: bool = False) -> bool:
        if not await self._until(self._is_open, limit_s=_SEEN_S):
            return False
        before = len(self.story.handled)
        showing = asyncio.create_task(self._show())

        def is_seen() -> bool:
            is_shown = showing.done() and not showing.cancelled() and showing.exception() is None
            return is_shown and showing.result() in self.story.handled[before:]

        showing.add_done_callback(lambda _: asyncio.ensure_future(self._tell()))
        try:
            return await self._until(is_seen, limit_s=within_s)
        finally:
            if to_the_end:
                self._showing.add(showing)
                showing.add_done_callback(self._showing.discard)
            else:
                showing.cancel()
                await asyncio.wait((showing,))

    async def _show(self) -> Observation:
        self._note_former()
        shown = await self.harness.produce()
        self.story.shown.append(shown)
        self._note_former()
        return shown

    def _note_former(self) -> None:
        """What the hardware showed before may be told again."""
        former: Iterable[Observation] = getattr(self.harness, "former", ())
        self.story.shown += [seen for seen in former if seen not in self.story.shown]

    async def _break(self, kind: FaultKind) -> bool:
        ways = {
            FaultKind.UNPLUGGED: (Ability.UNPLUG, self.harness.unplug),
            FaultKind.GARBAGE: (Ability.GARBLE, self.harness.garble),
            FaultKind.SILENT: (Ability.SILENCE, self.harness.silence),
        }
        if kind in ways and ways[kind][0] in self.harness.abilities:
            await ways[kind][1]()
            return True
        twin = getattr(self.harness, "twin", None)
        if twin is None or kind in ways:
            return False
        try:
            twin.fail(kind)
        except UnsupportedFault:
            return False
        return True

    def _is_open(self) -> bool:
        return self.state in {DeviceState.ONLINE, DeviceState.DEGRADED}

    def _open(self) -> Device:
        return self.driver.open(self.driver.configure(self.harness.settings()))

    async def _handle(self, _: str, observation: Observation) -> None:
        if self._refuses:
            self._refuses = False
            raise OSError("no space left on device")
        if isinstance(observation, SaleCompleted):
            observation.reply(SaleReceipt(observation.sale_id, SaleStatus.RECORDED))
        assert not isinstance(observation, ConditionChanged)
        self.story.handled.append(observation)
        await self._tell()

    async def _changed(self, condition: DeviceCondition) -> None:
        self.story.told.append(condition)
        await self._tell()

    async def _alarm(self, _: DeviceCondition, is_needed: bool) -> None:
        self.story.calls.append(is_needed)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _until(self, fact: Callable[[], bool], *, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s), self._news:
                await self._news.wait_for(fact)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def looked_after(
    name: str, place: HarnessPlace, *, draw: Callable[[], float] = lambda: 1.0
) -> AsyncIterator[Patient]:
    """The driver called ``name`` on its hardware, opened and closed with it."""
    harness: Harness = harness_modules()[name].harness(place)
    await harness.open()
    patient = Patient(load_driver(name), harness, draw=draw)
    running = asyncio.create_task(patient.supervisor.run())
    try:
        yield patient
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await patient.supervisor.stop()
        await patient.leave()
        await harness.close()
