"""What travels on the lanes: the payload of every event type, as Pydantic models.

This is the single source: the AsyncAPI document is generated from it and golden files pin it.
A field may be added (optional, with a default), never changed or removed. All numbers are
integers, so that the canonical form (RFC 8785) is the same in every language.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud_bridge.floor_contract import FLOOR_EVENTS
from cloud_bridge.payload import EventData, EventKey, Fact, Key, Lease, Medium, Member, Minor, Name, Sealed
from cloud_bridge.topics import Lane


class CardTappedV1(EventData):
    """A card was held to a reader. Whose it is stands in what was decided, never in the fact."""

    type = "regulars.card.tapped.v1"
    lane = Lane.LEDGER
    reader: Name
    medium: Medium
    technology: Name
    trust: Name


class CodeScannedV1(EventData):
    """A code was scanned: a product (``sku``, in clear) or anything else (``medium``, hashed).

    A phone's code brings what is needed to verify it: when the phone made it (seconds since 1970), its Ed25519
    signature in hex, and its public key where it asks to be linked.
    """

    type = "regulars.code.scanned.v1"
    lane = Lane.LEDGER
    scanner: Name
    symbology: Name
    sku: Annotated[str, Field(max_length=80)] | None = None
    medium: Medium | None = None
    phone_at: Annotated[int, Field(ge=0, le=2**53)] | None = None
    phone_signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")] | None = None
    phone_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class SaleLineV1(BaseModel):
    """One receipt line; ``qty`` is negative where goods came back."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    sku: Annotated[str, Field(max_length=80)]
    name: Annotated[str, Field(max_length=200)] = ""
    qty: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    unit_minor: Minor
    category: Annotated[str, Field(max_length=60)] = ""
    brand: Annotated[str, Field(max_length=60)] = ""


class SaleCompletedV1(EventData):
    """A till closed a receipt, or gave goods back (``total_minor`` ≤ 0, ``refund_of`` names the receipt).

    ``medium`` is set when the till itself read a card. ``quote`` names the priced basket this sale confirms;
    ``refund_store`` the store of ``refund_of`` where that is another one. ``member`` is set when the quote knew them.
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
    quote: Name | None = None
    refund_store: Name | None = None


class FormFilledV1(EventData):
    """Somebody filled in a form on a kiosk or the staff page. What they wrote travels sealed; a PIN never does.

    ``actor`` and ``role`` are set where a member of staff filled it in.
    """

    type = "regulars.form.filled.v1"
    lane = Lane.LEDGER
    place: Name
    form: Name
    member: Member | None = None
    subject: Annotated[str, Field(max_length=80)] = ""
    sealed: Sealed = ""
    actor: Annotated[str, Field(max_length=80)] = ""
    role: Annotated[str, Field(max_length=20)] = ""


class ChoiceMadeV1(EventData):
    """Somebody touched a button on a kiosk."""

    type = "regulars.choice.made.v1"
    lane = Lane.LEDGER
    kiosk: Name
    choice: Name
    subject: Annotated[str, Field(max_length=80)] = ""


class PostingV1(BaseModel):
    """Whole points that moved from one account to another.

    ``lease`` is set when the posting moved rights of this gateway with it (the posting's id is then the movement's);
    ``original`` names the redemption that a restoration undoes. ``rule`` overrides the event's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    debit: Annotated[str, Field(max_length=80)]
    credit: Annotated[str, Field(max_length=80)]
    points: Annotated[int, Field(gt=0, le=10**9)]
    rule: Name | None = None
    lease: Lease | None = None
    original: Fact | None = None


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


class RightsMovedV1(EventData):
    """Rights that moved without points being posted: a lease given back, or a coupon (a counter of one) used.

    ``currency`` is ``points`` or ``coupon/INSTANCE``. See :mod:`loyalty.rights.movements`.
    """

    type = "regulars.rights.moved.v1"
    lane = Lane.LEDGER
    movement: Fact
    kind: Name
    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$", description="Empty for a coupon anybody may use")]
    currency: Annotated[str, Field(max_length=80)]
    lease: Lease
    points: Annotated[int, Field(gt=0, le=10**9)]
    original: Fact | None = None


class CouponIssuedV1(EventData):
    """A gateway gave a member a coupon, with the right to use it here: the reward of a redemption."""

    type = "regulars.coupon.issued.v1"
    lane = Lane.LEDGER
    cause: EventKey
    instance: Fact
    coupon: Key
    member: Member
    lease: Lease
    last_day: Annotated[str, Field(max_length=10)] | None = None


