"""What travels on the lanes: the payload of every event type, as Pydantic models.

This is the single source: the AsyncAPI document is generated from it and golden files pin it.
A field may be added (optional, with a default), never changed or removed. All numbers are
integers, so that the canonical form (RFC 8785) is the same in every language.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cloud_bridge.topics import Lane

Name = Annotated[str, Field(min_length=1, max_length=80)]
Medium = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Keyed hash of what was shown, never the number")]
Member = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Random member id given by the cloud")]
Minor = Annotated[int, Field(ge=-(10**13), le=10**13, description="Amount in minor currency units")]
EventKey = Annotated[str, Field(min_length=1, max_length=80, description="incarnation/lane/sequence of an event")]


class EventData(BaseModel):
    """The root of all payloads. Unknown fields are ignored, so that an older reader reads a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")
    type: ClassVar[str]
    lane: ClassVar[Lane]


class CardTappedV1(EventData):
    """A card was held to a reader. Whose it is stands in what was decided, never in the fact."""

    type = "regulars.card.tapped.v1"
    lane = Lane.LEDGER
    reader: Name
    medium: Medium
    technology: Name
    trust: Name


class CodeScannedV1(EventData):
    """A code was scanned: a product (``sku``, in clear) or anything else (``medium``, hashed)."""

    type = "regulars.code.scanned.v1"
    lane = Lane.LEDGER
    scanner: Name
    symbology: Name
    sku: Annotated[str, Field(max_length=80)] | None = None
    medium: Medium | None = None


class SaleLineV1(BaseModel):
    """One receipt line; ``qty`` is negative where goods came back."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    sku: Annotated[str, Field(max_length=80)]
    name: Annotated[str, Field(max_length=200)] = ""
    qty: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    unit_minor: Minor


class SaleCompletedV1(EventData):
    """A till closed a receipt, or gave goods back (``total_minor`` ≤ 0, ``refund_of`` names the receipt).

    ``medium`` is set when the till itself read a card.
    """

    type = "regulars.sale.completed.v1"
    lane = Lane.LEDGER
    sale: Name
    till: Name
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    total_minor: Minor
    sold_at: Annotated[str, Field(max_length=40, description="RFC 3339, the till's own clock")]
    lines: Annotated[tuple[SaleLineV1, ...], Field(max_length=2_000)] = ()
    refund_of: Name | None = None
    medium: Medium | None = None


class ChoiceMadeV1(EventData):
    """Somebody touched a button on a kiosk."""

    type = "regulars.choice.made.v1"
    lane = Lane.LEDGER
    kiosk: Name
    choice: Name
    subject: Annotated[str, Field(max_length=80)] = ""


class PostingV1(BaseModel):
    """Whole points that moved from one account to another."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    debit: Annotated[str, Field(max_length=80)]
    credit: Annotated[str, Field(max_length=80)]
    points: Annotated[int, Field(gt=0, le=10**9)]


class PointsPostedV1(EventData):
    """A decision that moved points, with its double-entry postings and the rule that moved them."""

    type = "regulars.points.posted.v1"
    lane = Lane.LEDGER
    cause: EventKey
    member: Member
    rule: Name
    sale: Name | None = None
    postings: Annotated[tuple[PostingV1, ...], Field(min_length=1, max_length=100)]


class DecisionRefusedV1(EventData):
    """A decision that moved nothing, and why."""

    type = "regulars.decision.refused.v1"
    lane = Lane.LEDGER
    cause: EventKey
    reason: Name
    member: Member | None = None
    sale: Name | None = None


class DecisionDeferredV1(EventData):
    """Not decidable yet (an unlinked card, a refund before its sale): kept until ``awaits`` arrives."""

    type = "regulars.decision.deferred.v1"
    lane = Lane.LEDGER
    cause: EventKey
    awaits: Name
    medium: Medium | None = None
    sale: Name | None = None


class DeviceChangedV1(EventData):
    """A device changed its state."""

    type = "regulars.device.changed.v1"
    lane = Lane.TELEMETRY
    device: Name
    driver: Name
    state: Name
    reason: Annotated[str, Field(max_length=300)] = ""


class ScreenShownV1(EventData):
    """A decision reached a kiosk screen, ``latency_us`` after the device told of it."""

    type = "regulars.screen.shown.v1"
    lane = Lane.TELEMETRY
    kiosk: Name
    screen: Name
    latency_us: Annotated[int, Field(ge=0, le=10**12)]


class JournalGapV1(EventData):
    """Rows ``first`` to ``last`` of this lane are gone; ``last_hash`` continues the chain after them.

    The event stands in the place of the missing rows: its ``sequence`` is ``first``. ``signature``
    is the HMAC-SHA256, keyed by the gateway's secret, of
    ``gateway_id/incarnation/lane/first/last/last_hash/reason``.
    """

    type = "regulars.journal.gap.v1"
    lane = Lane.LEDGER
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    last_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Name
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


EVENT_TYPES: dict[str, type[EventData]] = {
    model.type: model
    for model in (
        CardTappedV1,
        CodeScannedV1,
        SaleCompletedV1,
        ChoiceMadeV1,
        PointsPostedV1,
        DecisionRefusedV1,
        DecisionDeferredV1,
        DeviceChangedV1,
        ScreenShownV1,
        JournalGapV1,
    )
}
"""Every event type this version knows. A type not in here is stored and acknowledged, without effect."""
