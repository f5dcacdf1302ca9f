"""The small phrases of which sentences about a programme are made: amounts, days, whom something is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kiosk_ui.design.currencies import minor_digits
from loyalty.terms.offers import Coupon, MemberDay, Reward
from provisioning.speech import Speech

OR = "{most} or {last}"

_WORTH_SHOWN_MIN = Fraction(1, 100)


def money(minor: int, currency: str) -> str:
    """``1,000.00 CNY``."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"


def points(speech: Speech, number: int) -> str:
    """``1 point``, ``1,500 points``."""
    return speech.several("{number} point", "{number} points", number)


def days(speech: Speech, number: int) -> str:
    """``1 day``, ``30 days``."""
    return speech.several("{number} day", "{number} days", number)


def worth(speech: Speech, value_minor: int, price_points: int) -> str:
    """What one point buys, in minor units."""
    each = Fraction(value_minor, price_points)
    if each < _WORTH_SHOWN_MIN:
        return speech.say("a point is worth less than 0.01 minor units")
    shown = f"{float(each):,.2f}".rstrip("0").rstrip(".")
    if shown == "1":
        return speech.say("a point is worth 1 minor unit")
    return speech.say("a point is worth {shown} minor units", shown=shown)


def span(speech: Speech, starts: date | None, ends: date | None) -> str:
    """From when until when, both days included; nothing when it always holds."""
    if starts and ends:
        return speech.say("from {starts} until {ends}", starts=starts.isoformat(), ends=ends.isoformat())
    if starts:
        return speech.say("from {starts}", starts=starts.isoformat())
    return speech.say("until {ends}", ends=ends.isoformat()) if ends else ""


def goods(speech: Speech, categories: Sequence[str], brands: Sequence[str]) -> str:
    """Which goods something is about."""
    category, brand = (speech.listed(names, OR) if names else "" for names in (categories, brands))
    if category and brand:
        return speech.say("goods of {category} and of the brand {brand}", category=category, brand=brand)
    if category:
        return speech.say("goods of {category}", category=category)
    return speech.say("goods of the brand {brand}", brand=brand) if brand else speech.say("all goods")


def in_stores(speech: Speech, stores: Sequence[str]) -> str:
    """Where something holds; nothing when it holds everywhere."""
    return speech.say("only in {stores}", stores=speech.listed(stores, OR)) if stores else ""


def audience(speech: Speech, row: Coupon | Reward | MemberDay) -> str:
    """Whom something is for; nothing when it is for everybody."""
    types, tiers = (speech.listed(names, OR) if names else "" for names in (row.member_types, row.tiers))
    if types and tiers:
        return speech.say(
            "only for members of the type {types} who are also of the tier {tiers}", types=types, tiers=tiers
        )
    if types:
        return speech.say("only for members of the type {types}", types=types)
    return speech.say("only for members of the tier {tiers}", tiers=tiers) if tiers else ""