class CouponUsedV1(EventData):
    """A coupon took ``discount_minor`` off a sale (or gave its gift)."""

    type = "regulars.coupon.used.v1"
    lane = Lane.LEDGER
    cause: EventKey
    instance: Fact
    coupon: Key
    member: Member | None = None
    sale: Name
    discount_minor: Minor


class RewardTakenV1(EventData):
    """A member exchanged points for a reward; staff hand it over against ``voucher``.

    ``coupon`` is what the cloud has yet to give for it: one whose limits all stores share.
    """

    type = "regulars.reward.taken.v1"
    lane = Lane.LEDGER
    cause: EventKey
    redemption: Fact
    member: Member
    reward: Key
    points: Annotated[int, Field(gt=0, le=10**9)]
    voucher: Annotated[str, Field(max_length=20)]
    coupon: Key | None = None


class ConsentV1(BaseModel):
    """A member said yes or no to one purpose, having read one version of the words."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    purpose: Name
    granted: bool
    text_version: Name


class MemberRegisteredV1(EventData):
    """Somebody became a member in the store. ``referrer`` is the code of the member who brought them."""

    type = "regulars.member.registered.v1"
    lane = Lane.LEDGER
    cause: EventKey
    member: Member
    personal: Sealed
    language: Annotated[str, Field(max_length=10)] = ""
    joined_on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="The store's local date")]
    referrer: Annotated[str, Field(max_length=20)] = ""
    consents: Annotated[tuple[ConsentV1, ...], Field(max_length=20)] = ()


class MemberChangedV1(EventData):
    """A member changed their details or consents; what is ``None`` stays."""

    type = "regulars.member.changed.v1"
    lane = Lane.LEDGER
    cause: EventKey
    member: Member
    personal: Sealed | None = None
    language: Annotated[str, Field(max_length=10)] | None = None
    consents: Annotated[tuple[ConsentV1, ...], Field(max_length=20)] = ()


class MediumLinkedV1(EventData):
    """A card or phone is a member's now. ``public_key`` (Ed25519, hex) is a phone's; see docs/wire-contract.md."""

    type = "regulars.medium.linked.v1"
    lane = Lane.LEDGER
    cause: EventKey
    medium: Medium
    member: Member
    technology: Name
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class MediumBlockedV1(EventData):
    """A card or phone is nobody's any more: lost, stolen or replaced."""

    type = "regulars.medium.blocked.v1"
    lane = Lane.LEDGER
    cause: EventKey
    medium: Medium
    member: Member
    reason: Annotated[str, Field(max_length=200)]


class PinChangedV1(EventData):
    """A member chose a PIN; the verifier (scrypt) travels sealed."""

    type = "regulars.pin.changed.v1"
    lane = Lane.LEDGER
    cause: EventKey
    member: Member
    sealed: Sealed


class SurveyAnsweredV1(EventData):
    """A member answered a short survey. Answers are keys of choices or numbers, never free text."""

    type = "regulars.survey.answered.v1"
    lane = Lane.LEDGER
    cause: EventKey
    member: Member
    survey: Key
    answers: Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=20)]


class StaffActedV1(EventData):
    """A member of staff did something to a member's points, cards or coupons, and why."""

    type = "regulars.staff.acted.v1"
    lane = Lane.LEDGER
    cause: EventKey
    action: Name
    actor: Name
    role: Name
    reason: Annotated[str, Field(max_length=200)]
    member: Member | None = None
    subject: Annotated[str, Field(max_length=80)] = ""


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


_OWN: tuple[type[EventData], ...] = (
    CardTappedV1,
    CodeScannedV1,
    SaleCompletedV1,
    ChoiceMadeV1,
    FormFilledV1,
    PointsPostedV1,
    RightsMovedV1,
    CouponIssuedV1,
    CouponUsedV1,
    RewardTakenV1,
    MemberRegisteredV1,
    MemberChangedV1,
    MediumLinkedV1,
    MediumBlockedV1,
    PinChangedV1,
    SurveyAnsweredV1,
    StaffActedV1,
    DecisionRefusedV1,
    DecisionDeferredV1,
    DeviceChangedV1,
    ScreenShownV1,
    JournalGapV1,
)

EVENT_TYPES: dict[str, type[EventData]] = {model.type: model for model in (*_OWN, *FLOOR_EVENTS)}
"""Every event type this version knows. A type not in here is stored and acknowledged, without effect."""
