"""Numbers, money and times as the reader's language writes them. The browser's half is ``format.js``."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal, format_percent

from kiosk_ui.design.currencies import minor_digits
from kiosk_ui.design.languages import Language

_BYTES_STEP = 1024
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class Formats:
    """The filters templates use, bound to one language and one time zone."""

    language: Language
    timezone: tzinfo

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language.locale)

    def number(self, value: float | Decimal) -> str:
        """``1,234``."""
        return format_decimal(value, locale=self._locale)

    def signed(self, value: int) -> str:
        """``+37``, ``−37`` (a true minus sign), ``0``."""
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return sign + format_decimal(abs(value), locale=self._locale)

    def money(self, minor: int, currency: str) -> str:
        """Minor units (cents, fen; whole yen) as an amount: ``money(8650, "CNY")`` is ``¥86.50`` in Chinese."""
        digits = minor_digits(currency)
        amount = Decimal(minor).scaleb(-digits)
        pattern = copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (digits, digits)
        return str(pattern.apply(amount, self._locale, currency=currency, currency_digits=False))

    def percent(self, value: float) -> str:
        """``0.125`` as ``12.5%``."""
        return format_percent(value, format="#,##0.#%", locale=self._locale)

    def time(self, value: datetime) -> str:
        """``14:05``, in the page's time zone."""
        return format_time(value.astimezone(self.timezone), "HH:mm", locale=self._locale)

    def moment(self, value: datetime) -> str:
        """Date and time to the minute, in the page's time zone. A script on the page leaves out today's date."""
        local = value.astimezone(self.timezone)
        return str(get_datetime_format("medium", locale=self._locale)).format(self.time(local), self.day(local))

    def day(self, value: date) -> str:
        """A calendar day."""
        return format_date(value, "medium", locale=self._locale)

    def duration(self, seconds: float) -> str:
        """A span in its largest fitting unit: ``3 minutes``."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=self._locale)

    def size(self, size_bytes: float) -> str:
        """A number of bytes: ``1.5 MiB``."""
        size, unit = float(size_bytes), _BYTE_UNITS[0]
        for unit in _BYTE_UNITS:
            if size < _BYTES_STEP or unit == _BYTE_UNITS[-1]:
                break
            size /= _BYTES_STEP
        return f"{format_decimal(size, format='#,##0.#', locale=self._locale)} {unit}"
