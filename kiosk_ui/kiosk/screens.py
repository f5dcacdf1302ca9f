"""What the kiosk can show, as values. The browser fills the matching ``<template>`` with them, as text.

Amounts are minor currency units, points whole numbers, times carry a UTC offset. ``language`` is the
one the member reads (BCP 47), when known: the kiosk greets people in their own language and turns
back to the store's when they leave.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

SCREEN_EVENT = "screen"
CONNECTION_EVENT = "connection"

NAME_LENGTH_MAX = 200
_SUBJECT_LENGTH_MAX = 200


def kiosk_channel(kiosk: str) -> str:
    """The live channel of one kiosk's page."""
    return f"kiosk.{kiosk}"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Claimable(_View):
    """A purchase at this counter that nobody has shown a card for yet."""

    sale: Annotated[str, Field(min_length=1, max_length=_SUBJECT_LENGTH_MAX)]
    total_minor: int
    currency: Currency


class Attract(_View):
    """Nobody is here: invite."""

    screen: Literal["attract"] = "attract"


class Greeting(_View):
    """A member is here. ``online``: the balance is the cloud's own, so it needs no "as of"."""

    screen: Literal["greeting"] = "greeting"
    name: Name
    balance: int
    as_of: AwareDatetime
    online: bool
    claimable: Claimable | None = None
    language: str | None = None


class Earned(_View):
    """Points moved for a receipt; negative where a refund took them back."""

    screen: Literal["earned"] = "earned"
    name: Name | None = None
    points: int
    balance: int
    as_of: AwareDatetime
    total_minor: int
    currency: Currency
    language: str | None = None


class UnknownCard(_View):
    """A card or code that belongs to no member known here."""

    screen: Literal["unknown_card"] = "unknown_card"


class ReaderFault(_View):
    """A reader at this counter cannot read; ``device`` is its name in the configuration."""

    screen: Literal["reader_fault"] = "reader_fault"
    device: str


class Goodbye(_View):
    """The visit is over."""

    screen: Literal["goodbye"] = "goodbye"
    name: Name | None = None
    language: str | None = None


Screen = Annotated[
    Attract | Greeting | Earned | UnknownCard | ReaderFault | Goodbye,
    Field(discriminator="screen"),
]
SCREEN: TypeAdapter[Screen] = TypeAdapter(Screen)
"""Reads a screen back from JSON."""


class Connection(_View):
    """Whether the store reaches the cloud. A calm notice, never an error: points are safe here."""

    online: bool
