"""Teaching a scale, as pages and programs see it: which scales there are, and where a lesson stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

CALIBRATION_EVENT = "calibration"
CALIBRATION_CHANNEL = "staff.calibration"
KNOWN_G_MAX = 200_000
UNITS_MAX = 1_000


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Teach(StrEnum):
    """What a lesson teaches."""

    WHOLE = "whole"
    """Zero and slope, with a known weight."""
    ZERO = "zero"
    """Only the zero: the shelf is empty, and how far did it drift?"""


class LessonView(_View):
    """Where a lesson stands. ``step`` and ``problem`` are keys for which the page has words.

    ``live_g`` is what lies on the shelf by what is known so far, ``None`` before the scale was ever taught; ``beat``
    counts readings, so that a page sees that the scale lives. ``error_g`` is what remains at a full slot.
    """

    slot: str
    scale: str
    sku: str
    name_zh: str
    name_en: str
    unit_weight_g: float
    capacity: int
    teach: Teach
    step: str
    problem: str | None = None
    known_g: float | None = None
    known_units: int | None = None
    live_g: float | None = None
    live_counts: float | None = None
    is_steady: bool = False
    beat: int = 0
    error_g: float | None = None
    error_units: float | None = None
    drift_g: float | None = None
    drift_g_per_day: float | None = None
    actor: str = ""


class ScaleView(_View):
    """One scale of the plan, and what it was taught last."""

    slot: str
    scale: str
    sku: str
    name_zh: str
    name_en: str
    unit_weight_g: float
    capacity: int
    is_raw: bool = True
    """Whether it tells counts: then it needs a known weight once. One that tells grams needs its zero at most."""
    taught_at: AwareDatetime | None = None
    known_g: int | None = None
    drift_g_per_day: float | None = None
    """How fast its zero moved between its last two lessons."""
    is_being_taught: bool = False


class ScaleList(_View):
    """Every scale of the plan."""

    store_name: str
    scales: tuple[ScaleView, ...] = ()


class Begin(_View):
    """Begin a lesson: with ``known_g`` grams or ``units`` of the slot's own article; with neither, only its zero."""

    known_g: Annotated[float, Field(ge=1, le=KNOWN_G_MAX, allow_inf_nan=False)] | None = None
    units: Annotated[int, Field(ge=1, le=UNITS_MAX)] | None = None
    actor: Annotated[str, Field(max_length=80)] = ""

    @model_validator(mode="after")
    def _one_weight(self) -> Self:
        if self.known_g is not None and self.units is not None:
            raise ValueError("say known_g or units, not both")
        return self


class GoOn(_View):
    """What the lesson asked for at ``step`` is done. Said twice, it counts once."""

    step: Annotated[str, Field(max_length=20)]


class Keep(_View):
    """Keep what was found."""

    actor: Annotated[str, Field(max_length=80)] = ""
