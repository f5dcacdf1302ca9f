"""The small phrases of which sentences about a programme are made: amounts, days, lists, whom something is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kiosk_ui.design.currencies import minor_digits
from loyalty.terms.offers import Coupon, MemberDay, Reward

_WORTH_SHOWN_MIN = Fraction(1, 100)


def money(minor: int, currency: str) -> str:
    """``1,000.00 CNY``."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"


def count(number: int, noun: str) -> str:
    """``1 point``, ``1,500 points``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def worth(value_minor: int, points: int) -> str:
    """What one point buys, in minor units."""
    each = Fraction(value_minor, points)
    if each < _WORTH_SHOWN_MIN:
        return "a point is worth less than 0.01 minor units"
    shown = f"{float(each):,.2f}".rstrip("0").rstrip(".")
    return f"a point is worth {shown} minor unit{'' if shown == '1' else 's'}"


def listed(words: Iterable[str], joint: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} {joint} {last}" if most else last


def span(starts: date | None, ends: date | None) -> str:
    """From when until when, both days included; nothing when it always holds."""
    first = f"from {starts.isoformat()}" if starts else ""
    final = f"until {ends.isoformat()}" if ends else ""
    return " ".join(filter(None, (first, final)))


def goods(categories: Sequence[str], brands: Sequence[str]) -> str:
    """Which goods something is about."""
    parts = []
    if categories:
        parts.append(f"goods of {listed(categories, 'or')}")
    if brands:
        parts.append(f"{'of ' if parts else 'goods of '}the brand {listed(brands, 'or')}")
    return " and ".join(parts) or "all goods"


def in_stores(stores: Sequence[str]) -> str:
    """Where something holds; nothing when it holds everywhere."""
    return f"only in {listed(stores, 'or')}" if stores else ""


def audience(row: Coupon | Reward | MemberDay) -> str:
    """Whom something is for; nothing when it is for everybody."""
    types = f"of the type {listed(row.member_types, 'or')}" if row.member_types else ""
    tiers = f"of the tier {listed(row.tiers, 'or')}" if row.tiers else ""
    who = " who are also ".join(filter(None, (types, tiers)))
    return f"only for members {who}" if who else ""


def joined(*parts: str) -> str:
    """The parts that say something, as one sentence."""
    words = ", ".join(filter(None, parts))
    return f"{words[:1].upper()}{words[1:]}."
