"""The path of a reading, on the same stations as a tap: sense, record, identify, decide, commit, show.

A reading is a level, not a fact: it is compared in memory, and journalled only where it changed something (a slot
holds another number of units, a door opened, an alert was raised), in one transaction with all that follows from it.
What is in memory is replaced once that transaction is durable; one that fails is tried again at the next tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog

from devices.observations import DeviceState
from devices.readings import SensorRead, SensorWord
from edge_agent.floor.alerting import Alerts, Lights, NoAlerts
from edge_agent.floor.bell import Bell
from edge_agent.floor.findings import Finding
from edge_agent.floor.hearing import Hearers, Hearing
from edge_agent.floor.sensors import Sensors
from edge_agent.journal import Journal, JournalError, Reader
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.planogram import PlannedSlot
from edge_agent.supervision import DeviceCondition
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import ActResult, Board, CountAct

TICK_S = 1.0
_log = structlog.get_logger("decide")


def _nobody_called(_: Reader) -> Alerts:
    return NoAlerts()


@dataclass(frozen=True, slots=True)
class FloorTools:
    """What a floor works with. ``alerts`` reads the engine out of the journal, once, when the floor begins."""

    journal: Journal
    hub: LiveHub
    store_name: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    alerts: Callable[[Reader], Alerts] = _nobody_called
    lights: Lights | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Floor:
    """Takes what sensors, tills and people say of the floor, and tells what is so."""

    def __init__(self, tools: FloorTools, *, plan: tuple[PlannedSlot, ...] = ()) -> None:
        self._tools = tools
        self._plan = plan
        self._alerts: Alerts = NoAlerts()
        self._hearers = Hearers()
        self._found: dict[tuple[str, str], Finding] = {}
        self.sensors = Sensors(monotonic=tools.monotonic)
        self.changed = Bell()
        """Rung when the board looks different."""

    async def begin(self) -> None:
        """Take up what the journal knows; before the first word is observed."""
        self._alerts = await self._tools.journal.read(self._tools.alerts)

    async def observe(self, device: str, word: SensorWord) -> None:
        """Walk one word of a sensor; what it changed is durable when this returns."""
        for sensor in self.sensors.hear(device, word):
            if isinstance(word, SensorRead) and not word.is_retained:
                self._hearers.tell(sensor.id, word)
        self.changed.ring()

    async def find(self, *findings: Finding) -> None:
        """A room says what is the case: the supervisor of a device, the reader of a card."""
        for finding in findings:
            self._found[finding.kind, finding.subject] = finding
        await self._walk()

    def sold(self, skus: Iterable[str]) -> None:
        """These articles were sold or given back: ``Transaction.sold`` counted them. Never waits."""

    async def device_changed(self, condition: DeviceCondition) -> None:
        """A device stands differently now."""
        if condition.state is DeviceState.OFFLINE:
            self.sensors.device_changed(condition.name, condition.state, condition.reason)
        self.changed.ring()

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Somebody counted a slot by hand."""
        return ActResult(is_done=False, reason="gone" if slot else str(count.units))

    async def calibrated(self, calibration: Calibration) -> None:
        """A scale was taught, and the journal knows: what it tells from here on is by that."""

    def listen(self, scale: str) -> AbstractContextManager[Hearing]:
        """Its readings as they come, raw where the scale is: ``with floor.listen(s) as h: async for read in h``."""
        return self._hearers.listen(scale)

    def board(self) -> Board:
        """The floor as it is now."""
        return Board(store_name=self._tools.store_name, at=self._tools.now(), alerts=self._alerts.views())

    async def run(self) -> None:
        """See every second what time alone changes: dwell, age, baskets. Never returns."""
        while True:
            await self._tools.sleep(TICK_S)
            await self._walk()

    async def _walk(self) -> None:
        async with self._alerts.turn:
            now = self._tools.now()
            found = tuple(self._found.values())
            self._found.clear()
            try:
                for steps in (self._alerts.find(now, found), self._alerts.tick(now)):
                    if steps:
                        await self._tools.journal.write(steps.write)
                        self._alerts.accept(steps)
                        self.changed.ring()
            except JournalError as error:
                _log.error("commit", problem="the floor cannot be journalled; tried again", exc_info=error)


__all__ = ["TICK_S", "Floor", "FloorTools"]
