"""Whether a coupon may be used on a basket, and what it is worth there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from loyalty.checkout.offers import is_for
from loyalty.events import Line
from loyalty.terms.offers import Budget, Coupon, CouponKind


class Why(StrEnum):
    """Why something asked for was not applied."""

    UNKNOWN = "unknown"
    OTHER_CURRENCY = "other_currency"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OTHER_STORE = "other_store"
    NOT_FOR_THIS_MEMBER = "not_for_this_member"
    NO_FITTING_GOODS = "no_fitting_goods"
    BELOW_MINIMUM = "below_minimum"
    MEMBER_BUDGET_USED = "member_budget_used"
    CAMPAIGN_BUDGET_USED = "campaign_budget_used"
    LIABILITY_REACHED = "liability_reached"
    BETTER_ONE_OF_ITS_GROUP = "better_one_of_its_group"
    EXCLUSIVE = "exclusive"
    NOTHING_LEFT_TO_TAKE_OFF = "nothing_left_to_take_off"
    TOO_MANY_COUPONS = "too_many_coupons"
    TOO_FEW_POINTS = "too_few_points"


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of a coupon's budget is gone: used or reserved."""

    member_uses: int = 0
    campaign_uses: int = 0
    liability_minor: int = 0


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon a member shows, with what is gone of its budget."""

    coupon: str
    used: BudgetUse = field(default_factory=BudgetUse)


@dataclass(frozen=True, slots=True)
class Basket:
    """What is on the counter. Prices in minor units, before any discount."""

    store: str
    currency: str
    lines: tuple[Line, ...]

    @property
    def full_minor(self) -> int:
        """The price without discounts."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Shopper:
    """What decides which discounts somebody gets; the defaults are a stranger."""

    member: bool = False
    member_type: str | None = None
    tier: str | None = None
    points: int = 0
    """Points that may be redeemed here and now; offline these are the gateway's rights."""


def objection(coupon: Coupon, used: BudgetUse, basket: Basket, shopper: Shopper, *, on: date) -> Why | None:
    """The first reason why a coupon cannot be used on a basket today; ``None`` if it can."""
    fitting = sum(line.amount_minor for line in basket.lines if fits(coupon, line))
    reasons = (
        (Why.NOT_STARTED, coupon.starts is not None and on < coupon.starts),
        (Why.ENDED, coupon.ends is not None and on > coupon.ends),
        (Why.OTHER_STORE, bool(coupon.stores) and basket.store not in coupon.stores),
        (Why.NOT_FOR_THIS_MEMBER, not is_for(coupon, member_type=shopper.member_type, tier=shopper.tier)),
        (Why.NO_FITTING_GOODS, not any(fits(coupon, line) for line in basket.lines)),
        (Why.BELOW_MINIMUM, fitting < coupon.minimum_minor),
    )
    return next((why for why, holds in reasons if holds), None) or spent_budget(coupon.budget, used)


def spent_budget(budget: Budget, used: BudgetUse, *, more_minor: int = 0) -> Why | None:
    """Which budget one more use, giving ``more_minor``, would exceed. A limit of 0 is none."""
    if 0 < budget.member_uses_max <= used.member_uses:
        return Why.MEMBER_BUDGET_USED
    if 0 < budget.campaign_uses_max <= used.campaign_uses:
        return Why.CAMPAIGN_BUDGET_USED
    if 0 < budget.liability_minor_max < used.liability_minor + more_minor:
        return Why.LIABILITY_REACHED
    return None


def fits(coupon: Coupon, line: Line) -> bool:
    """Whether a line counts for a coupon."""
    category = not coupon.categories or line.category in coupon.categories
    return category and (not coupon.brands or line.brand in coupon.brands)


def taken_off(coupon: Coupon, base_minor: int) -> int:
    """What a coupon takes off fitting goods that now cost ``base_minor``: never more than that; floored."""
    off = coupon.amount_minor if coupon.kind is CouponKind.AMOUNT else base_minor * coupon.percent // 100
    return min(off, base_minor, coupon.discount_max_minor or off)


def best_of_groups(coupons: Sequence[Coupon], basket: Basket) -> tuple[list[Coupon], list[Coupon]]:
    """Keep the coupon of each group that is worth most on the full price. Returns the kept and the outdone.

    Of equal ones the lower ``order``, then the key decides.
    """
    kept: dict[str, Coupon] = {}
    for coupon in sorted(coupons, key=lambda c: (-worth_minor(c, basket), c.order, c.id)):
        kept.setdefault(coupon.group or f"alone: {coupon.id}", coupon)
    winners = list(kept.values())
    return [c for c in coupons if c in winners], [c for c in coupons if c not in winners]


def worth_minor(coupon: Coupon, basket: Basket) -> int:
    """What a coupon alone would give on the full price; for a gift what the gift costs."""
    if coupon.kind is CouponKind.GIFT:
        return coupon.gift_cost_minor
    return taken_off(coupon, sum(line.amount_minor for line in basket.lines if fits(coupon, line)))
