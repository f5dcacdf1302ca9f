"""The words of a doubt about a programme. English stands here; a translation is found by the English words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Doubt(Enum):
    """What can be doubtful: what would happen, and what to write instead. Names in braces are filled in."""

    LOSES_MONEY = (
        "at the best rate its {points} points are earned by spending {spent} and give back {value}, {percent} % of it: "
        "every purchase loses money",
        "ask {enough} points or more, or give less",
    )
    GIVES_BACK_MUCH = (
        "at the best rate its {points} points are earned by spending {spent} and give back {value}, {percent} % of it",
        "ask {enough} points or more, or give less",
    )
    REFERRAL_PAYS_FOR_ITSELF = (
        "the points of both sides buy {worth}, more than the first purchase must be",
        "write {enough} or more, or give fewer points",
    )
    GOODS_FOR_NOTHING = ("goods up to {amount} cost nothing with it", "write more than {amount}")
    GIFT_WITHOUT_COST = ("the gift counts as free, so no liability limit holds", "write what it costs")
    ENDLESS = ("it has no last day and no limit of any kind", "write ends, or a limit in its budget")
    LIABILITY_WITHOUT_BOUND = (
        "what one coupon is worth has no bound, so what all of them may cost cannot be counted when they are given out",
        "write the most that one takes off",
    )
    REWARD_GIVEN_LATER = (
        "{coupon} is limited for all members together, so it comes once the store is online; if none is left by then, "
        "the points come back",
        "remove campaign_uses_max and liability_minor_max of {coupon}, or accept it",
    )
    REWARD_ONLY_SO_OFTEN = (
        "a member may use {coupon} {uses} times only, however often points buy it",
        "write member_uses_max = 0 in the budget of {coupon}, or accept it",
    )
    COUPON_FOR_OTHERS = (
        "{coupon} is for other member types, so whoever is offered it cannot use it",
        "add {member_type} to the member_types of {coupon}",
    )
    COUPON_FOR_OTHER_TIERS = (
        "{coupon} is for other tiers, so whoever reaches this one cannot use it",
        "add {tier} to the tiers of {coupon}",
    )
    TIER_COUPON_ONLY_SO_OFTEN = (
        "a member may use {coupon} {uses} times only, however often the tier is reached",
        "write member_uses_max = 0 in the budget of {coupon}, or accept it",
    )
    NO_FIRST_PURCHASE_LEFT = (
        "whoever is of this type has bought already, so the offer is never due",
        "move it to a type whose purchases_min is 0",
    )
    NOTHING_TO_TELL = (
        "the programme has no member days, and these are all that is told of news and promotions",
        "add a [[member_days]] table, or remove the offer",
    )
    NEARLY_NOTHING_TO_PAY = (
        "a member with every percentage at once pays {percent} % of the price",
        "put percent coupons into one group, or make them exclusive",
    )
    NOTHING_TO_PAY = (
        "used together, coupons and percentages leave nothing to pay of a basket of {basket}",
        "put amount coupons into one group, make them exclusive, or raise their minimum_minor",
    )
    EXPIRES_TOO_SOON = (
        "some points expire on the day on which they become available, or the day they are earned",
        "write a life longer than {days} days",
    )
    SPENT_BEFORE_RETURNED = (
        "points can be spent before the purchase that earned them is returned",
        "write the days of your return window",
    )
    TIER_OUT_OF_REACH = (
        "with at most {cap} points a day nobody reaches it within its {days} days",
        "write {most} or less, or raise earning.day_points_max",
    )
    TYPE_NEVER_FITS = (
        "nobody is ever of this type: the ones before it fit first",
        "move it up, or narrow the ones before it",
    )
    NO_TYPE_FITS = (
        "nobody's type is that of a member with {purchases} purchases {days} days after joining",
        "add a type without conditions as the last one",
    )

    @property
    def says(self) -> str:
        """What would happen."""
        return self.value[0]

    @property
    def remedy(self) -> str:
        """What to write instead."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Concern:
    """One doubt: the key path it is about, and the figures of its sentences."""

    key: str
    doubt: Doubt
    figures: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """What would happen, in English."""
        return self.doubt.says.format(**self.figures)

    @property
    def remedy(self) -> str:
        """What to write instead, in English."""
        return self.doubt.remedy.format(**self.figures)
