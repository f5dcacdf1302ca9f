"""Every indicator of the store, looked after like a device: a broken lamp delays nobody and shows up as broken.

What one shall show is remembered here. Showing it is the work of its own task, which the supervisor keeps alive: after
a pulled plug the lamp is opened again and shows what it should show by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

from devices.device import Indicator, IndicatorDriver, Signal
from devices.observations import ConditionChanged, DeviceState, Observation
from edge_agent.config.indicator_settings import IndicatorTable
from edge_agent.supervision import AttachedDevice

SHOWN_AGAIN_S = 15.0
"""How often an indicator is told again what it shows: one that broke meanwhile is found."""


class Lights:
    """All indicators. ``drivers`` pairs each table with its driver; both were checked when the settings were read."""

    def __init__(self, drivers: Iterable[tuple[IndicatorTable, IndicatorDriver[Any]]]) -> None:
        self._wanted: dict[str, _Wanted] = {}
        self._attached: list[AttachedDevice] = []
        for table, driver in drivers:
            wanted = self._wanted[table.name] = _Wanted(table.at_start)
            self._attached.append(_attached(table, driver, wanted))

    def attached(self) -> tuple[AttachedDevice, ...]:
        """The indicators as devices, for the supervisor."""
        return tuple(self._attached)

    async def show(self, indicator: str, signal: Signal) -> None:
        """Show it from now on. Never waits for the indicator; one that is not configured shows nothing."""
        if wanted := self._wanted.get(indicator):
            wanted.want(signal)

    async def try_out(self, indicator: str, *, seconds: float) -> bool:
        """Blink for so long, so that somebody can see which one it is; returns whether there is such an indicator.

        What it is to show meanwhile is not forgotten, and shown afterwards.
        """
        wanted = self._wanted.get(indicator)
        if wanted is None:
            return False
        wanted.overlay(Signal.BLINK)
        try:
            await asyncio.sleep(seconds)
        finally:
            wanted.overlay(None)
        return True

    def shown(self) -> dict[str, Signal]:
        """What each indicator is to show now, by name."""
        return {name: wanted.signal for name, wanted in self._wanted.items()}


class _Wanted:
    """What one indicator is to show."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.changed = asyncio.Event()
        self._over: Signal | None = None

    @property
    def showing(self) -> Signal:
        """What it shows now: for a moment something else than what it is to show."""
        return self._over or self.signal

    def want(self, signal: Signal) -> None:
        if signal is not self.signal:
            self.signal = signal
            self.changed.set()

    def overlay(self, signal: Signal | None) -> None:
        self._over = signal
        self.changed.set()


def _attached(table: IndicatorTable, driver: IndicatorDriver[Any], wanted: _Wanted) -> AttachedDevice:
    settings = driver.configure(table.settings)
    return AttachedDevice(table.name, table.driver, lambda: _LookedAfter(driver.open(settings), wanted))


class _LookedAfter:
    """An indicator as a device: it observes nothing, shows what is wanted, and says that it is well."""

    def __init__(self, indicator: Indicator, wanted: _Wanted) -> None:
        self._indicator = indicator
        self._wanted = wanted

    async def __aenter__(self) -> Self:
        await self._indicator.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._indicator.__aexit__(kind, error, trace)

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            self._wanted.changed.clear()
            await self._indicator.show(self._wanted.showing)
            yield ConditionChanged(DeviceState.ONLINE, "")
            try:
                async with asyncio.timeout(SHOWN_AGAIN_S):
                    await self._wanted.changed.wait()
            except TimeoutError:
                continue
