"""The floor as staff see it: what to do first, then every slot and sensor.

One view for all: the page, its JSON, its live stream and Home Assistant.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from devices.observations import DeviceState
from devices.readings import Measure

BOARD_CHANNEL = "staff.board"
ALERTS_EVENT = "alerts"
SLOTS_EVENT = "slots"
SENSORS_EVENT = "sensors"
ALERTS_SHOWN_MAX = 200
SLOTS_SHOWN_MAX = 2_000
SENSORS_SHOWN_MAX = 1_000


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """How soon somebody should come."""

    INFO = "info"
    WARNING = "warning"
    URGENT = "urgent"


class AlertState(StrEnum):
    """Where an alert stands: see ``edge_agent.alerts``."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class AlertView(_View):
    """One alert. ``kind`` and ``facts`` are put into words by the page, in the reader's language."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    kind: str
    subject: str
    severity: Severity
    state: AlertState
    zone: str = ""
    name_zh: str = ""
    name_en: str = ""
    facts: dict[str, str | int] = Field(default_factory=dict)
    raised_at: AwareDatetime
    changed_at: AwareDatetime
    claimed_by: str | None = None
    """Who said "I am on it"."""
    until: AwareDatetime | None = None
    """End of a snooze."""
    escalation: int = 0
    is_recorded: bool = True
    """``False``: the gateway holds it in memory only, as its journal takes nothing; nothing can be done to it yet."""


_WAITS_FOR_SOMEBODY = (AlertState.RAISED, AlertState.ESCALATED, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)
_MOST_SEVERE_FIRST = (Severity.URGENT, Severity.WARNING, Severity.INFO)


class Ranked(Protocol):
    """What the place of an alert depends on."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def state(self) -> AlertState: ...
    @property
    def raised_at(self) -> datetime: ...
    @property
    def changed_at(self) -> datetime: ...


def urgency(alert: Ranked) -> tuple[int, int, float, str, str]:
    """The place of an alert wherever they are listed: what waits for somebody, then the most severe, then the oldest.

    What somebody has in hand comes below, then what was put off, then what is done, the latest first. Decided to the
    last place, so that a restart changes nothing.
    """
    if alert.state is AlertState.RESOLVED:
        return len(_WAITS_FOR_SOMEBODY), 0, -alert.changed_at.timestamp(), alert.kind, alert.subject
    place = max(1, _WAITS_FOR_SOMEBODY.index(alert.state))
    severity = _MOST_SEVERE_FIRST.index(alert.severity)
    return place, severity, alert.raised_at.timestamp(), alert.kind, alert.subject


class StockState(StrEnum):
    """How a slot stands against its plan."""

    OK = "ok"
    LOW = "low"
    OUT = "out"
    OVER = "over"
    UNKNOWN = "unknown"
    """No source has told of it yet, or what they tell cannot be believed."""


class SlotView(_View):
    """One slot of the planogram. ``units`` is ``None`` while unknown; ``confidence`` in percent."""

    slot: str
    sku: str
    name_zh: str
    name_en: str
    zone: str
    units: int | None = None
    capacity: int
    reorder_at: int
    confidence: int = Field(default=0, ge=0, le=100)
    state: StockState = StockState.UNKNOWN
    sources: tuple[str, ...] = ()
    """What it rests on now: ``weight``, ``sales``, ``camera``, ``count``."""
    note: str = ""
    """A key: ``hand`` (somebody is at it), ``removed``, ``wrong_item``, ``stale``, ``uncalibrated``, or empty."""
    as_of: AwareDatetime | None = None


class SensorView(_View):
    """One sensor. ``value`` in ``unit``; ``None`` before its first sample. ``age_s`` is the sample's age."""

    sensor: str
    device: str
    name: str
    measure: Measure
    value: float | None = None
    unit: str = ""
    state: DeviceState
    reason: str = ""
    age_s: float | None = Field(default=None, ge=0)
    is_stale: bool = False


class BoardAlerts(_View):
    """What there is to do, and for whom. ``alerts`` are put in the order of :func:`urgency`, however they came."""

    at: AwareDatetime
    alerts: tuple[AlertView, ...] = Field(default=(), max_length=ALERTS_SHOWN_MAX)
    shift: str | None = None
    """Who is on duty, by the plan of shifts."""
    is_quiet: bool = False
    """Quiet hours: only what is urgent is pushed to phones."""

    @field_validator("alerts")
    @classmethod
    def _most_urgent_first(cls, alerts: tuple[AlertView, ...]) -> tuple[AlertView, ...]:
        return tuple(sorted(alerts, key=urgency))


class BoardSlots(_View):
    """Every slot."""

    at: AwareDatetime
    slots: tuple[SlotView, ...] = Field(default=(), max_length=SLOTS_SHOWN_MAX)


class BoardSensors(_View):
    """Every sensor."""

    at: AwareDatetime
    sensors: tuple[SensorView, ...] = Field(default=(), max_length=SENSORS_SHOWN_MAX)


class Board(BoardAlerts, BoardSlots, BoardSensors):
    """Everything on the staff board. Its live stream brings the three parts, each when it changed."""

    store_name: str


class BoardAct(_View):
    """What somebody at the board does to an alert. ``actor`` is replaced by whoever logged in, where that is asked."""

    act: Literal["acknowledge", "snooze", "wake", "escalate", "resolve"]
    actor: Annotated[str, Field(max_length=80)] = ""
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    """Of a snooze."""


class CountAct(_View):
    """Somebody counted a slot by hand."""

    units: Annotated[int, Field(ge=0, le=100_000)]
    actor: Annotated[str, Field(max_length=80)] = ""


class ActResult(_View):
    """What became of it. Refused with a ``reason`` (a key): ``gone``, ``already_resolved``, ``still_so`` …"""

    is_done: bool
    reason: str = ""
    alert: AlertView | None = None
