"""What the kiosk can show, as values. The browser fills the matching ``<template>`` with them, as text.

Amounts are minor currency units, points whole numbers, times carry a UTC offset, days are the store's own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from kiosk_ui.kiosk.form_screens import (
    CONSENT_TEXT_VERSION,
    ConsentChoice,
    ConsentsForm,
    DetailsForm,
    FieldReason,
    Form,
    FormReason,
    Link,
    Linked,
    Pin,
    Purpose,
    Question,
    Registered,
    RegisterForm,
    SurveyForm,
    Thanks,
)
from kiosk_ui.kiosk.member_screens import (
    CouponCard,
    ExpiringPoints,
    HistoryLine,
    MyCoupons,
    MyPoints,
    PurseScreen,
    Receipt,
    Redeem,
    Redeemed,
    Refer,
    RewardCard,
    Rewards,
)
from kiosk_ui.kiosk.qr import Qr, qr_of
from kiosk_ui.kiosk.screen_values import NAME_LENGTH_MAX, PIN_DIGITS_MAX, PIN_DIGITS_MIN, AnyScreen, ScreenValue, View
from kiosk_ui.kiosk.visit_screens import (
    Attract,
    Claimable,
    Earned,
    Goodbye,
    Greeting,
    Help,
    MemberDayAhead,
    Problem,
    ReaderFault,
    TierProgress,
    UnknownCard,
)

__all__ = [
    "CONNECTION_EVENT",
    "CONSENT_TEXT_VERSION",
    "NAME_LENGTH_MAX",
    "PIN_DIGITS_MAX",
    "PIN_DIGITS_MIN",
    "SCREEN",
    "SCREEN_EVENT",
    "AnyScreen",
    "Attract",
    "Claimable",
    "Connection",
    "ConsentChoice",
    "ConsentsForm",
    "CouponCard",
    "DetailsForm",
    "Earned",
    "ExpiringPoints",
    "FieldReason",
    "Form",
    "FormReason",
    "Goodbye",
    "Greeting",
    "Help",
    "HistoryLine",
    "Link",
    "Linked",
    "MemberDayAhead",
    "MyCoupons",
    "MyPoints",
    "Pin",
    "Problem",
    "Purpose",
    "PurseScreen",
    "Qr",
    "Question",
    "ReaderFault",
    "Receipt",
    "Redeem",
    "Redeemed",
    "Refer",
    "RegisterForm",
    "Registered",
    "RewardCard",
    "Rewards",
    "Screen",
    "SurveyForm",
    "Thanks",
    "TierProgress",
    "UnknownCard",
    "View",
    "kiosk_channel",
    "qr_of",
]

SCREEN_EVENT = "screen"
CONNECTION_EVENT = "connection"


def kiosk_channel(kiosk: str) -> str:
    """The live channel of one kiosk's page."""
    return f"kiosk.{kiosk}"


Coming = Attract | Greeting | Earned | UnknownCard | ReaderFault | Goodbye | Help | Problem
Looking = MyPoints | Receipt | MyCoupons | Rewards | Redeem | Redeemed | Refer
Filling = RegisterForm | Registered | DetailsForm | ConsentsForm | SurveyForm | Thanks | Link | Linked | Pin

Screen = Annotated[Coming | Looking | Filling, Field(discriminator="screen")]
SCREEN: TypeAdapter[Screen] = TypeAdapter(Screen)
"""Reads a screen back from JSON."""


class Connection(ScreenValue):
    """Whether the store reaches the cloud. A calm notice, never an error: points are safe here."""

    online: bool
