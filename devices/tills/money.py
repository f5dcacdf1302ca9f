"""Prices as people write them, in the whole minor units everything else counts in."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

_DIGITS_USUALLY = 2
_DIGITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Decimal places of the currencies that have not two (ISO 4217)."""


def minor_digits(currency: str) -> int:
    """How many decimal places an amount in ``currency`` (ISO 4217) has."""
    return _DIGITS.get(currency, _DIGITS_USUALLY)


def exact_minor(amount: Decimal, digits: int) -> int | None:
    """``amount`` in minor units, or ``None`` when it is finer than a minor unit (a price of 0.001 each)."""
    scaled = amount.scaleb(digits)
    whole = int(scaled)
    return whole if whole == scaled else None


def rounded_minor(amount: Decimal, digits: int) -> int:
    """``amount`` in minor units, half a unit going to the even neighbour."""
    return int(amount.scaleb(digits).to_integral_value(ROUND_HALF_EVEN))
