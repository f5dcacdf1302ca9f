"""People's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from loyalty.identifiers import MemberId


@dataclass(frozen=True, slots=True)
class LocalDetails:
    """What a member told here; ``None`` leaves what was known. ``contact`` has its middle digits hidden."""

    name: str | None = None
    language: str | None = None
    birthday: str | None = None
    contact: str | None = None
    phone_index: str | None = None
    consents: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalMedium:
    """A medium linked here, or (``member`` ``None``) blocked here. ``public_key`` (hex) is a phone's."""

    medium: str
    member: MemberId | None
    technology: str
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class AwaitedLink:
    """The next unknown medium of a technology shown at a counter becomes this member's, until then.

    ``visit`` names the kiosk visit, or is empty where staff began it.
    """

    counter: str
    member: MemberId
    technology: str
    until: datetime
    visit: str = ""


@dataclass(frozen=True, slots=True)
class PinTries:
    """Wrong PINs in a row, and when the last one was."""

    failures: int
    last: datetime


@dataclass(frozen=True, slots=True)
class RewardTaken:
    """A reward that was taken here, and the ``coupon`` it gave, if any. ``event_id`` is its local transaction id."""

    redemption: str
    voucher: str
    member: MemberId
    reward: str
    coupon: str | None
    points: int
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StaffAct:
    """What a member of staff did for a member, and why. ``event_id`` is the form's."""

    event_id: str
    action: str
    actor: str
    role: str
    reason: str
    member: MemberId


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One posting of a member with the event that caused it. ``points`` are signed, available or pending."""

    at: datetime
    rule: str
    points: int
    is_pending: bool
    cause: str
    sale: str | None


@dataclass(frozen=True, slots=True)
class MediumOf:
    """One of a member's media. ``technology`` is what is known of it here."""

    medium: str
    technology: str
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Earned:
    """Points that an activity earned here: the rule, which of its kind (``key``), and the store's day."""

    member: MemberId
    rule: str
    key: str
    on: date
