"""What shelves, sensors, staff and card readers say: payloads of the floor, part of :mod:`cloud_bridge.contract`.

A field may be added (optional, with a default), never changed or removed. All numbers are integers: thousandths
where a fraction is meant, whole grams, whole units.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cloud_bridge.payload import EventData, Fact, Medium, Name
from cloud_bridge.topics import Lane

Sku = Annotated[str, Field(max_length=80)]
Sensor = Annotated[str, Field(min_length=1, max_length=160, description="device, or device/sensor")]
ArticleName = Annotated[str, Field(max_length=80)]
Units = Annotated[int, Field(ge=0, le=1_000_000)]
Signed = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
Milli = Annotated[int, Field(ge=-(10**9), le=10**9, description="Thousandths of the unit")]


class CardRefusedV1(EventData):
    """A card that should prove itself did not: a forgery, a replay, or a copy. It identified nobody.

    ``counter`` is the reading counter the card claimed, ``seen`` the highest one accepted before.
    """

    type = "regulars.card.refused.v1"
    lane = Lane.LEDGER
    reader: Name
    medium: Medium
    reason: Name
    counter: Annotated[int, Field(ge=0, le=2**24)] | None = None
    seen: Annotated[int, Field(ge=0, le=2**24)] | None = None


class StockChangedV1(EventData):
    """How many units a slot holds now, by the best estimate, and what changed it by ``delta``.

    The names are those of the store's planogram, so that head office need not read bar codes.
    """

    type = "regulars.stock.changed.v1"
    lane = Lane.TELEMETRY
    slot: Name
    sku: Sku
    units: Units
    delta: Signed
    capacity: Units
    confidence: Percent
    cause: Name
    name_zh: ArticleName = ""
    name_en: ArticleName = ""


class StockDiscrepancyV1(EventData):
    """Shelf and till disagree for good: ``missing`` left unsold, ``phantom`` were sold and never left."""

    type = "regulars.stock.discrepancy.v1"
    lane = Lane.LEDGER
    discrepancy: Fact
    sku: Sku
    kind: Name
    units: Units
    slot: Name | None = None


class AlertChangedV1(EventData):
    """An alert was raised, or went on to its next state. ``until`` ends a snooze; ``actor`` did it, if anybody."""

    type = "regulars.alert.changed.v1"
    lane = Lane.LEDGER
    alert: Fact
    kind: Name
    subject: Sensor
    state: Name
    severity: Name
    zone: Annotated[str, Field(max_length=40)] = ""
    sku: Sku = ""
    units: Units | None = None
    reason: Annotated[str, Field(max_length=300)] = ""
    until: Annotated[str, Field(max_length=40, description="RFC 3339")] | None = None
    escalation: Annotated[int, Field(ge=0, le=10)] = 0
    actor: Annotated[str, Field(max_length=80)] = ""
    role: Annotated[str, Field(max_length=20)] = ""


class AlertPushedV1(EventData):
    """What became of the message of an alert's state to one destination: ``sent``, ``failed`` or ``withdrawn``."""

    type = "regulars.alert.pushed.v1"
    lane = Lane.TELEMETRY
    alert: Fact
    state: Name
    destination: Name
    outcome: Name
    attempts: Annotated[int, Field(ge=0, le=1_000)]


class ScaleCalibratedV1(EventData):
    """A scale was taught its zero and its slope. ``counts_per_kg`` is 1,000,000 for a scale that tells milligrams."""

    type = "regulars.scale.calibrated.v1"
    lane = Lane.LEDGER
    scale: Sensor
    zero_counts: Annotated[int, Field(ge=-(2**40), le=2**40)]
    counts_per_kg: Annotated[int, Field(ge=-(2**40), le=2**40)]
    known_g: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    actor: Annotated[str, Field(max_length=80)] = ""


class ContactChangedV1(EventData):
    """A door, a beam or a motion sensor changed."""

    type = "regulars.contact.changed.v1"
    lane = Lane.TELEMETRY
    sensor: Sensor
    measure: Name
    is_on: bool


class ClimateMeasuredV1(EventData):
    """Lowest, mean and highest of ``samples`` readings in ``seconds``, in thousandths of °C or of a percent."""

    type = "regulars.climate.measured.v1"
    lane = Lane.TELEMETRY
    sensor: Sensor
    measure: Name
    lowest: Milli
    mean: Milli
    highest: Milli
    samples: Annotated[int, Field(ge=1, le=1_000_000)]
    seconds: Annotated[int, Field(ge=1, le=86_400)]


FLOOR_EVENTS: tuple[type[EventData], ...] = (
    CardRefusedV1,
    StockChangedV1,
    StockDiscrepancyV1,
    AlertChangedV1,
    AlertPushedV1,
    ScaleCalibratedV1,
    ContactChangedV1,
    ClimateMeasuredV1,
)
