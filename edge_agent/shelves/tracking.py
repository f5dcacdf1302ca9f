"""One scale under one slot: its samples as they come, whether they are live, and what they settled at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from devices.readings import SensorRead
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.planogram import PlannedSlot
from edge_agent.shelves.settling import Level, Settling, StillRules
from edge_agent.shelves.stock import Cause, Note, SlotStock, Source, by_weight
from edge_agent.shelves.weighing import NEAR, Shelf, Weighed, Weighs, weigh

RESTLESS_S = 60.0
"""A weight that has not settled for so long tells nothing of now."""
PATIENCE = 3.0
"""Intervals without a sample after which a scale that reports regularly is silent."""
SAVE_DRIFT_SHARE = 0.2
"""Drift is kept with the next change, or once it has moved by this share of a unit."""
REFINE_S = 5.0
REFINE_SHARE = 0.05
"""A weight that rests is looked at again after so long, or once it moved by this share of a unit."""
_CERTAINTY_STEP = 10
"""Smaller moves of the confidence are shown and not kept."""


@dataclass(frozen=True, slots=True)
class TrackRules:
    """How scales are listened to; see ``[floor]``."""

    still: StillRules = field(default_factory=StillRules)
    stale_s: float = 60.0
    drift_g_max: float = 100.0


class Tracker:
    """Follows the scale of one slot. ``stock`` is what is durably known; :meth:`hear` refines what needs no journal."""

    def __init__(self, planned: PlannedSlot, stock: SlotStock, rules: TrackRules) -> None:
        assert planned.unit_weight_g is not None  # noqa: S101  a planned slot with a scale has one
        self.planned = planned
        self.stock = stock
        self.shelf = Shelf(planned.unit_weight_g, planned.capacity, rules.drift_g_max)
        self.calibration: Calibration | None = None
        self.is_there = True
        """Its sensor has not said, nor its device, that it is gone."""
        self.interval_s: float | None = None
        self.resumes: Cause | None = Cause.WHILE_OFF
        """Why a change at the next settled weight is not somebody's doing just now."""
        self.needs_calibration = False
        self._rules = rules
        self._settling = Settling(self.shelf.unit_g, ceiling_g=self.shelf.ceiling_g, rules=rules.still)
        self._heard_s: float | None = None
        self._settled_s: float | None = None
        self._refined = (0.0, 0.0)
        """When, and at how many grams, the stock was last looked at."""
        self._is_disturbed = False
        self._saved_drift_g = stock.weighed.drift_g

    def hear(self, read: SensorRead, at_s: float, at: Callable[[], datetime]) -> bool:
        """One more sample; whether it settled at something that the journal must know."""
        grams, noise_g = self._grams(read)
        if grams is None:
            return False
        self._heard_s = at_s
        self.is_there = True
        before = self._settling.level
        level = self._settling.hear(at_s, grams, noise_g)
        if level is None:
            self._is_disturbed = self._is_disturbed or before is not None or self._is_far(grams)
            return False
        self._is_disturbed = False
        return self._settled(level, at_s, at)

    def weighed(self, at: datetime) -> SlotStock:
        """The stock by what the scale has settled at, for the journal to keep."""
        level = self._settling.level
        if level is None:
            return self.stock
        return by_weight(self.stock, weigh(self.stock.weighed, level, self.shelf), at)

    def accept(self, stock: SlotStock) -> None:
        """The journal keeps this now."""
        self.stock = stock
        self._saved_drift_g = stock.weighed.drift_g
        if self._settling.level is not None:
            self.resumes = None

    def is_live(self, now_s: float) -> bool:
        """Whether the number of units is of now, by its own scale."""
        if not self.is_there or self._heard_s is None or self._settled_s is None:
            return False
        limit_s = self._rules.stale_s if self.interval_s is None else max(10.0, PATIENCE * self.interval_s)
        return now_s - self._heard_s <= limit_s and now_s - self._settled_s <= max(RESTLESS_S, limit_s)

    def age(self, now_s: float) -> None:
        """See whether it still tells something of now."""
        if self._settled_s is not None and not self.is_live(now_s):
            self.silenced()

    def silenced(self) -> None:
        """It is gone, or silent: what it says when it is back may have happened at any time."""
        self._settling.forget()
        self._settled_s = None
        self.resumes = self.resumes or Cause.WHILE_OFF

    def calibrated(self, calibration: Calibration) -> None:
        """Its counts mean other grams from here on."""
        self.calibration = calibration
        self.needs_calibration = False
        self._settling.forget()
        weighed = replace(self.stock.weighed, drift_g=0.0, foreign_g=0.0)
        self.stock = replace(self.stock, weighed=weighed)
        self.resumes = Cause.CALIBRATED

    def counted(self, stock: SlotStock) -> SlotStock:
        """Somebody counted: the scale learns from it what its shelf weighs beside the goods."""
        level = self._settling.level
        if level is None or stock.units is None:
            return stock
        beside_g = level.grams - stock.units * self.shelf.unit_g
        drift_g = min(self.shelf.drift_g_max, max(-self.shelf.drift_g_max, beside_g))
        rest_g = beside_g - drift_g
        is_foreign = abs(rest_g) > NEAR * self.shelf.unit_g
        means = Weighs.WRONG_ITEM if is_foreign else Weighs.GOODS
        foreign_g = rest_g if is_foreign else 0.0
        weighed = replace(stock.weighed, units=stock.units, means=means, drift_g=drift_g, foreign_g=foreign_g, miss=0.0)
        return replace(stock, weighed=weighed, sources=(Source.COUNT, Source.WEIGHT))

    def note(self, now_s: float, stock: SlotStock) -> Note:
        """What stands beside the number of ``stock``."""
        if self.needs_calibration:
            return Note.UNCALIBRATED
        if self._heard_s is not None and not self.is_live(now_s) and not self._is_disturbed:
            return Note.STALE
        if self._is_disturbed and self.is_there:
            return Note.HAND
        if self._heard_s is None:
            return Note.STALE if stock.units is not None else Note.NONE
        return _NOTES[stock.weighed.means]

    def _grams(self, read: SensorRead) -> tuple[float | None, float]:
        if self.calibration is not None:
            return self.calibration.grams_of(read), self.calibration.noise_g_of(read)
        self.needs_calibration = read.is_raw
        return (None, 0.0) if read.is_raw else (read.value, read.noise)

    def _is_far(self, grams: float) -> bool:
        """Whether a sample that did not settle is more than the scale's own noise from what was known."""
        weighed = self.stock.weighed
        if weighed.units is None:
            return False
        expected_g = weighed.units * self.shelf.unit_g + weighed.drift_g + weighed.foreign_g
        return abs(grams - expected_g) > max(NEAR * self.shelf.unit_g, 6 * self._settling.noise_g)

    def _settled(self, level: Level, at_s: float, at: Callable[[], datetime]) -> bool:
        refined_s, refined_g = self._refined
        if self._settled_s is not None and at_s - refined_s < REFINE_S and not self._is_news(level.grams - refined_g):
            self._settled_s = at_s
            return False
        elapsed_s = 0.0 if self._settled_s is None else at_s - refined_s
        self._settled_s, self._refined = at_s, (at_s, level.grams)
        kept = self.stock
        found = weigh(kept.weighed, level, self.shelf, elapsed_s=elapsed_s)
        if self._must_be_kept(kept, found):
            return True
        self.resumes = None
        refined = by_weight(kept, found, at())
        # A camera that disputes or backs the number keeps its say; the weight alone moves the rest.
        if abs(refined.certainty - kept.certainty) < _CERTAINTY_STEP:
            refined = replace(refined, certainty=kept.certainty)
        self.stock = refined if Source.COUNT not in kept.sources else replace(refined, sources=kept.sources)
        return False

    def _is_news(self, moved_g: float) -> bool:
        return abs(moved_g) > REFINE_SHARE * self.shelf.unit_g

    def _must_be_kept(self, kept: SlotStock, found: Weighed) -> bool:
        """Whether what was found differs from what the journal has by more than it does for no reason."""
        if found.means is not kept.weighed.means:
            return True
        if found.means is Weighs.REMOVED:
            return False
        return (
            kept.as_of is None
            or found.units != kept.units
            or found.foreign_g != kept.weighed.foreign_g
            or abs(found.drift_g - self._saved_drift_g) > SAVE_DRIFT_SHARE * self.shelf.unit_g
            or Source.WEIGHT not in kept.sources
        )


_NOTES = {Weighs.GOODS: Note.NONE, Weighs.WRONG_ITEM: Note.WRONG_ITEM, Weighs.REMOVED: Note.REMOVED}
