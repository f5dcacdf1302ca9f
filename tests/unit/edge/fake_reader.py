"""A card reader made of memory, and a clock that moves only when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Self

from devices.device import DeviceFault
from devices.observations import CardTapped, CardUid, ConditionChanged, DeviceState, Observation
from edge_agent.supervision import Backoff, Pace

BIRTH = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


class FakeTime:
    """Sleeping is instant and moves the clock; every sleep is remembered."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.sleeps: list[float] = []
        self._slept = asyncio.Condition()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.passed_s += seconds
        async with self._slept:
            self._slept.notify_all()
        await asyncio.sleep(0)

    def pass_(self, seconds: float) -> None:
        self.passed_s += seconds

    async def until_slept(self, times: int) -> None:
        async with asyncio.timeout(5), self._slept:
            await self._slept.wait_for(lambda: len(self.sleeps) >= times)

    def pace(
        self, *, draw: float = 1.0, open_s: float = 5.0, close_s: float = 0.2, alert_after_s: float = 60.0
    ) -> Pace:
        return Pace(
            backoff=Backoff(lambda: draw),
            sleep=self.sleep,
            monotonic=lambda: self.passed_s,
            now=lambda: BIRTH + timedelta(seconds=self.passed_s),
            open_s=open_s,
            close_s=close_s,
            alert_after_s=alert_after_s,
        )


class FakeReader:
    """Taps, faults and stubbornness on demand. One instance is opened again and again."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Observation | Exception] = asyncio.Queue()
        self.plugged = asyncio.Event()
        self.plugged.set()
        self.fault: Exception | None = None
        self.opened = 0
        self.closed = 0
        self.receipts: asyncio.Queue[Observation] = asyncio.Queue()
        self.refusals = 0
        self.entering: asyncio.Event | None = None
        self.deaf = False

    def tap(self, uid: str) -> None:
        self._told.put_nowait(CardTapped(CardUid.from_hex(uid), "fake"))

    def report(self, state: DeviceState, reason: str) -> None:
        self._told.put_nowait(ConditionChanged(state, reason))

    def break_with(self, error: Exception) -> None:
        self._told.put_nowait(error)

    def unplug(self, *, retry_after_s: float | None = None) -> None:
        self.fault = DeviceFault("cable pulled", remedy="plug it in", retry_after_s=retry_after_s)
        self._told.put_nowait(self.fault)

    def plug_in(self) -> None:
        self.fault = None

    def hang_on_opening(self) -> None:
        self.entering = asyncio.Event()

    def refuse_to_close(self) -> None:
        """From now on ignore every cancellation: the driver from hell."""
        self.deaf = True

    async def __aenter__(self) -> Self:
        self.opened += 1
        if self.entering is not None:
            await self.entering.wait()
        if self.fault is not None:
            raise self.fault
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed += 1

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            try:
                told = await self._told.get()
            except asyncio.CancelledError:
                if self.deaf:
                    continue
                raise
            if isinstance(told, Exception):
                raise told
            try:
                yield told
            except GeneratorExit:
                self.refusals += 1
                raise
            self.receipts.put_nowait(told)
