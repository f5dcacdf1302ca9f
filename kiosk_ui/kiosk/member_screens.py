"""What is a member's: points, coupons, rewards, receipts. For the eyes of whoever stands there, and soon gone again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from kiosk_ui.kiosk.qr import Qr
from kiosk_ui.kiosk.screen_values import (
    CARDS_MAX,
    HISTORY_MAX,
    AnyScreen,
    Currency,
    Key,
    Name,
    Percent,
    Points,
    ScreenValue,
    Subject,
)

EXPIRING_MAX = 24


class PurseScreen(AnyScreen):
    """A screen that says how many points there are: ``usable`` of ``balance`` here and now, as known at ``as_of``.

    ``balance`` below zero: so many are owed. ``is_frozen``: nothing can be redeemed here until head office was heard.
    """

    name: Name
    balance: int
    usable: Points
    as_of: AwareDatetime
    online: bool
    is_frozen: bool = False


class ExpiringPoints(ScreenValue):
    """Points that can be used up to and including ``last_day``."""

    last_day: date
    points: Points


class HistoryLine(ScreenValue):
    """One movement of points and what it was for: ``rule`` is a key of :class:`loyalty.ledger.Rule`.

    ``reference`` asks for its receipt; empty: there is none here.
    """

    at: AwareDatetime
    rule: Key
    points: int
    is_pending: bool = False
    reference: Subject = ""


class MyPoints(PurseScreen):
    """All about the points. ``pending`` wait for the end of the return window, the first until ``pending_until``."""

    screen: Literal["points"] = "points"
    pending: Points = 0
    pending_until: date | None = None
    owed: Points = 0
    expiring: Annotated[tuple[ExpiringPoints, ...], Field(max_length=EXPIRING_MAX)] = ()
    history: Annotated[tuple[HistoryLine, ...], Field(max_length=HISTORY_MAX)] = ()


class Receipt(AnyScreen):
    """What one business fact did to the points. ``reference`` is its local transaction id.

    ``total_minor`` is the receipt's, where a purchase was behind it. ``available_on``: pending points wait until then.
    ``is_sent``: head office has it already.
    """

    screen: Literal["receipt"] = "receipt"
    name: Name
    reference: Annotated[Subject, Field(min_length=1)]
    at: AwareDatetime
    lines: Annotated[tuple[HistoryLine, ...], Field(max_length=HISTORY_MAX)]
    total_minor: int | None = None
    currency: Currency | None = None
    available_on: date | None = None
    is_sent: bool = False


class CouponCard(ScreenValue):
    """One coupon. Of ``percent``, ``amount_minor`` and ``gift`` the one of its ``kind`` is set.

    ``why`` (a key of :class:`loyalty.checkout.coupons.Why`, or ``held_elsewhere``, ``frozen``) says why it cannot be
    used here today; ``None``: it can. ``minimum_minor``: the purchase must reach this.
    """

    instance: Key
    title: Name
    kind: Literal["percent", "amount", "gift"]
    percent: Percent = 0
    amount_minor: int = 0
    gift: Annotated[str, Field(max_length=80)] = ""
    minimum_minor: int = 0
    currency: Currency
    last_day: date | None = None
    why: Key | None = None


class MyCoupons(AnyScreen):
    """The coupons a member holds: those that can be used here first; or one whose own code was scanned."""

    screen: Literal["coupons"] = "coupons"
    coupons: Annotated[tuple[CouponCard, ...], Field(max_length=CARDS_MAX)] = ()
    online: bool = True


class RewardCard(ScreenValue):
    """One reward and its price in points. ``why`` (a refusal's key) says why it cannot be taken now; ``None``: it can.

    ``missing`` points are lacking for it here and now.
    """

    reward: Key
    title: Name
    kind: Literal["goods", "cash", "coupon"]
    points: Points
    value_minor: int
    currency: Currency
    why: Key | None = None
    missing: Points = 0


class Rewards(PurseScreen):
    """What points buy. Touching one asks for ``reward``."""

    screen: Literal["rewards"] = "rewards"
    rewards: Annotated[tuple[RewardCard, ...], Field(max_length=CARDS_MAX)] = ()


class Redeem(PurseScreen):
    """Confirm one reward: form ``redeem`` {pin?}, ``subject`` the reward's key. ``balance_after`` it is taken."""

    screen: Literal["redeem"] = "redeem"
    reward: RewardCard
    balance_after: int
    needs_pin: bool = False


class Redeemed(PurseScreen):
    """Taken: the voucher that staff hand the reward out for, and the local transaction id (``reference``).

    ``is_coupon_awaited``: head office gives the coupon when it hears of it; where none is left, the points come back.
    """

    screen: Literal["redeemed"] = "redeemed"
    reward: RewardCard
    voucher: Annotated[str, Field(min_length=1, max_length=20)]
    reference: Annotated[Subject, Field(min_length=1)]
    at: AwareDatetime
    is_coupon_awaited: bool = False


class Refer(AnyScreen):
    """The code that brings a friend, to read and to scan. What both get after the first real purchase."""

    screen: Literal["refer"] = "refer"
    name: Name
    code: Annotated[str, Field(min_length=1, max_length=20)]
    qr: Qr
    referrer_points: Points = 0
    referred_points: Points = 0
    minimum_minor: int = 0
    currency: Currency | None = None
