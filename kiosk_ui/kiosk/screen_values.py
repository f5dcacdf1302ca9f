"""What the kiosk's screens are made of: names, bounds and the root of every screen."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME_LENGTH_MAX = 200
SUBJECT_LENGTH_MAX = 200
VISIT_LENGTH_MAX = 64
KEY_LENGTH_MAX = 60
PIN_DIGITS_MIN = 6
PIN_DIGITS_MAX = 12
HISTORY_MAX = 60
CARDS_MAX = 100
"""Coupons or rewards on one screen."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Visit = Annotated[str, Field(max_length=VISIT_LENGTH_MAX)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=KEY_LENGTH_MAX)]
Subject = Annotated[str, Field(max_length=SUBJECT_LENGTH_MAX)]
Points = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
MonthDay = Annotated[str, Field(pattern=r"^(\d\d-\d\d)?$", description="MM-DD, or empty")]


class View(StrEnum):
    """What a finger can ask for: the ``view`` of ``POST /kiosk/{kiosk}/ask``. ``subject`` says which one."""

    HOME = "home"
    """The greeting again; "back" leads here."""
    POINTS = "points"
    RECEIPT = "receipt"
    """``subject``: the reference of a line of the history."""
    COUPONS = "coupons"
    REWARDS = "rewards"
    REWARD = "reward"
    """``subject``: a reward's key. Answered with ``redeem``: the points may be reserved for this visit from here on."""
    REGISTER = "register"
    """Also without a visit (from the invitation): it begins one."""
    REFER = "refer"
    DETAILS = "details"
    CONSENTS = "consents"
    SURVEY = "survey"
    LINK = "link"
    LINK_CARD = "link_card"
    LINK_PHONE = "link_phone"
    PIN = "pin"
    """Choose a new PIN."""
    HELP = "help"
    """Also without a visit."""
    STAY = "stay"
    """Somebody types: only start the time of the screen anew; see ``KioskSession.touched``. At most every 10 s."""


class ScreenValue(BaseModel):
    """A part of a screen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AnyScreen(ScreenValue):
    """The root of every screen.

    ``visit`` is what asks and forms from this screen must carry. ``name`` is the member it is about, for the farewell.
    ``language`` (BCP 47) is the one they read, when known.
    """

    screen: str
    visit: Visit = ""
    name: Name | None = None
    language: str | None = None
