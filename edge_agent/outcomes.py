"""What came of one observation: the values station 5 hands to station 6. Business refusals are among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from devices.observations import FormAnswer, Trust
from edge_agent.journal import Usable
from loyalty.decide import Reason
from loyalty.identifiers import MemberId
from loyalty.terms.offers import Coupon, Reward
from loyalty.terms.tiers import Measure

MediumKind = Literal["card", "phone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a member is to this store, now: the balance is as of the cloud's last word plus what happened here."""

    member: MemberId
    name: str
    language: str
    points: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Claimable:
    """A purchase paid at this counter a moment ago that nobody has claimed."""

    sale: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Glance:
    """What is worth a member's glance as they come: usable points, coupons they hold, tier, birthday.

    ``birthday_points`` were promised here for the birthday that is, or was a few days ago. ``today`` and ``ahead`` are
    member days for them, by name, where their type is offered promotions and news.
    """

    usable: Usable
    coupons: int
    tier: TierGlance | None
    is_birthday: bool
    birthday_points: int = 0
    today: tuple[str, ...] = ()
    ahead: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class TierGlance:
    """Where a member stands on the ladder. ``done`` of ``next_at`` in what ``measure`` says; no ``next``: the top."""

    name: str | None
    next: str | None
    measure: Measure
    done: int
    next_at: int
    currency: str
    last_day: date | None


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """A medium of a known member was shown."""

    counter: str
    standing: Standing
    claimable: Claimable | None
    glance: Glance | None = None
    medium: str = field(default="", repr=False)
    trust: Trust = Trust.WEAK


@dataclass(frozen=True, slots=True)
class MediumUnknown:
    """A medium that no member owns was shown; it is recorded, its points will wait.

    ``kind`` is ``None`` for what cannot be linked by showing it once: an unknown phone's rotating code.
    """

    counter: str
    medium: str = field(default="", repr=False)
    kind: MediumKind | None = None


@dataclass(frozen=True, slots=True)
class SaleDecided:
    """A purchase or refund was decided for a member.

    ``points`` earned or (negative) taken back, 0 with the reason why; of a sale's, ``pending`` wait until
    ``available_on``. ``redeemed`` points paid ``saved_minor`` of the sale, or (negative) came back with a refund;
    ``quote_refused`` says why what the sale's quote promised could not be kept, or what head office has yet to restore.
    ``tier_reached`` is the name of the tier that this sale lifted the member to.
    """

    counter: str
    standing: Standing
    points: int
    total_minor: int
    currency: str
    refused: Reason | None
    pending: int = 0
    available_on: date | None = None
    redeemed: int = 0
    saved_minor: int = 0
    quote_refused: str = ""
    tier_reached: str | None = None


@dataclass(frozen=True, slots=True)
class SaleWaits:
    """A sale is kept whose points cannot be decided yet: ``link``, ``sale`` or ``claim`` is awaited."""

    counter: str
    awaits: str


@dataclass(frozen=True, slots=True)
class VisitEnded:
    """The member pressed done."""

    counter: str
    name: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class MediumLinked:
    """The card or phone shown at a counter is a member's now. ``reference`` is the local transaction id."""

    counter: str
    standing: Standing
    kind: MediumKind
    reference: str


@dataclass(frozen=True, slots=True)
class CannotBeDone:
    """What somebody wanted at a counter cannot be done now; ``reason`` is a key that the kiosk has words for."""

    counter: str
    reason: str


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A card that should have proven itself at ``reader`` did not. Nobody was identified."""

    counter: str
    reader: str
    reason: str


@dataclass(frozen=True, slots=True)
class CouponShown:
    """A coupon's own code was scanned. Whoever stands there stays who they are; ``why`` it cannot be used, or ``None``.

    ``holder`` is empty for a coupon that anybody may use.
    """

    counter: str
    instance: str
    coupon: Coupon
    currency: str
    holder: str
    last_day: date | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody became a member; ``kind`` is what they showed and is linked now."""

    standing: Standing
    kind: MediumKind | None


@dataclass(frozen=True, slots=True)
class RewardGiven:
    """Points became a reward; staff hand it over for ``voucher``. ``is_coupon_awaited``: head office gives it later."""

    standing: Standing
    usable: Usable
    reward: Reward
    currency: str
    voucher: str
    reference: str
    at: datetime
    is_coupon_awaited: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a member wrote is kept; ``points`` are on the way for it."""

    standing: Standing
    points: int = 0


@dataclass(frozen=True, slots=True)
class FormDecided:
    """What became of a form at ``place``. ``done`` is ``None`` where the answer says it all."""

    counter: str
    place: str
    form: str
    answer: FormAnswer
    done: Joined | RewardGiven | Kept | None = None


@dataclass(frozen=True, slots=True)
class NothingToShow:
    """Recorded, and of no concern to any screen."""


Outcome = (
    MemberSeen
    | MediumUnknown
    | MediumLinked
    | SaleDecided
    | SaleWaits
    | FormDecided
    | CannotBeDone
    | CardRefused
    | CouponShown
    | VisitEnded
    | NothingToShow
)
