"""How many minor units make one unit of a currency: ISO 4217, not what a locale likes to display.

CLDR (Babel, the browser's ``Intl``) rounds some currencies for display, and its versions differ; an
amount in minor units read with another exponent would be wrong by a hundred. ``format.js`` holds the
same table; a test compares them.
"""

from __future__ import annotations

MINOR_DIGITS_USUAL = 2
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS_UNUSUAL = {
    currency: digits for digits, currencies in _BY_DIGITS.items() for currency in currencies.split()
}


def minor_digits(currency: str) -> int:
    """The decimal digits of an amount in ``currency`` (ISO 4217 code)."""
    return MINOR_DIGITS_UNUSUAL.get(currency, MINOR_DIGITS_USUAL)
