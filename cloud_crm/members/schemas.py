"""API shapes of members and media."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from cloud_bridge.contract import Member

IMPORT_MEMBERS_MAX = 5_000
MEDIA_PER_MEMBER_MAX = 20
NUMBER_BYTES_MAX = 256
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _printable(name: str) -> str:
    if any(unicodedata.category(c) in _REFUSED_CATEGORIES or c in _DIRECTION_MARKS for c in name):
        raise ValueError("control characters and line breaks cannot be part of a name")
    return name


MemberName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_printable),
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
        description="The medium's number (card UID, code text in UTF-8) as hexadecimal; it is hashed, never stored",
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewMedium(_Body):
    """Something a member will show."""

    technology: Annotated[Literal["card", "code"], Field(description="What reads it: a card reader or a scanner")]
    number_hex: NumberHex


class NewMember(_Body):
    """Somebody who joins."""

    name: MemberName
    language: LanguageTag = ""


class ImportedMember(NewMember):
    """A member of an earlier system. A known ``member`` id is changed, an unknown or absent one added."""

    member: Member | None = None
    media: Annotated[tuple[NewMedium, ...], Field(max_length=MEDIA_PER_MEMBER_MAX)] = ()


ImportBody = Annotated[tuple[ImportedMember, ...], Field(max_length=IMPORT_MEMBERS_MAX)]


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


class MemberView(BaseModel):
    """A member with media and balance."""

    member: str
    name: str
    language: str
    created_at: str
    balance: int
    media: list[MediumView]
