"""What one slot holds, by the best of its sources: weight, sales, a count by hand, a camera. Pure values and functions.

A settled weight is believed before all else. While there is none (no scale, or a scale that is silent) the last number
stays "as of" when it was known, sales come off it, and confidence wears away with age and with each sale that nobody
weighed. A camera's fill speaks beside the weight, and instead of it where there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from edge_agent.shelves.weighing import Weighed, Weighs

CONFIDENCE_HALVES_H = 12.0
"""Age after which half the confidence in a number that nobody confirmed is left."""
CONFIDENCE_MIN = 5
CONFIDENCE_MAX = 99
SURE = 40
"""Below this a number is shown, but staff are not called for it, and nothing that was called for is taken back."""
_COUNTED, _WEIGHED = 99, 97
_PER_SALE = 2
"""Lost with each unit that was sold and not weighed: somebody may have taken two, or put one elsewhere."""
_MISS, _WRONG = 60, 45
"""Lost per unit of distance from a whole number, and for something that does not belong there."""
_DISPUTED, _BACKED = 25, 2
SEEN_SHARE = 0.15
"""How exactly a camera tells the fill of a slot, as a share of its capacity."""


class Source(StrEnum):
    """On what a number rests."""

    WEIGHT = "weight"
    SALES = "sales"
    CAMERA = "camera"
    COUNT = "count"


class Cause(StrEnum):
    """What changed the number of units of a slot."""

    FIRST = "first"
    """It was not known before."""
    TAKEN = "taken"
    PUT_BACK = "put_back"
    REFILLED = "refilled"
    SOLD = "sold"
    """Sold, where no scale sees it being taken."""
    COUNTED = "counted"
    SEEN = "seen"
    WHILE_OFF = "while_off"
    """It was so when the gateway or the scale came back."""
    CALIBRATED = "calibrated"


class Note(StrEnum):
    """What stands beside the number: keys of :class:`kiosk_ui.staff.board.SlotView`."""

    NONE = ""
    HAND = "hand"
    REMOVED = "removed"
    WRONG_ITEM = "wrong_item"
    STALE = "stale"
    UNCALIBRATED = "uncalibrated"


@dataclass(frozen=True, slots=True)
class SlotStock:
    """What is kept of a slot, in memory and in the journal. ``sku`` tells for which article it holds.

    ``certainty`` is the confidence as of ``as_of``; ``told`` what the last event said, and when.
    """

    slot: str
    sku: str
    units: int | None = None
    as_of: datetime | None = None
    certainty: int = 0
    sources: tuple[Source, ...] = ()
    weighed: Weighed = field(default_factory=Weighed)
    told: int | None = None
    told_at: datetime | None = None
    cause: Cause = Cause.FIRST
    """Of the last change."""

    def confidence(self, now: datetime, *, is_live: bool) -> int:
        """In percent. ``is_live``: its scale is heard and settled, so that the number is of now."""
        if self.units is None or self.as_of is None:
            return 0
        if is_live:
            return self.certainty
        age_h = max(0.0, (now - self.as_of).total_seconds() / 3_600)
        return max(CONFIDENCE_MIN, round(self.certainty * math.pow(0.5, age_h / CONFIDENCE_HALVES_H)))


def by_weight(kept: SlotStock, weighed: Weighed, at: datetime) -> SlotStock:
    """The scale has settled. While its tray is off, or nothing can be told, the last number stays."""
    if weighed.means is Weighs.REMOVED or weighed.units is None:
        return replace(kept, weighed=weighed)
    doubt = _MISS * abs(weighed.miss) + (_WRONG if weighed.means is Weighs.WRONG_ITEM else 0) + 50 * weighed.error
    return replace(
        kept,
        units=weighed.units,
        as_of=at,
        certainty=_percent(_WEIGHED - doubt),
        sources=(Source.WEIGHT,),
        weighed=weighed,
    )


def by_count(kept: SlotStock, units: int, at: datetime) -> SlotStock:
    """Somebody counted."""
    weighed = replace(kept.weighed, units=units)
    return replace(kept, units=units, as_of=at, certainty=_COUNTED, sources=(Source.COUNT,), weighed=weighed)


def by_sales(kept: SlotStock, units: int) -> SlotStock:
    """So many were sold from a slot that nobody weighs now; it holds none fewer than none."""
    if kept.units is None:
        return kept
    sources = kept.sources if Source.SALES in kept.sources else (*kept.sources, Source.SALES)
    left = max(0, kept.units - units)
    return replace(kept, units=left, sources=sources, certainty=_percent(kept.certainty - _PER_SALE * units))


@dataclass(frozen=True, slots=True)
class Seen:
    """How full a camera saw a slot: ``fill`` from 0 to 1, and how sure it was, from 0 to 1."""

    fill: float
    confidence: float
    at: datetime

    def units(self, capacity: int) -> int:
        """In whole units of a slot that holds ``capacity``."""
        return round(min(1.0, max(0.0, self.fill)) * capacity)


def by_camera(kept: SlotStock, seen: Seen, capacity: int, *, is_live: bool) -> SlotStock:
    """What a camera adds: beside a live weight it backs or disputes it, without one it stands against what was known.

    A number that the camera cannot tell from its own stays, so that two sources that differ a little never flicker.
    """
    units = seen.units(capacity)
    margin = max(1, round(SEEN_SHARE * capacity))
    if kept.units is not None and abs(units - kept.units) <= margin:
        return replace(kept, certainty=_percent(kept.certainty + _BACKED * seen.confidence))
    if is_live:
        return replace(kept, certainty=_percent(kept.certainty - _DISPUTED * seen.confidence))
    certainty = _percent(90 * seen.confidence)
    if kept.confidence(seen.at, is_live=False) > certainty:
        return replace(kept, certainty=_percent(kept.certainty - _DISPUTED * seen.confidence))
    return replace(kept, units=units, as_of=seen.at, certainty=certainty, sources=(Source.CAMERA,))


def _percent(value: float) -> int:
    return round(min(float(CONFIDENCE_MAX), max(float(CONFIDENCE_MIN), value)))
