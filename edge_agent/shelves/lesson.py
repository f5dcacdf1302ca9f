"""Teaching a scale, step by step: empty, known weight, empty again; and what the scale cannot be taught.

Pure: readings and presses go in, with time in seconds on one monotonic clock; the next step comes out. Everything is
reckoned in counts until the slope is known, so the polarity of the load cell does not matter.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from devices.readings import SensorRead
from edge_agent.shelves.calibration import (
    COUNTS_MAX,
    MILLIGRAM_COUNTS_PER_KG,
    Calibration,
    counts_of,
    counts_of_noise,
)
from edge_agent.shelves.settling import Level, Settling, StillRules

STILL = StillRules(span_s=3.0, samples=5)
UNSTEADY_S = 45.0
"""A shelf that does not come to rest for so long is not left alone, or something is loose."""
SILENT_S = 5.0
NOISES_PER_UNIT_MIN = 4.0
"""How many noises of the scale one unit must weigh at least, or units cannot be told apart."""
NOISES_OF_LOAD_MIN = 20.0
ERROR_UNITS_MAX = 0.4
"""Counting rounds to the nearest unit: half a unit of error counts wrong."""
_SIGMAS = 3.0
_TOLD_KEPT = 8
_TOLD_NOISES_MAX = 8.0
"""How many of the spreads that a scale tells of itself its readings may differ and still be at rest."""
_OFF_SHARE = 0.5
"""The known weight counts as taken off once less than this share of it is left."""
_DAY_S = 86_400.0
_NO_TIME = datetime.fromtimestamp(0, UTC)
"""Of a line that is only for the live figure."""


class Step(StrEnum):
    """Where a lesson stands. Those that end in "ing" go on by themselves."""

    EMPTY = "empty"
    """Waits for somebody to say that the shelf is empty."""
    TARING = "taring"
    LOAD = "load"
    """Waits for somebody to say that the known weight is on."""
    WEIGHING = "weighing"
    UNLOADING = "unloading"
    """Waits for the known weight to be taken off: the check."""
    CONFIRM = "confirm"
    """All is known; waits for somebody to keep it."""
    DONE = "done"


_ORDER = tuple(Step)
_ASKING = frozenset({Step.EMPTY, Step.LOAD})


class Problem(StrEnum):
    """What keeps a lesson from going on, or makes what it found useless."""

    UNSTEADY = "unsteady"
    SILENT = "silent"
    UNCHANGED = "unchanged"
    """The known weight changed next to nothing: it is not on, or the cell is not connected."""
    TOO_LIGHT = "too_light"
    """The known weight is too light to tell the slope as exactly as this slot needs."""
    TOO_NOISY = "too_noisy"
    """One unit is lost in the noise of the scale."""
    INEXACT = "inexact"
    """The shelf did not come back to its zero: it touches something, or the weight was another one."""


class WrongStepError(Exception):
    """What was asked for does not fit where the lesson stands."""


@dataclass(frozen=True, slots=True)
class Pupil:
    """The scale and its slot. ``former`` is what it was taught before; ``None``: nothing."""

    scale: str
    unit_weight_g: float
    capacity: int
    former: Calibration | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a lesson found. ``error_g`` is what remains at a full slot; ``drift_g`` how far the zero moved."""

    calibration: Calibration
    error_g: float = 0.0
    error_units: float = 0.0
    drift_g: float | None = None
    drift_g_per_day: float | None = None


