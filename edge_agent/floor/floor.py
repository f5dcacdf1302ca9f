"""The path of a reading, on the same stations as a tap: sense, record, identify, decide, commit, show.

A reading is a level, not a fact: it is compared in memory, and journalled only where it changed something (a slot
holds another number of units, a door opened, an alert was raised), in one transaction with all that follows from it.
What is in memory is replaced once that transaction is durable; one that fails is tried again at the next tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from devices.observations import DeviceState
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead, SensorWord
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.alerting import Alerts, Lights, NoAlerts
from edge_agent.floor.bell import Bell
from edge_agent.floor.board_view import FloorView
from edge_agent.floor.clock_steps import ClockSteps
from edge_agent.floor.findings import JOURNAL, AlertKind, Finding, Holds
from edge_agent.floor.hearing import Hearers, Hearing
from edge_agent.floor.sensors import Sensor, Sensors, sensor_id
from edge_agent.floor.shown import PUBLISH_EVERY_S_MIN, ShelfLights, publish_board
from edge_agent.floor.stock_findings import SaidOfSlots, finding_of, recounted
from edge_agent.floor.watch.climate import Climate, temperature_findings
from edge_agent.floor.watch.contacts import Contacts
from edge_agent.floor.watch.sensor_findings import sensor_findings
from edge_agent.floor.work import Work
from edge_agent.journal import Journal, JournalError, Reader
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.planogram import PlannedSlot
from edge_agent.shelves.settling import StillRules
from edge_agent.shelves.shelves import ShelfRules, Shelves
from edge_agent.shelves.stock import Seen
from edge_agent.shelves.tracking import TrackRules
from edge_agent.supervision import DeviceCondition
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import ActResult, AlertView, Board, CountAct
from kiosk_ui.staff.board_stream import BoardStream

TICK_S = 1.0
_OF_SENSORS = (AlertKind.DEVICE_OFFLINE, AlertKind.TEMPERATURE, AlertKind.DOOR_OPEN)
LOOKED_AT_MAX = 20
"""Slots of which is seen, each tick, whether their number has grown too old to be believed."""
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

    def __init__(self, tools: FloorTools, settings: FloorSettings, *, plan: tuple[PlannedSlot, ...] = ()) -> None:
        self._tools = tools
        self._settings = settings
        self._plan = plan
        self._alerts: Alerts = NoAlerts()
        self._hearers = Hearers()
        self._climate = Climate()
        self._contacts = Contacts()
        self._limits = {limits.sensor: limits for limits in settings.temperatures}
        self._shelves = Shelves(plan, rules_of(settings))
        self._scales = frozenset(planned.scale for planned in plan if planned.scale)
        self._said = SaidOfSlots()
        self._found: dict[tuple[AlertKind, str], Finding] = {}
        self._sold: set[str] = set()
        self._gone: set[str] = set()
        self._looked_at = 0
        self._is_refused = False
        self._clock_steps = ClockSteps(tools.now, tools.monotonic)
        self._moved = timedelta()
        self._hours: tuple[str | None, bool] = (None, False)
        self._said_of_sensors: dict[str, Holds] = {}
        self.sensors = Sensors(monotonic=tools.monotonic, wanted=self._scales | self._limits.keys())
        self._view = FloorView(
            tools.store_name, tools.now, tools.monotonic, lambda: self._alerts, lambda: self._shelves, self.sensors
        )
        self.changed = Bell()
        """Rung when the board looks different."""

    @property
    def articles(self) -> frozenset[str]:
        """What the planogram sells: articles whose sales are to be counted."""
        return frozenset(self._shelves.articles)

    async def begin(self) -> None:
        """Take up what the journal knows; before the first word is observed."""
        load, journal = self._tools.alerts, self._tools.journal
        self._alerts, stocks, baskets, calibrations = await journal.read(
            lambda reader: (load(reader), reader.stocks(), reader.baskets(), reader.calibrations())
        )
        if new := self.articles - baskets.keys():
            baskets |= await journal.write(lambda tx: tx.begin_baskets(new))
        self._shelves = Shelves(
            self._plan, rules_of(self._settings), stocks=stocks, kept=baskets, calibrations=calibrations
        )
        # What was sold and not taken in when the last run ended.
        self._sold.update(self._shelves.articles)

    async def observe(self, device: str, word: SensorWord) -> None:
        """Walk one word of a sensor; what it changed is durable when this returns, or tried again at the next tick."""
        is_due = False
        for sensor in self.sensors.hear(device, word):
            is_due = self._heard(sensor, word) or is_due
        if isinstance(word, SensorLost) and not self.sensors.knows(name := sensor_id(device, word.sensor)):
            # Taken back for good: nobody will ever say of it that all is well again.
            self._found.update({(kind, name): Finding(kind, name, Holds.NO) for kind in _OF_SENSORS})
            is_due = True
        if is_due:
            await self._walk()
        self.changed.ring()

    async def find(self, *findings: Finding) -> None:
        """A room says what is the case: the supervisor of a device, the reader of a card."""
        for finding in findings:
            self._found[finding.kind, finding.subject] = finding
        await self._walk()

    def sold(self, skus: Iterable[str]) -> None:
        """These articles were sold or given back: ``Transaction.sold`` counted them. Never waits."""
        self._sold.update(sku for sku in skus if sku in self._shelves.articles)

    def seen(self, slot: str, fill: float, confidence: float) -> bool:
        """A camera saw how full a slot is (both from 0 to 1); whether the plan has that slot. Never waits."""
        return self._shelves.seen(slot, Seen(fill, confidence, self._tools.now()))

    async def device_changed(self, condition: DeviceCondition) -> None:
        """A device stands differently now."""
        if condition.state is DeviceState.OFFLINE:
            self._gone.add(condition.name)
            for sensor in self.sensors.device_changed(condition.name, condition.state, condition.reason):
                self._shelves.scale_is(sensor.id, there=False)
        else:
            self._gone.discard(condition.name)
        self.changed.ring()

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Somebody counted a slot. Raises :class:`TouchError` when that is not known to be kept; again is safe."""
        if slot not in self._shelves.plan:
            return ActResult(is_done=False, reason="gone")
        planned = self._shelves.plan[slot]
        async with self._alerts.turn:
            self._mind_the_clock()
            now, now_s = self._tools.now(), self._tools.monotonic()
            work = Work(self._shelves.count(slot, count.units, now, now_s))
            work.findings = [*recounted(planned), *self._of_slot(slot, work)]
            work.steps = self._alerts.find(now, work.findings)
            try:
                await self._carry_out(work)
            except JournalError as error:
                raise TouchError("not known to be recorded") from error
        return ActResult(is_done=True)

    async def calibrated(self, calibration: Calibration) -> None:
        """A scale was taught, and the journal knows: what it tells from here on is by that."""
        self._shelves.calibrated(calibration)
        self.changed.ring()

    def listen(self, scale: str) -> AbstractContextManager[Hearing]:
        """Its readings as they come, raw where the scale is: ``with floor.listen(s) as h: async for read in h``."""
        return self._hearers.listen(scale)

    def alert_views(self) -> tuple[AlertView, ...]:
        """Alerts as they stand, most urgent first."""
        return self._alerts.views()

    def board(self) -> Board:
        """The floor as it is now."""
        return self._view.board()

    async def run(self) -> None:
        """See every second what time alone changes, and show what changed. Never returns."""
        stream = BoardStream(self._tools.hub, monotonic=self._tools.monotonic)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_ticking(), name="floor tick")
            group.create_task(publish_board(stream, self._view, self.changed, sleep=self._tools.sleep), name="board")
            if self._tools.lights is not None:
                group.create_task(self._light(self._tools.lights), name="shelf lights")

    async def tick(self) -> None:
        """See what time alone has changed: ages, dwell, baskets, doors."""
        self._shelves.age(self._tools.monotonic())
        await self._walk(is_tick=True)
        now = self._tools.now()
        if (hours := (self._alerts.shift(now), self._alerts.is_quiet(now))) != self._hours:
            self._hours = hours
            self.changed.ring()

    async def _keep_ticking(self) -> None:
        while True:
            await self._tools.sleep(TICK_S)
            await self.tick()

    async def _light(self, lights: Lights) -> None:
        shown = ShelfLights(self._plan, lights, buzzer=self._settings.buzzer)
        news = self.changed.listener()
        while True:
            await shown.show(self.alert_views())
            await self._tools.sleep(PUBLISH_EVERY_S_MIN)
            await news.wait()

    def _heard(self, sensor: Sensor, word: SensorWord) -> bool:
        """Take one word in; whether there is something to journal now."""
        now_s = self._tools.monotonic()
        match word:
            case SensorRead(is_retained=False):
                self._hearers.tell(sensor.id, word)
                if sensor.measure is Measure.WEIGHT and sensor.id in self._scales:
                    return self._shelves.hear(sensor.id, word, now_s, self._tools.now)
                self._climate.hear(sensor, now_s)
                self._contacts.hear(sensor, now_s, self._tools.now())
                if sensor.measure is Measure.TEMPERATURE and (limits := self._limits.get(sensor.id)):
                    findings = temperature_findings(sensor, limits, is_stale=False)
                    self._found.update({(finding.kind, finding.subject): finding for finding in findings})
            case SensorRead():
                self._contacts.hear(sensor, now_s, self._tools.now())
            case SensorFound(interval_s=interval_s):
                self._shelves.interval(sensor.id, interval_s)
            case SensorLost():
                self._shelves.scale_is(sensor.id, there=False)
            case SensorBack():
                self._shelves.scale_is(sensor.id, there=True)
        return False

    async def _walk(self, *, is_tick: bool = False) -> None:
        """Journal what is due, with all that follows from it."""
        async with self._alerts.turn:
            self._mind_the_clock()
            found, sold = tuple(self._found.values()), frozenset(self._sold)
            self._found.clear()
            self._sold.clear()
            try:
                await self._carry_out(await self._due(found, sold, is_tick=is_tick))
                self._is_refused = False
            except JournalError as error:
                if not self._is_refused:
                    # Said once: it is tried again every second.
                    _log.error("commit", problem=f"the floor cannot be journalled, and tries again: {error}")
                self._is_refused = True
                if self._alerts.hold(self._tools.now(), str(error)):
                    self.changed.ring()
                self._sold |= sold
                self._found = {(finding.kind, finding.subject): finding for finding in found} | self._found

    def _mind_the_clock(self) -> None:
        """A clock that was set makes nothing due that was not."""
        if not (step := self._clock_steps.look()):
            return
        _log.warning("sense", problem="the clock was set", seconds=round(step.total_seconds()))
        self._alerts.clock_moved(step)
        self._shelves.clock_moved(step)
        self._moved += step

    async def _due(self, found: tuple[Finding, ...], sold: frozenset[str], *, is_tick: bool) -> Work:
        totals = await self._tools.journal.read(lambda reader: reader.sold_of(sold)) if sold else None
        now, now_s = self._tools.now(), self._tools.monotonic()
        work = Work(self._shelves.due(now, now_s, totals=totals), findings=list(found), clock_moved=self._moved)
        for slot in dict.fromkeys((*work.shelf.stocks, *(self._next_slots() if is_tick else ()))):
            work.findings += self._of_slot(slot, work)
        work.findings += self._of_discrepancies(work)
        if is_tick:
            work.climate, work.contacts = self._climate.due(now_s), self._contacts.due(now_s)
            work.findings += self._of_time(now_s)
        work.steps = self._alerts.find(now, work.findings)
        if is_tick:
            # All that is due, what was just found included.
            work.steps = self._alerts.tick(now)
        return work

    async def _carry_out(self, work: Work) -> None:
        """Write it, then believe it. Raises :class:`JournalError`: then nothing of it is so."""
        if work:
            await self._tools.journal.write(work.write)
        self._moved -= work.clock_moved
        self._shelves.accept(work.shelf)
        self._climate.accept(work.climate)
        self._contacts.accept(work.contacts)
        self._said.said([finding for finding in work.findings if finding.subject in self._shelves.plan])
        for finding in work.findings:
            if finding.kind is AlertKind.DEVICE_OFFLINE:
                self._said_of_sensors[finding.subject] = finding.holds
        if work.steps:
            self._alerts.accept(work.steps)
        if work:
            self.changed.ring()

    def _of_slot(self, slot: str, work: Work) -> list[Finding]:
        """What is new of a slot, as it is once the work is done."""
        now, now_s = self._tools.now(), self._tools.monotonic()
        known = self._shelves.now(slot, now, now_s, step=work.shelf)
        return self._said.news(known, margin=self._settings.reorder_margin)

    def _of_discrepancies(self, work: Work) -> Iterator[Finding]:
        for sku, told in work.shelf.discrepancies:
            slot = told.slot or self._shelves.articles[sku][0]
            basket = work.shelf.baskets.get(sku) or self._shelves.basket(sku)
            missing = sum(lot.units for lot in basket.missing)
            finding = finding_of(self._shelves.plan[slot], told, still_missing=missing)
            if finding is not None:
                yield finding

    def _of_time(self, now_s: float) -> Iterator[Finding]:
        """What is found by looking at everything that may have grown old."""
        said = self._said_of_sensors
        yield from sensor_findings(self.sensors.all(), now_s, devices_gone=self._gone, said=said)
        yield from self._contacts.doors(now_s, open_for=timedelta(minutes=self._settings.door_open_minutes))
        trouble = self._tools.journal.durability()
        holds = Holds.NO if trouble == "full" else Holds.YES
        yield Finding(AlertKind.DURABILITY, JOURNAL, holds, {} if holds is Holds.NO else {"reason": trouble[:120]})

    def _next_slots(self) -> list[str]:
        slots = list(self._shelves.plan)
        begin = self._looked_at % max(1, len(slots))
        self._looked_at = begin + LOOKED_AT_MAX
        return slots[begin : begin + LOOKED_AT_MAX]


def rules_of(settings: FloorSettings) -> ShelfRules:
    """How shelves are kept, by ``[floor]``."""
    still = StillRules(settings.settle_s, settings.settle_samples)
    track = TrackRules(still, stale_s=settings.scale_stale_s, drift_g_max=settings.drift_g_max)
    return ShelfRules(track, basket=timedelta(minutes=settings.basket_minutes))


__all__ = ["TICK_S", "Floor", "FloorTools", "rules_of"]
