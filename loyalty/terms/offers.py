"""What members get: rewards for points, coupons, offers by member type, member days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Annotated

from loyalty.terms.earning import MINOR_MAX, POINTS_MAX, check_days
from loyalty.terms.fields import Day, Flag, Matching, OneOf, ProgrammeError, Several, Text, Whole
from loyalty.terms.tables import Table, Tables

_Keys = tuple[str, ...]
_MEMBER_TYPES = Several("Member types it is for; none: all", Matching("Member type"))
_TIERS = Several("Tiers it is for; none: all", Matching("Tier"))
_STORES = Several("Stores where it holds; none: all", Matching("Store"))


class RewardKind(StrEnum):
    """What points are exchanged for."""

    GOODS = "goods"
    CASH = "cash"
    COUPON = "coupon"


class CouponKind(StrEnum):
    """What a coupon takes off."""

    PERCENT = "percent"
    AMOUNT = "amount"
    GIFT = "gift"


class OfferKind(StrEnum):
    """What a member type is offered."""

    WELCOME_PACK = "welcome_pack"
    FIRST_PURCHASE_DISCOUNT = "first_purchase_discount"
    NEWS = "news"
    PROMOTIONS = "promotions"
    BIRTHDAY_GIFT = "birthday_gift"
    EXCLUSIVE_DISCOUNT = "exclusive_discount"
    REDEMPTION = "redemption"


class Discount(StrEnum):
    """The layers of a price, stacked in the order the programme gives."""

    TIER = "tier"
    MEMBER_DAY = "member_day"
    PERCENT = "percent"
    AMOUNT = "amount"
    GIFT = "gift"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Reward:
    """Something points buy."""

    id: Annotated[str, Matching("Key of the reward")]
    name: Annotated[str, Text("Name shown to members")]
    kind: Annotated[RewardKind, OneOf("goods, cash off the receipt, or a coupon", RewardKind)]
    points: Annotated[int, Whole("Price in points", 1, POINTS_MAX)]
    value_minor: Annotated[int, Whole("Worth to the member, and what it takes off when cash", 1, MINOR_MAX)]
    coupon: Annotated[str | None, Matching("The coupon given, when kind is coupon")] = None
    member_types: Annotated[_Keys, _MEMBER_TYPES] = ()
    tiers: Annotated[_Keys, _TIERS] = ()

    def __post_init__(self) -> None:
        if (self.coupon is not None) != (self.kind is RewardKind.COUPON):
            raise ProgrammeError("coupon", self.coupon, "name a coupon exactly when kind is coupon")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of a coupon there is. 0 means no limit."""

    member_uses_max: Annotated[int, Whole("Uses by one member", 0, 1_000_000)] = 1
    campaign_uses_max: Annotated[int, Whole("Uses by all members together", 0, 1_000_000_000)] = 0
    liability_minor_max: Annotated[int, Whole("Discount given by all uses together, minor units", 0, MINOR_MAX)] = 0

    @property
    def is_shared(self) -> bool:
        """Whether all members, and so all stores, share a limit."""
        return bool(self.campaign_uses_max or self.liability_minor_max)


