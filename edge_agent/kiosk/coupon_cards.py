"""A coupon as a kiosk shows it."""

from __future__ import annotations

from datetime import date

from kiosk_ui.kiosk.screens import CouponCard
from loyalty.terms.offers import Coupon


def coupon_card(instance: str, last_day: date | None, coupon: Coupon, *, currency: str, why: str | None) -> CouponCard:
    """The card of one coupon that somebody holds; ``why`` it cannot be used here today, or ``None``."""
    return CouponCard(
        instance=instance,
        title=coupon.name,
        kind=coupon.kind.value,
        percent=coupon.percent,
        amount_minor=coupon.amount_minor,
        gift=coupon.gift_sku or "",
        minimum_minor=coupon.minimum_minor,
        currency=currency,
        last_day=last_day,
        why=why,
    )