class Lesson:
    """One lesson. With ``known_g`` it teaches zero and slope, without only the zero."""

    def __init__(self, pupil: Pupil, *, known_g: float | None, began_s: float) -> None:
        self.pupil = pupil
        self.known_g = known_g
        self.step = Step.EMPTY
        self.problem: Problem | None = None
        self.found: Found | None = None
        self.last: SensorRead | None = None
        self._told: deque[float] = deque(maxlen=_TOLD_KEPT)
        self._still = _settling()
        self._step_s = self._heard_s = began_s
        self._zero: Level | None = None
        self._loaded: Level | None = None

    @property
    def is_steady(self) -> bool:
        """Whether the scale is at rest now."""
        return self._still.level is not None

    def grams(self) -> float | None:
        """What lies on the shelf by the best that is known now; ``None`` while nothing is."""
        if self.last is None:
            return None
        line = self.found.calibration if self.found else self._line(_NO_TIME) or self._line_so_far()
        return None if line is None else line.grams_of(self.last)

    def hear(self, read: SensorRead, now_s: float, at: datetime) -> None:
        """One reading of the scale."""
        self.last = read
        self._heard_s = now_s
        if self.problem is Problem.SILENT:
            self.problem = None
        self._told.append(counts_of_noise(read))
        level = self._still.hear(now_s, counts_of(read), counts_of_noise(read))
        if self._moves_too_much(read):
            # What moves all the time looks like a noisy scale. Here it is a hand: nothing is learned from it.
            self._still = _settling()
        elif level is not None:
            self._settled(level, now_s, at)

    def look(self, now_s: float) -> None:
        """Time passed without a word of the scale."""
        if now_s - self._heard_s >= SILENT_S:
            self.problem = Problem.SILENT
        elif self.step in {Step.TARING, Step.WEIGHING} and now_s - self._step_s >= UNSTEADY_S and not self.is_steady:
            self.problem = Problem.UNSTEADY

    def go_on(self, step: Step, now_s: float) -> None:
        """Somebody says that what ``step`` asks for is done; said twice, it counts once.

        Raises :class:`WrongStepError` for a step that asks for nothing, and for one that is still to come.
        """
        if step in _ASKING and _ORDER.index(step) < _ORDER.index(self.step):
            return
        if step is not self.step or step not in _ASKING:
            raise WrongStepError(f"the lesson is at {self.step.value}")
        # What was weighed while hands were at the shelf says nothing of what lies there now.
        self._still.forget()
        self._go(Step.TARING if step is Step.EMPTY else Step.WEIGHING, now_s)

    def again(self, now_s: float) -> None:
        """From the beginning."""
        self._zero = self._loaded = self.found = None
        self._still.forget()
        self._go(Step.EMPTY, now_s)

    def kept(self) -> None:
        """What was found is kept. Raises :class:`WrongStepError` where there is nothing to keep."""
        if self.step is not Step.CONFIRM or self.found is None:
            raise WrongStepError(f"the lesson is at {self.step.value}")
        self.step = Step.DONE

    def _moves_too_much(self, read: SensorRead) -> bool:
        if told := max(self._told):
            return self._still.noise_g > _TOLD_NOISES_MAX * told
        return not read.is_raw and self._still.noise_g > self.pupil.unit_weight_g * 1_000 / NOISES_PER_UNIT_MIN

    def _go(self, step: Step, now_s: float, problem: Problem | None = None) -> None:
        self.step, self.problem, self._step_s = step, problem, now_s

    def _settled(self, level: Level, now_s: float, at: datetime) -> None:
        if self.problem is Problem.UNSTEADY:
            self.problem = None
        match self.step:
            case Step.TARING:
                self._zero = level
                if self.known_g is None:
                    self.found = self._moved(level, at)
                self._go(Step.LOAD if self.known_g is not None else Step.CONFIRM, now_s)
            case Step.WEIGHING if self._zero is not None:
                problem = self._refusal(self._zero, level)
                self._loaded = None if problem else level
                self._go(Step.LOAD if problem else Step.UNLOADING, now_s, problem)
            case Step.UNLOADING if self._zero is not None and self._loaded is not None:
                load = self._loaded.grams - self._zero.grams
                if abs(level.grams - self._zero.grams) < abs(load) * _OFF_SHARE:
                    self._check(level, now_s, at)

    def _refusal(self, zero: Level, loaded: Level) -> Problem | None:
        """Why this known weight teaches nothing. A level's ``grams`` are counts here."""
        delta, noise = abs(loaded.grams - zero.grams), self._still.noise_g
        known_g = self.known_g or 0.0
        if delta < NOISES_OF_LOAD_MIN / 2 * noise:
            return Problem.UNCHANGED
        counts_per_unit = delta / known_g * self.pupil.unit_weight_g
        if counts_per_unit < NOISES_PER_UNIT_MIN * noise:
            return Problem.TOO_NOISY
        slope_error = _SIGMAS * (zero.error_g + loaded.error_g) / delta
        if delta < NOISES_OF_LOAD_MIN * noise or slope_error * self.pupil.capacity > ERROR_UNITS_MAX / 2:
            return Problem.TOO_LIGHT
        return None

    def _check(self, empty: Level, now_s: float, at: datetime) -> None:
        """The shelf is empty again: how well does it know so, and how exact will a full slot be?"""
        line = self._line(at)
        if line is None or self._zero is None or self._loaded is None:
            return
        delta = abs(self._loaded.grams - self._zero.grams)
        slope_error = _SIGMAS * (self._zero.error_g + self._loaded.error_g) / delta
        back_g = abs(line.grams(empty.grams))
        # The zero moved between the first and the second weighing: the known weight was off by as much, at most.
        slope_error += back_g / (self.known_g or 1.0)
        error_g = back_g + slope_error * self.pupil.capacity * self.pupil.unit_weight_g
        error_units = error_g / self.pupil.unit_weight_g
        drift = self._moved(self._zero, at)
        self.found = Found(line, error_g, error_units, drift_g=drift.drift_g, drift_g_per_day=drift.drift_g_per_day)
        if error_units > ERROR_UNITS_MAX:
            self._go(Step.UNLOADING, now_s, Problem.INEXACT)
            return
        self._go(Step.CONFIRM, now_s)

    def _line(self, at: datetime) -> Calibration | None:
        if self._zero is None or self._loaded is None or self.known_g is None:
            return None
        slope = round((self._loaded.grams - self._zero.grams) * 1_000 / self.known_g)
        if slope == 0 or abs(slope) > COUNTS_MAX:
            return None
        return Calibration(self.pupil.scale, round(self._zero.grams), slope, at, max(1, round(self.known_g)))

    def _line_so_far(self) -> Calibration | None:
        """For the live figure: the former slope on the new zero, once that is known."""
        former = self.pupil.former
        if former is None or self._zero is None:
            return former
        return Calibration(former.scale, round(self._zero.grams), former.counts_per_kg, former.at)

    def _moved(self, zero: Level, at: datetime) -> Found:
        """The new zero on the former slope, and how far it is from the former one."""
        former = self.pupil.former
        slope = former.counts_per_kg if former else MILLIGRAM_COUNTS_PER_KG
        line = Calibration(self.pupil.scale, round(zero.grams), slope, at)
        if former is None:
            return Found(line)
        drift_g = former.grams(zero.grams)
        days = (at - former.at).total_seconds() / _DAY_S
        return Found(line, drift_g=drift_g, drift_g_per_day=drift_g / days if days >= 0.5 else None)


def _settling() -> Settling:
    """Of counts, as grams are not known yet: whatever it calls grams are counts here."""
    return Settling(math.inf, ceiling_g=math.inf, rules=STILL)
