"""What the page of the floor shows and what it may be asked to do, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.virtual.faults import FaultKind
from simulation.files.store import COUNTERS_MAX

FLOOR_EVENT = "floor"
UNITS_MAX = 20


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FixtureView(_View):
    """One thing that can fail: the ways it can, and how it fails now."""

    name: str
    group: str
    kinds: tuple[FaultKind, ...]
    fault: FaultKind | None


class ShelfView(_View):
    """What really lies in a slot, whatever anybody believes."""

    slot: str
    shelf: str
    name_zh: str
    name_en: str
    zone: str
    units: int
    wrong: int = Field(description="Pieces that do not belong here")
    capacity: int
    is_weighed: bool
    is_touched: bool = Field(description="A hand is at it now")
    is_lifted: bool = Field(description="Its tray is off the scale")
    behind: int = Field(description="Pieces in the store room")


class FloorView(_View):
    """The floor as it really is."""

    slots: tuple[ShelfView, ...]
    fixtures: tuple[FixtureView, ...]
    failing: int = Field(description="How many things fail now")
    fridge_c: float
    is_fridge_open: bool
    is_fridge_broken: bool
    is_door_open: bool
    is_door_held: bool
    has_clerks: bool
    refills: int


class FaultBody(_View):
    """Which thing shall fail, and how; without a ``kind`` it works again."""

    device: Annotated[str, Field(min_length=1, max_length=80)]
    kind: FaultKind | None = None


class ShelfAct(StrEnum):
    """What a hand does at a slot."""

    BUY = "buy"
    """Take goods and pay them at the till."""
    STEAL = "steal"
    """Take goods and leave."""
    PUT = "put"
    """Put goods there, out of the store room, also more than fit."""
    REFILL = "refill"
    """Fill it up."""
    WRONG = "wrong"
    """Put something there that belongs elsewhere."""
    TIDY = "tidy"
    """Carry home what does not belong there."""
    HAND = "hand"
    """Lean on the shelf for a while, and take nothing."""
    LIFT = "lift"
    """Take the whole tray off its scale, or put it back."""


class ShelfBody(_View):
    """What is done at which slot, with how many pieces; what is bought is paid at ``counter``."""

    slot: Annotated[str, Field(min_length=1, max_length=80)]
    act: ShelfAct
    units: Annotated[int, Field(ge=1, le=UNITS_MAX)] = 1
    counter: Annotated[int, Field(ge=1, le=COUNTERS_MAX)] = 1


class RoomBody(_View):
    """What shall be so from now on; what is left out stays as it is."""

    is_door_held: bool | None = None
    is_fridge_open: bool | None = None
    is_fridge_broken: bool | None = None
    has_clerks: bool | None = None
