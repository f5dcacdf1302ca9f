"""The loyalty programme of the demo's store: a bit of everything, and points that can be spent at once."""

from __future__ import annotations

from typing import Any


def demo_programme(currency: str) -> dict[str, Any]:
    """The programme file as a table. Amounts are minor units of ``currency``."""
    return {
        "programme": {
            "name": "掌柜会员 Regulars",
            "currency": currency,
            "points": 1,
            "per_minor": 100,
            "minimum_minor": 0,
        },
        "lots": {"pending_days": 0, "expiry": "month_end", "after": 12, "restored_days": 30},
        "earning": _earning(),
        "tiers": _tiers(),
        "redeeming": {"points": 100, "value_minor": 200, "share_percent_max": 50},
        "rewards": _rewards(),
        "coupons": _coupons(),
        "member_types": _member_types(),
        "member_days": [
            {"id": "tuesday", "name": "会员星期二 Members' Tuesday", "weekdays": [2], "discount_percent": 3}
        ],
    }


def _earning() -> dict[str, Any]:
    return {
        "activities": [
            {"id": "birthday", "kind": "birthday", "points": 50, "window_days": 7},
            {"id": "how-was-it", "kind": "survey", "points": 10, "times_max": 4},
        ],
        "referral": {
            "referrer_points": 100,
            "referred_points": 50,
            "minimum_minor": 8_000,
            "referred_coupon": "first-10",
        },
    }


def _tiers() -> dict[str, Any]:
    return {
        "by": "spend",
        "period": "year",
        "grace_days": 60,
        "levels": [
            {"id": "silver", "name": "银卡 Silver", "at": 100_000, "discount_percent": 2},
            {"id": "gold", "name": "金卡 Gold", "at": 500_000, "discount_percent": 5, "early_purchase_days": 2},
        ],
    }


def _rewards() -> list[dict[str, Any]]:
    return [
        {"id": "ten-off", "name": "立减十元 10.00 off", "kind": "cash", "points": 500, "value_minor": 1_000},
        {"id": "cup", "name": "纪念杯 A cup of ours", "kind": "goods", "points": 1_500, "value_minor": 3_900},
        {
            "id": "coffee-voucher",
            "name": "咖啡券 A coffee on us",
            "kind": "coupon",
            "coupon": "coffee",
            "points": 900,
            "value_minor": 2_200,
        },
    ]


def _coupons() -> list[dict[str, Any]]:
    return [
        {
            "id": "first-10",
            "name": "首单九折 10 % off your first basket",
            "kind": "percent",
            "percent": 10,
            "discount_max_minor": 3_000,
            "group": "welcome",
        },
        {
            "id": "coffee",
            "name": "咖啡券 A coffee on us",
            "kind": "amount",
            "amount_minor": 2_200,
            "minimum_minor": 2_201,
            "budget": {"member_uses_max": 0},
        },
        {
            "id": "birthday-cake",
            "name": "生日蛋糕 A slice of cake",
            "kind": "gift",
            "gift_sku": "CAKE-SLICE",
            "gift_cost_minor": 600,
        },
    ]


def _member_types() -> list[dict[str, Any]]:
    return [
        {
            "id": "new",
            "purchases_max": 0,
            "offers": [{"kind": "first_purchase_discount", "coupon": "first-10"}, {"kind": "redemption"}],
        },
        {
            "id": "regular",
            "offers": [
                {"kind": "birthday_gift", "coupon": "birthday-cake"},
                {"kind": "news"},
                {"kind": "promotions"},
                {"kind": "redemption"},
            ],
        },
    ]
