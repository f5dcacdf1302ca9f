"""Teaching the store's scales: one lesson per scale, fed with its live readings, kept in the journal."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from cloud_bridge.floor_contract import ScaleCalibratedV1
from edge_agent.floor.floor import FloorTools
from edge_agent.floor.hearing import Hearing, TooManyHearersError
from edge_agent.floor.sensors import Sensors
from edge_agent.journal import JournalError, Reader, Transaction
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.lesson import Lesson, Pupil, Step, WrongStepError
from edge_agent.shelves.planogram import PlannedSlot
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.calibration import (
    CALIBRATION_CHANNEL,
    CALIBRATION_EVENT,
    KNOWN_G_MAX,
    Begin,
    LessonView,
    ScaleList,
    ScaleView,
    Teach,
)
from kiosk_ui.staff.calibration_pages import GONE, CalibrationRefusedError

LESSONS_MAX = 8
IDLE_S = 900.0
"""A lesson at which nobody did anything for so long is over: its phone is in a pocket."""
LOOK_S = 0.5
_DAY_S = 86_400.0
_log = structlog.get_logger("decide")


class Weighing(Protocol):
    """What lessons need of the floor."""

    sensors: Sensors

    def listen(self, scale: str) -> AbstractContextManager[Hearing]:
        """The live readings of a scale."""
        ...

    async def calibrated(self, calibration: Calibration) -> None:
        """What a scale tells is by this from now on."""
        ...


@dataclass(slots=True, eq=False)
class _Course:
    """One lesson and who is at it."""

    slot: PlannedSlot
    lesson: Lesson
    units: int | None
    actor: str
    touched_s: float
    beat: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Calibrating:
    """The desk behind the calibration page and ``regulars calibrate``."""

    def __init__(self, plan: tuple[PlannedSlot, ...], floor: Weighing, tools: FloorTools) -> None:
        self._slots = {slot.slot: slot for slot in plan if slot.scale and slot.unit_weight_g}
        self._floor = floor
        self._tools = tools
        self._courses: dict[str, _Course] = {}

    async def scales(self) -> ScaleList:
        """Every scale of the plan, in its order."""
        views = await self._tools.journal.read(self._scales)
        return ScaleList(store_name=self._tools.store_name, scales=tuple(views))

    async def lesson(self, slot: str) -> LessonView:
        """The lesson that goes on at a slot."""
        return self._view(self._course(slot))

    async def begin(self, slot: str, begin: Begin) -> LessonView:
        """Begin one, unless one goes on at that scale. Its readings are listened to until it ends."""
        planned = self._slots.get(slot)
        if planned is None:
            raise CalibrationRefusedError(GONE)
        if slot in self._courses:
            raise CalibrationRefusedError("busy")
        if len(self._courses) >= LESSONS_MAX:
            raise CalibrationRefusedError("too_many")
        former = (await self._tools.journal.read(lambda reader: reader.calibrations())).get(planned.scale)
        pupil = Pupil(planned.scale, planned.unit_weight_g or 1.0, planned.capacity, former)
        known_g = begin.known_g if begin.units is None else begin.units * pupil.unit_weight_g
        if known_g is not None and known_g > KNOWN_G_MAX:
            raise CalibrationRefusedError("too_heavy")
        if known_g is None and former is None and self._is_raw(planned.scale):
            raise CalibrationRefusedError("never_taught")
        if slot in self._courses:
            # Somebody else began while the journal was read.
            raise CalibrationRefusedError("busy")
        now_s = self._tools.monotonic()
        lesson = Lesson(pupil, known_g=known_g, began_s=now_s)
        begun = self._courses[slot] = _Course(planned, lesson, begin.units, begin.actor, now_s)
        begun.tasks = [
            asyncio.create_task(self._attend(begun), name=f"lesson {slot}"),
            asyncio.create_task(self._look(begun), name=f"lesson {slot} looked after"),
        ]
        return self._told(begun)

    async def go_on(self, slot: str, step: str) -> LessonView:
        """What this step asks for is done."""
        here = self._course(slot)
        here.touched_s = self._tools.monotonic()
        try:
            here.lesson.go_on(Step(step), here.touched_s)
        except (ValueError, WrongStepError):
            raise CalibrationRefusedError("wrong_step") from None
        return self._told(here)

    async def again(self, slot: str) -> LessonView:
        """From the beginning."""
        here = self._course(slot)
        here.touched_s = self._tools.monotonic()
        here.lesson.again(here.touched_s)
        return self._told(here)

    async def keep(self, slot: str, actor: str) -> LessonView:
        """Keep what was found, durably, and weigh by it from now on. Ends the lesson."""
        here = self._course(slot)
        found = here.lesson.found
        if here.lesson.step is not Step.CONFIRM or found is None:
            raise CalibrationRefusedError("wrong_step")
        line = found.calibration
        event = ScaleCalibratedV1(
            scale=line.scale,
            zero_counts=line.zero_counts,
            counts_per_kg=line.counts_per_kg,
            known_g=line.known_g,
            actor=actor or here.actor,
        )

        def unit(tx: Transaction) -> None:
            tx.keep_calibration(line, tx.record(event))

        try:
            await self._tools.journal.write(unit)
        except JournalError as error:
            raise TouchError("not known to be kept") from error
        here.lesson.kept()
        await self._floor.calibrated(line)
        _log.info("commit", scale=line.scale, kept="calibration", known_g=line.known_g)
        view = self._told(here)
        self._end(slot)
        return view

    async def end(self, slot: str) -> None:
        """End the lesson; what was not kept is forgotten."""
        self._course(slot)
        self._end(slot)

    def close(self) -> None:
        """The gateway stops: every lesson ends."""
        for slot in tuple(self._courses):
            self._end(slot)

    def _course(self, slot: str) -> _Course:
        if slot not in self._slots:
            raise CalibrationRefusedError(GONE)
        if slot not in self._courses:
            raise CalibrationRefusedError("no_lesson")
        return self._courses[slot]

    def _end(self, slot: str) -> None:
        for task in self._courses.pop(slot).tasks:
            task.cancel()

    async def _attend(self, here: _Course) -> None:
        """Hand the lesson every reading of its scale."""
        with suppress(TooManyHearersError), self._floor.listen(here.slot.scale) as hearing:
            async for read in hearing:
                here.lesson.hear(read, self._tools.monotonic(), self._tools.now())
                here.beat += 1
                self._told(here)

    async def _look(self, here: _Course) -> None:
        """See what time alone changes: a scale that is silent, a lesson that nobody is at."""
        while True:
            await self._tools.sleep(LOOK_S)
            now_s = self._tools.monotonic()
            before = here.lesson.problem
            here.lesson.look(now_s)
            if here.lesson.problem is not before:
                self._told(here)
            if now_s - here.touched_s >= IDLE_S:
                self._courses.pop(here.slot.slot, None)
                here.tasks[0].cancel()
                return

    def _told(self, here: _Course) -> LessonView:
        view = self._view(here)
        self._tools.hub.publish(CALIBRATION_EVENT, view, channel=CALIBRATION_CHANNEL)
        return view

    def _view(self, here: _Course) -> LessonView:
        slot, lesson, found = here.slot, here.lesson, here.lesson.found
        return LessonView(
            slot=slot.slot,
            scale=slot.scale,
            sku=slot.sku,
            name_zh=slot.name_zh,
            name_en=slot.name_en,
            unit_weight_g=lesson.pupil.unit_weight_g,
            capacity=slot.capacity,
            teach=Teach.ZERO if lesson.known_g is None else Teach.WHOLE,
            step=lesson.step.value,
            problem=lesson.problem.value if lesson.problem else None,
            known_g=lesson.known_g,
            known_units=here.units,
            live_g=lesson.grams(),
            live_counts=lesson.last.value if lesson.last else None,
            is_steady=lesson.is_steady,
            beat=here.beat,
            error_g=found.error_g if found else None,
            error_units=found.error_units if found else None,
            drift_g=found.drift_g if found else None,
            drift_g_per_day=found.drift_g_per_day if found else None,
            actor=here.actor,
        )

    def _scales(self, reader: Reader) -> list[ScaleView]:
        views = []
        for slot in self._slots.values():
            before = reader.calibrations_of(slot.scale)
            views.append(
                ScaleView(
                    slot=slot.slot,
                    scale=slot.scale,
                    sku=slot.sku,
                    name_zh=slot.name_zh,
                    name_en=slot.name_en,
                    unit_weight_g=slot.unit_weight_g or 1.0,
                    capacity=slot.capacity,
                    is_raw=self._is_raw(slot.scale),
                    taught_at=before[0].at if before else None,
                    known_g=next((one.known_g for one in before if one.known_g), None),
                    drift_g_per_day=drift_of(before),
                    is_being_taught=slot.slot in self._courses,
                )
            )
        return views

    def _is_raw(self, scale: str) -> bool:
        """Whether a scale tells counts. One that said nothing yet may."""
        last = next((one.last for one in self._floor.sensors.all() if one.id == scale and one.last), None)
        return last is None or last.is_raw


def drift_of(lessons: list[Calibration]) -> float | None:
    """How fast the zero moved between the last two lessons, newest first, in grams per day."""
    if len(lessons) < 2:
        return None
    newest, before = lessons[0], lessons[1]
    days = (newest.at - before.at).total_seconds() / _DAY_S
    return before.grams(newest.zero_counts) / days if days >= 0.5 else None
