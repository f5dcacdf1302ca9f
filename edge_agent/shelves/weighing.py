"""From a settled weight to whole units: pure, one step at a time.

The weight of a shelf is its goods, plus what the scale has drifted, plus whatever stands there that does not belong.
Small differences from a whole number of units are drift (or a bottle that weighs a little more than its brothers) and
are followed, within a bound that grows with the goods. Large ones are something else: goods of another kind, or the
shelf's own tray lifted off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.shelves.settling import Level

NEAR = 0.15
"""A level so near to a whole number of units is that number; in units."""
UNIT_SPREAD = 0.03
"""How much units of one article differ in weight: one standard deviation, as a share of the unit."""
NEAR_MAX = 0.42
HOLD = 0.6
"""The last number stays until the level is further from it than this: what lies halfway never flickers."""
FOLLOW_S = 60.0
"""Time constant with which drift is followed."""
PLAUSIBLE_EXCESS = 2
"""A slot may hold twice its capacity and so many more; beyond that, it is no goods of this slot."""


class Weighs(StrEnum):
    """What a settled weight means."""

    GOODS = "goods"
    WRONG_ITEM = "wrong_item"
    REMOVED = "removed"
    """Less than nothing: the tray is off its scale."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of a slot before it is weighed. ``drift_g_max`` bounds what is followed."""

    unit_g: float
    capacity: int
    drift_g_max: float = 100.0

    @property
    def units_max(self) -> int:
        """More is not believed."""
        return 2 * self.capacity + PLAUSIBLE_EXCESS

    @property
    def ceiling_g(self) -> float:
        """A sample above this, or as far below nothing, is garbage and not a weight."""
        return 2 * (self.units_max * self.unit_g + self.drift_g_max) + 10_000


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the scale says of a slot. ``units`` is ``None`` before the first settled weight.

    ``drift_g`` is what the empty shelf weighs now, ``foreign_g`` what stands there and does not belong, ``miss`` how
    far (in units) the level is from a whole number, ``error`` its standard error in units.
    """

    units: int | None = None
    means: Weighs = Weighs.GOODS
    drift_g: float = 0.0
    foreign_g: float = 0.0
    miss: float = 0.0
    error: float = 0.0


def weigh(kept: Weighed, level: Level, shelf: Shelf, *, elapsed_s: float = 0.0) -> Weighed:
    """What the slot holds, now that its weight settled at ``level``, ``elapsed_s`` after it was last settled."""
    above = (level.grams - kept.drift_g) / shelf.unit_g
    error = level.error_g / shelf.unit_g
    units, miss = _nearest(above, kept.units)
    near = _tolerance(error, moved=units - (kept.units or 0))
    # A tray that was lifted off and put back, or a drift that is over: by its own zero the scale may be right again.
    absolute, absolute_miss = _nearest(level.grams / shelf.unit_g, None)
    told = replace(kept, miss=miss, error=error)
    if units > shelf.units_max:
        return _foreign(told, above, shelf)
    if abs(miss) <= near and units >= 0:
        # Units that came or went weigh what they weigh: what they miss by is theirs at once, and drift comes slowly.
        share = min(1.0, elapsed_s / FOLLOW_S) if units == kept.units else 1.0
        bound_g = shelf.drift_g_max + 3.0 * UNIT_SPREAD * math.sqrt(units) * shelf.unit_g
        drift_g = min(bound_g, max(-bound_g, kept.drift_g + miss * shelf.unit_g * share))
        return replace(told, units=units, means=Weighs.GOODS, drift_g=drift_g, foreign_g=0.0)
    if kept.drift_g and abs(absolute_miss) <= NEAR and 0 <= absolute <= shelf.units_max:
        return replace(told, units=absolute, means=Weighs.GOODS, drift_g=0.0, foreign_g=0.0, miss=absolute_miss)
    if above < 0:
        return replace(told, means=Weighs.REMOVED)
    if kept.foreign_g:
        own, own_miss = _nearest(above - kept.foreign_g / shelf.unit_g, None)
        if abs(own_miss) <= near and 0 <= own <= shelf.units_max:
            return replace(told, units=own, means=Weighs.WRONG_ITEM)
    return _foreign(told, above, shelf)


def _nearest(above: float, last: int | None) -> tuple[int, float]:
    """The number of units a level stands for, and by how much it misses it."""
    units = last if last is not None and abs(above - last) <= HOLD else math.floor(above + 0.5)
    return units, above - units


def _tolerance(error: float, *, moved: int) -> float:
    """How far a level may be from a whole number: noise, and the differing weights of the units that moved."""
    spread = 3.0 * UNIT_SPREAD * math.sqrt(abs(moved))
    return min(NEAR_MAX, max(NEAR, spread, 4.0 * error))


def _foreign(told: Weighed, above: float, shelf: Shelf) -> Weighed:
    """Something stands there that is no unit of this slot: of its own goods there are no more than there were."""
    could = max(0, math.floor(above + NEAR))
    units = min(could, shelf.units_max if told.units is None else told.units)
    return replace(told, units=units, means=Weighs.WRONG_ITEM, foreign_g=(above - units) * shelf.unit_g)
