"""Coming and going: the invitation, the greeting, what a receipt brought, help, and what cannot be done now."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from kiosk_ui.kiosk.screen_values import (
    AnyScreen,
    Currency,
    Key,
    Name,
    Percent,
    Points,
    ScreenValue,
    Subject,
    View,
)


class Claimable(ScreenValue):
    """A purchase at this counter that nobody has shown a card for yet. ``total_minor``: minor currency units."""

    sale: Annotated[Subject, Field(min_length=1)]
    total_minor: int
    currency: Currency


class TierProgress(ScreenValue):
    """Where a member stands on the ladder of tiers, by this store's knowledge.

    ``done`` and ``next_at`` count what ``measure`` says: minor units, points or visits. ``share_percent`` is the length
    of the bar. Without ``next_name`` there is nothing above. ``last_day``: the tier ends then unless earned again.
    """

    tier: Name | None = None
    next_name: Name | None = None
    measure: Literal["spend", "points", "visits"] = "spend"
    done: int = 0
    next_at: int = 0
    missing: Points = 0
    share_percent: Percent = 0
    currency: Currency | None = None
    last_day: date | None = None


class MemberDayAhead(ScreenValue):
    """A member day soon."""

    day: date
    name: Name


class Attract(AnyScreen):
    """Nobody is here: invite. ``can_register`` offers to become a member without a card."""

    screen: Literal["attract"] = "attract"
    can_register: bool = False


class Greeting(AnyScreen):
    """A member is here. ``online``: the balance is the cloud's own, so it needs no "as of".

    ``usable`` points can be used here and now; ``None``: not said. ``is_frozen``: none until head office was heard.
    ``menu`` are the tiles, in this order; empty: none. ``coupons`` is how many are theirs. A question (``claimable``)
    takes the place of the tiles. ``birthday_points`` are the shop's present; they can be spent later.
    ``today`` names the member days that hold today, ``ahead`` the next one.
    """

    screen: Literal["greeting"] = "greeting"
    name: Name
    balance: int
    as_of: AwareDatetime
    online: bool
    claimable: Claimable | None = None
    usable: Points | None = None
    is_frozen: bool = False
    tier: TierProgress | None = None
    menu: Annotated[tuple[View, ...], Field(max_length=10)] = ()
    coupons: Points = 0
    is_birthday: bool = False
    birthday_points: Points = 0
    today: Name | None = None
    ahead: MemberDayAhead | None = None


class Earned(AnyScreen):
    """Points moved for a receipt; negative where a refund took them back.

    ``available_on``: the points wait until that day. ``redeemed`` points paid for ``saved_minor`` of this receipt.
    """

    screen: Literal["earned"] = "earned"
    points: int
    balance: int
    as_of: AwareDatetime
    total_minor: int
    currency: Currency
    available_on: date | None = None
    redeemed: Points = 0
    saved_minor: int = 0
    tier_reached: Name | None = None


class UnknownCard(AnyScreen):
    """A card or code that belongs to no member known here. ``can_register``: they may join with it right now."""

    screen: Literal["unknown_card"] = "unknown_card"
    can_register: bool = False


class ReaderFault(AnyScreen):
    """A reader at this counter cannot read; ``device`` is its name in the configuration."""

    screen: Literal["reader_fault"] = "reader_fault"
    device: str


class Goodbye(AnyScreen):
    """The visit is over."""

    screen: Literal["goodbye"] = "goodbye"


class Help(AnyScreen):
    """How all this works, in a few sentences, and that a person is near. Without a visit "back" ends it."""

    screen: Literal["help"] = "help"
    online: bool = True


class Problem(AnyScreen):
    """What was asked for cannot be done now, and why.

    ``reason`` is a key of :class:`loyalty.rights.movements.Refusal`, :class:`loyalty.checkout.coupons.Why` or
    :class:`kiosk_ui.kiosk.form_screens.FormReason`; the page has kind words for each, and general ones for any other.
    ``back`` is where the one button leads.
    """

    screen: Literal["problem"] = "problem"
    reason: Key
    retry_after_s: Points = 0
    back: View = View.HOME