@dataclass(frozen=True, slots=True)
class Coupon:
    """A discount or a gift, and on which baskets it may be used."""

    id: Annotated[str, Matching("Key of the coupon")]
    name: Annotated[str, Text("Name shown to members")]
    kind: Annotated[CouponKind, OneOf("What it takes off", CouponKind)]
    percent: Annotated[int, Whole("Percent off, when kind is percent", 0, 100)] = 0
    amount_minor: Annotated[int, Whole("Amount off, when kind is amount", 0, MINOR_MAX)] = 0
    gift_sku: Annotated[str | None, Text("The article given, when kind is gift")] = None
    gift_cost_minor: Annotated[int, Whole("What the gift costs, counted against the liability", 0, MINOR_MAX)] = 0
    discount_max_minor: Annotated[int, Whole("Most it takes off; 0: no limit", 0, MINOR_MAX)] = 0
    minimum_minor: Annotated[int, Whole("The fitting goods must come to this before any discount", 0, MINOR_MAX)] = 0
    starts: Annotated[date | None, Day("First day")] = None
    ends: Annotated[date | None, Day("Last day")] = None
    stores: Annotated[_Keys, _STORES] = ()
    categories: Annotated[_Keys, Several("Categories it fits; none: any", Matching("Category"))] = ()
    brands: Annotated[_Keys, Several("Brands it fits; none: any", Matching("Brand"))] = ()
    member_types: Annotated[_Keys, _MEMBER_TYPES] = ()
    tiers: Annotated[_Keys, _TIERS] = ()
    order: Annotated[int, Whole("Place among coupons of its kind; lower first", 0, 1_000)] = 100
    exclusive: Annotated[bool, Flag("No other coupon beside it")] = False
    group: Annotated[str | None, Matching("Of one group only one coupon applies")] = None
    budget: Annotated[Budget, Table("How much of it there is", Budget)] = field(default_factory=Budget)

    def __post_init__(self) -> None:
        check_days(self.starts, self.ends)
        for kind, key, given in (
            (CouponKind.PERCENT, "percent", self.percent),
            (CouponKind.AMOUNT, "amount_minor", self.amount_minor),
            (CouponKind.GIFT, "gift_sku", self.gift_sku),
        ):
            if given and kind is not self.kind:
                raise ProgrammeError(key, given, "remove it: kind is {kind}", kind=self.kind)
            if not given and kind is self.kind:
                raise ProgrammeError(key, given, "write it: kind is {kind}", kind=self.kind)


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing a member type is offered."""

    kind: Annotated[OfferKind, OneOf("What is offered", OfferKind)]
    coupon: Annotated[str | None, Matching("The coupon that carries it")] = None

    def __post_init__(self) -> None:
        plain = self.kind in {OfferKind.NEWS, OfferKind.PROMOTIONS, OfferKind.REDEMPTION}
        if plain and self.coupon is not None:
            raise ProgrammeError("coupon", self.coupon, "remove it: {kind} carries no coupon", kind=self.kind)
        if not plain and self.coupon is None:
            raise ProgrammeError("coupon", None, "name the coupon that carries {kind}", kind=self.kind)


@dataclass(frozen=True, slots=True)
class MemberType:
    """Who is of this type, and what they are offered. The first type that fits a member is theirs."""

    id: Annotated[str, Matching("Key of the member type")]
    purchases_min: Annotated[int, Whole("Purchases made so far, at least", 0, 1_000_000)] = 0
    purchases_max: Annotated[int, Whole("Purchases made so far, at most", 0, 1_000_000)] = 1_000_000
    member_days_min: Annotated[int, Whole("Days since joining, at least", 0, 36_600)] = 0
    offers: Annotated[tuple[Offer, ...], Tables("What they are offered", Offer, 20)] = ()

    def __post_init__(self) -> None:
        if self.purchases_max < self.purchases_min:
            raise ProgrammeError("purchases_max", self.purchases_max, "write {least} or more", least=self.purchases_min)


@dataclass(frozen=True, slots=True)
class MemberDay:
    """A day for members only: a discount, more points, or a gathering."""

    id: Annotated[str, Matching("Key of the member day")]
    name: Annotated[str, Text("Name shown to members")]
    weekdays: Annotated[tuple[int, ...], Several("Weekdays, 1 Monday to 7 Sunday", Whole("Weekday", 1, 7), 7)] = ()
    month_days: Annotated[tuple[int, ...], Several("Days of the month", Whole("Day of the month", 1, 31), 31)] = ()
    days: Annotated[tuple[date, ...], Several("Single days", Day("A day"))] = ()
    discount_percent: Annotated[int, Whole("Member discount on that day", 0, 90)] = 0
    earn_percent: Annotated[int, Whole("Percent of the usual points on that day", 100, 1_000)] = 100
    stores: Annotated[_Keys, _STORES] = ()
    member_types: Annotated[_Keys, _MEMBER_TYPES] = ()
    tiers: Annotated[_Keys, _TIERS] = ()

    def __post_init__(self) -> None:
        if not (self.weekdays or self.month_days or self.days):
            raise ProgrammeError("weekdays", (), "say when: write weekdays, month_days or days")


@dataclass(frozen=True, slots=True)
class Redeeming:
    """Points as part of the payment. Rewards have their own price."""

    points: Annotated[int, Whole("Points of one step; 0: points do not pay", 0, POINTS_MAX)] = 0
    value_minor: Annotated[int, Whole("What one step takes off", 0, MINOR_MAX)] = 0
    share_percent_max: Annotated[int, Whole("Most of the price that points may pay", 1, 100)] = 100

    def __post_init__(self) -> None:
        if (self.points == 0) != (self.value_minor == 0):
            raise ProgrammeError("value_minor", self.value_minor, "write points and value_minor, or neither")


@dataclass(frozen=True, slots=True)
class Stacking:
    """The order in which discounts are taken off; each works on the price the one before it left."""

    order: Annotated[tuple[Discount, ...], Several("All six, first to last", OneOf("A discount", Discount), 6)] = tuple(
        Discount
    )

    def __post_init__(self) -> None:
        missing = [layer for layer in Discount if layer not in self.order]
        if missing:
            raise ProgrammeError("order", tuple(self.order), "add {missing}", missing=", ".join(missing))
