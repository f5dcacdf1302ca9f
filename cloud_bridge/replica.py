"""What the cloud sends down: members, media and programme, as resumable versioned steps.

Every change in the cloud gets the next ``version``. A step carries all rows changed after
``from_version`` up to ``to_version``; a step from 0 replaces everything the gateway had (a
snapshot is nothing but the steps from 0). ``epoch`` names one life of the cloud's database: when it
differs from the gateway's, the gateway starts again from 0.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cloud_bridge.payload import Medium, Member
from cloud_bridge.receipts import Count, Head, Incarnation, Message
from cloud_bridge.topics import Lane

STEP_ROWS_MAX = 1_000
STEP_BYTES_MAX = 512 * 1024
EXPIRING_MAX = 24
"""Lots told to a store, first to expire first; what expires later than all of them needs no telling."""

Figure = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""A figure that may be negative; as many digits as every reader of JSON keeps."""
Day = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A local date, or empty")]


class Expiring(Message):
    """Available points whose last day is ``last_day``."""

    last_day: Day
    points: Count


class ReplicaMember(Message):
    """One member as the store needs them: a name to greet with, and the cloud's balance."""

    member: Member
    name: Annotated[str, Field(max_length=80)]
    language: Annotated[str, Field(max_length=10)] = ""
    balance: Figure
    version: Count
    joined_on: Day = ""
    birthday: Annotated[str, Field(max_length=5, description="MM-DD, or empty")] = ""
    tier: Annotated[str, Field(max_length=60)] = ""
    tier_ends: Day = ""
    qualifying: Figure = 0
    purchases: Count = 0
    pending: Count = 0
    owed: Count = 0
    expiring: Annotated[tuple[Expiring, ...], Field(max_length=EXPIRING_MAX)] = ()
    referral_code: Annotated[str, Field(max_length=20)] = ""
    was_referred: bool = False
    contact: Annotated[str, Field(max_length=80, description="Phone number, its middle digits hidden")] = ""
    consents: dict[str, bool] = Field(default_factory=dict)
    pin: Annotated[str, Field(max_length=8_192, description="Sealed verifier, or empty")] = ""


class ReplicaMedium(Message):
    """A medium and whose it is; ``member`` is ``None`` once it is unlinked or blocked.

    ``card_keys`` are those of a card that can prove itself: whoever shows its number and proves nothing is a copy.
    """

    medium: Medium
    member: Member | None
    version: Count
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    card_keys: (
        Annotated[
            str, Field(min_length=1, max_length=400, description="Sealed for this gateway: AES-256-GCM, base64url")
        ]
        | None
    ) = None


class ReplicaRight(Message):
    """What this gateway's incarnation was leased of one account in all, and is asked to give back in all.

    Totals, never steps: a row heals the loss of those before it. ``member`` is empty for a coupon anybody may use.
    """

    member: Annotated[str, Field(max_length=40)]
    currency: Annotated[str, Field(max_length=80)]
    incarnation: Incarnation
    granted: Count
    recalled: Count = 0
    version: Count


class ReplicaCoupon(Message):
    """One coupon that somebody holds. ``code`` is the medium of a printed code; ``used`` once it is gone for good."""

    instance: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    coupon: Annotated[str, Field(max_length=60)]
    member: Annotated[str, Field(max_length=40)]
    code: Medium | None = None
    last_day: Day = ""
    used: bool = False
    version: Count


class ReplicaUndo(Message):
    """The gateway that made a redemption is asked to restore ``points`` of it in all, because of a refund elsewhere."""

    redemption: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    member: Member
    points: Count
    version: Count


class ReplicaProgramme(Message):
    """The programme now in force; see :class:`loyalty.programme.Programme`."""

    name: str
    currency: str
    points: Count
    per_minor: Count
    minimum_minor: Count
    version: Count
    terms: dict[str, Any] | None = Field(default=None, description="The whole programme file as JSON")


class ReplicaStep(Message):
    """Cloud → gateway. Balances include this gateway's rows up to ``included`` (per lane head)."""

    epoch: Annotated[str, Field(max_length=40)]
    from_version: Count
    to_version: Count
    latest_version: Count
    as_of: Annotated[str, Field(max_length=40, description="RFC 3339, the cloud's clock")]
    incarnation: Incarnation
    included: dict[Lane, Head] = Field(default_factory=dict)
    programme: ReplicaProgramme | None = None
    members: Annotated[tuple[ReplicaMember, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    media: Annotated[tuple[ReplicaMedium, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    rights: Annotated[tuple[ReplicaRight, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    coupons: Annotated[tuple[ReplicaCoupon, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    undone: Annotated[tuple[ReplicaUndo, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    removed: Annotated[tuple[Member, ...], Field(max_length=STEP_ROWS_MAX)] = ()
