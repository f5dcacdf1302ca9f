"""API shapes of members and media."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from cloud_bridge.payload import Key, Member

IMPORT_MEMBERS_MAX = 5_000
MEDIA_PER_MEMBER_MAX = 20
NUMBER_BYTES_MAX = 256
NAME_CHARS_MAX = 80
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(name: str) -> str:
    """A name without what would break a line or turn its direction. Raises ``ValueError``."""
    if any(unicodedata.category(c) in _REFUSED_CATEGORIES or c in _DIRECTION_MARKS for c in name):
        raise ValueError("control characters and line breaks cannot be part of a name")
    return name


MemberName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARS_MAX),
    AfterValidator(printable),
    Field(description="As the member wants to be greeted"),
]
LanguageTag = Annotated[
    str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z]{2,4})?)?$", description="zh-CN, en …; empty: the kiosk's own")
]
NumberHex = Annotated[
    str,
    Field(
        pattern=r"^([0-9A-Fa-f]{2})+$",
        max_length=2 * NUMBER_BYTES_MAX,
        description="The medium's number (card UID, code text in UTF-8) as hexadecimal; it is hashed, never stored "
        "(the UID of an ntag424 is kept sealed, because its keys follow from it)",
    ),
]


Phone = Annotated[str, Field(max_length=40, description="As it is typed; kept sealed")]
Email = Annotated[str, Field(max_length=254, description="Kept sealed")]
MonthDay = Annotated[str, Field(max_length=10, description="Birthday as MM-DD; a year is not kept")]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200),
    AfterValidator(printable),
    Field(description="Why; kept for good"),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewMedium(_Body):
    """Something a member will show."""

    technology: Annotated[
        Literal["card", "code", "ntag424"],
        Field(description="What reads it: a card reader or a scanner; ntag424 is a card that proves itself"),
    ]
    number_hex: NumberHex


class ConsentGiven(_Body):
    """A yes or no to one purpose, having read one version of the words."""

    purpose: Key
    granted: bool
    text_version: Key


class NewMember(_Body):
    """Somebody who joins."""

    name: MemberName
    language: LanguageTag = ""
    phone: Phone = ""
    email: Email = ""
    birthday: MonthDay = ""
    joined_on: date | None = Field(default=None, description="The store's local date; today where it is left out")
    home: Annotated[str, Field(max_length=63, description="Gateway of the store they mostly go to")] = ""
    referrer: Annotated[str, Field(max_length=20, description="Referral code of the member who brought them")] = ""
    consents: Annotated[tuple[ConsentGiven, ...], Field(max_length=20)] = ()


class MemberChange(_Body):
    """Other details of a member; what is left out stays."""

    name: MemberName | None = None
    language: LanguageTag | None = None
    phone: Phone | None = None
    email: Email | None = None
    birthday: MonthDay | None = None
    home: Annotated[str, Field(max_length=63)] | None = None
    consents: Annotated[tuple[ConsentGiven, ...], Field(max_length=20)] = ()


class ImportedMember(NewMember):
    """A member of an earlier system. A known ``member`` id is changed, an unknown or absent one added."""

    member: Member | None = None
    media: Annotated[tuple[NewMedium, ...], Field(max_length=MEDIA_PER_MEMBER_MAX)] = ()


ImportBody = Annotated[tuple[ImportedMember, ...], Field(max_length=IMPORT_MEMBERS_MAX)]


class Because(_Body):
    """Why something is done to a member."""

    reason: Reason


class Replacement(NewMedium):
    """Another medium instead of one that is blocked, and why."""

    reason: Reason


class MemberAdded(BaseModel):
    """The id of the new member."""

    member: str


class MembersImported(BaseModel):
    """One id per entry, in their order."""

    members: list[str]


class MediumLinked(BaseModel):
    """The medium's id: a keyed hash of its number."""

    medium: str


class MediumView(BaseModel):
    """A linked medium."""

    medium: str
    technology: str
    linked_at: str


class ContactView(BaseModel):
    """Contact details, opened for an operator."""

    phone: str
    email: str


class MemberView(BaseModel):
    """A member with media and balance."""

    member: str
    name: str
    language: str
    created_at: str
    joined_on: str
    birthday: str
    contact_hint: str = Field(description="The end of the phone number")
    referral_code: str | None
    referred_by: str | None
    home: str
    duplicate_of: str | None = Field(description="The member who gave the same phone number before")
    blocked_at: str | None
    consents: dict[str, bool]
    balance: int
    media: list[MediumView]
