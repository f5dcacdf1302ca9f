"""Members as the store's staff see them: whose card this is, every posting with its reason, and what may be done.

Amounts are minor currency units, points whole numbers, times carry a UTC offset, days are the store's own. Everything
here is what this store knows at ``as_of``, online or not.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

MEMBERS_CHANNEL = "staff.members"
SEEN_EVENT = "seen"
FOUND_MAX = 20
POSTINGS_MAX = 200
QUESTION_LENGTH_MAX = 80
REASON_LENGTH_MAX = 200
_FIELDS_MAX = 10

MemberKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
_Word = Annotated[str, Field(max_length=80)]
_Title = Annotated[str, Field(max_length=200)]
Written = Annotated[str, StringConstraints(strip_whitespace=True, max_length=REASON_LENGTH_MAX)]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(StrEnum):
    """Who acts. What each may do is the store's policy; every act names its role."""

    CLERK = "clerk"
    MANAGER = "manager"


class StaffForm(StrEnum):
    """What staff can do for a member, with the fields of each beside ``reason``."""

    REFUND = "refund"
    """``subject``: the sale. amount (minor units given back)."""
    ADJUST = "adjust"
    """points (signed)."""
    BLOCK = "block"
    """``subject``: the medium."""
    REPLACE = "replace"
    """``subject``: the medium that is gone; the next card shown at ``counter`` takes its place."""
    RESET_PIN = "reset_pin"
    """The member chooses a new one on the kiosk."""


class Seen(_View):
    """A member's card was just shown at a counter; event ``seen`` on channel ``staff.members``."""

    counter: _Word
    member: MemberKey
    name: _Title
    at: AwareDatetime


class Question(_View):
    """Whom staff look for: (part of) a name, or the last digits of a phone number."""

    question: Annotated[Written, Field(min_length=1, max_length=QUESTION_LENGTH_MAX)]


class FoundMember(_View):
    """One of those who fit. ``contact`` has its middle digits hidden."""

    member: MemberKey
    name: _Title
    contact: _Word = ""
    tier: _Word = ""
    balance: int = 0


class FoundMembers(_View):
    """Who fits what was asked, at most 20; ``is_more``: there are others, ask more precisely."""

    found: Annotated[tuple[FoundMember, ...], Field(max_length=FOUND_MAX)] = ()
    is_more: bool = False


class AccountLine(_View):
    """One posting and why it was made: ``rule`` is a key of :class:`loyalty.ledger.Rule`, the page explains each.

    ``basis_minor`` is the money the points were counted from, ``percent`` the share of the usual points where a rule
    multiplies, ``key`` the rule's key in the programme file. ``is_here``: this gateway posted it.
    """

    at: AwareDatetime
    rule: _Word
    points: int
    is_pending: bool = False
    is_here: bool = True
    reference: _Word = ""
    sale: _Word = ""
    basis_minor: int | None = None
    percent: int | None = None
    key: _Word = ""
    actor: _Word = ""
    reason: Annotated[str, Field(max_length=REASON_LENGTH_MAX)] = ""


class Decision(_View):
    """A decision that moved nothing: ``refused`` for a reason, or ``deferred`` until what it awaits arrives."""

    at: AwareDatetime
    kind: Literal["refused", "deferred"]
    reason: _Word
    sale: _Word = ""


class Medium(_View):
    """A card or phone. ``label`` is what staff can tell it by: the end of its keyed hash."""

    medium: _Word
    technology: Literal["card", "phone", "code"]
    label: _Word
    is_blocked: bool = False


class HeldCoupon(_View):
    """A coupon. ``why`` (a key) says why it cannot be used here today; ``None``: it can."""

    instance: _Word
    title: _Title
    last_day: date | None = None
    is_used: bool = False
    why: _Word | None = None


class Sale(_View):
    """A receipt of this member that may be given back: ``refundable_minor`` of ``total_minor`` is left."""

    sale: _Word
    at: AwareDatetime
    total_minor: int
    refundable_minor: int
    points: int = 0


class PinState(_View):
    """Whether a PIN was chosen, and for how long it is locked."""

    is_set: bool = False
    locked_s: Annotated[int, Field(ge=0)] = 0


class MemberAccount(_View):
    """Everything about one member on the staff page."""

    member: MemberKey
    name: _Title
    contact: _Word = ""
    language: _Word = ""
    joined_on: date | None = None
    tier: _Word = ""
    member_type: _Word = ""
    balance: int
    usable: Annotated[int, Field(ge=0)]
    pending: Annotated[int, Field(ge=0)] = 0
    owed: Annotated[int, Field(ge=0)] = 0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    as_of: AwareDatetime
    online: bool
    is_frozen: bool = False
    pin: PinState = PinState()
    media: tuple[Medium, ...] = ()
    coupons: tuple[HeldCoupon, ...] = ()
    sales: tuple[Sale, ...] = ()
    lines: Annotated[tuple[AccountLine, ...], Field(max_length=POSTINGS_MAX)] = ()
    decisions: Annotated[tuple[Decision, ...], Field(max_length=POSTINGS_MAX)] = ()


class Act(_View):
    """What a member of staff asks for. ``actor`` is who they are, ``role`` in which capacity.

    ``fields`` carries a ``key`` beside those of the form: sent twice under one key, it is done once.
    """

    form: StaffForm
    subject: Annotated[str, Field(max_length=80)] = ""
    actor: Annotated[Written, Field(min_length=1, max_length=80)]
    role: Role
    fields: Annotated[dict[_Word, Annotated[str, Field(max_length=REASON_LENGTH_MAX)]], Field(max_length=_FIELDS_MAX)]


class Acted(_View):
    """What became of it; the same shape as the kiosk's ``FormAnswer``. ``problems``: field to the key of a reason."""

    is_accepted: bool
    reason: _Word = ""
    problems: dict[str, _Word] = Field(default_factory=dict)
    retry_after_s: Annotated[int, Field(ge=0)] = 0
    reference: _Word = ""
