"""What the control page shows and what it may be asked to do, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.observations import CODE_LENGTH_MAX
from simulation.files.store import COUNTERS_MAX

CONTROL_CHANNEL = "control"
CONTROL_EVENT = "control"
STATIONS_EVENT = "stations"
AMOUNT_MINOR_MAX = 100_000_00
_UID_LENGTH_MAX = 40


class ReaderState(StrEnum):
    """What the virtual reader does."""

    WORKING = "working"
    SILENT = "silent"
    """Takes every byte and answers none."""
    UNPLUGGED = "unplugged"


class GatewayAction(StrEnum):
    """What can happen to the gateway's process."""

    RESTART = "restart"
    """An orderly stop; started again at once."""
    KILL = "kill"
    """``kill -9``; started again at once."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SaleView(_View):
    """A sale made from this page."""

    sale: str
    total_minor: int
    currency: str


class KioskView(_View):
    """What the kiosk shows now, as its own live stream told."""

    screen: str
    name: str | None = None
    balance: int | None = None
    points: int | None = None


class CounterView(_View):
    """One counter: what its reader does and what its kiosk shows."""

    number: int
    reader: str = Field(description="working, or how it fails")
    kiosk: KioskView | None
    kiosk_url: str


class LeaseView(_View):
    """What the store may let be redeemed without asking, as the cloud has it."""

    points_held: int
    coupons_held: int
    points_in_suspense: int


class ControlView(_View):
    """The state of the demo."""

    plugged: bool
    counters: tuple[CounterView, ...]
    gateway_running: bool
    gateway_starts: int
    online: bool | None = Field(description="What the gateway says of its line; null while it says nothing")
    is_frozen: bool | None = Field(description="Whether nothing can be redeemed in the store now; null: not told")
    lease: LeaseView | None = Field(description="Null while the cloud does not tell")
    last_sale: SaleView | None
    stranger: bool = Field(description="Whether an unknown card was tapped that can be linked now")
    taps: int
    greeted: int
    sales: int
    refunds: int
    recorded: int | None
    acked: int | None
    queued: int | None
    turns_done: int
    turns_total: int
    points_redeemed: int = Field(description="Paid with at the tills")
    rewards: int
    joined: int
    tap_ms: float | None = Field(description="From the last card in the field to its screen")


class StationsView(_View):
    """How often something passed each station since the demo began, and where that is known from."""

    passed: dict[str, int]


class _AtCounter(_View):
    """Something done at a counter, the first unless it says another."""

    counter: Annotated[int, Field(ge=1, le=COUNTERS_MAX, description="Number of the counter, from 1")] = 1


class TapBody(_AtCounter):
    """Which card."""

    uid: Annotated[str, Field(min_length=8, max_length=_UID_LENGTH_MAX, description="Card number in hexadecimal")]


class ProveBody(_AtCounter):
    """The card that proves itself, or its copy."""

    is_clone: bool = False


class ScanBody(_AtCounter):
    """What the scanner reads."""

    text: Annotated[str, Field(min_length=1, max_length=CODE_LENGTH_MAX)]


class SaleBody(_AtCounter):
    """How much, in minor units."""

    amount_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)]
    with_points: Annotated[bool, Field(description="Pay with the points that can be used here now")] = False


class CableBody(_View):
    """Whether the cable is in."""

    plugged: bool


class RefundBody(_AtCounter):
    """Where the last sale is given back."""


class ReaderBody(_AtCounter):
    """What the reader shall do."""

    state: ReaderState


class GatewayBody(_View):
    """What shall happen to the gateway."""

    action: GatewayAction


class LinkBody(_View):
    """Whose card it becomes."""

    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Done(_View):
    """What came of it."""

    outcome: str
