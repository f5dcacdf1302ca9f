"""What a till asks about a basket, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from loyalty.checkout.coupons import Basket, HeldCoupon, Shopper, Why
from loyalty.terms.offers import Discount

POINTS = "points"
"""What :class:`Declined` names when points cannot pay."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the till asks. ``points`` are those the member wants to pay with, ``reward`` a cash reward to take."""

    basket: Basket
    shopper: Shopper
    on: date
    coupons: tuple[HeldCoupon, ...] = ()
    points: int = 0
    reward: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One discount: what it was computed from (``base_minor``), what it took off, and the price after it."""

    layer: Discount
    source: str
    """The key of the tier, member day, coupon or reward; ``points`` for points that pay."""
    base_minor: int
    discount_minor: int
    price_minor: int
    percent: int = 0
    points: int = 0
    gift_sku: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Something asked for that does not apply."""

    source: str
    why: Why


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer. ``line_prices`` are what each line of the basket costs after all steps."""

    full_minor: int
    price_minor: int
    line_prices: tuple[int, ...]
    steps: tuple[Step, ...] = ()
    declined: tuple[Declined, ...] = ()

    @property
    def points(self) -> int:
        """Points to redeem."""
        return sum(step.points for step in self.steps)
