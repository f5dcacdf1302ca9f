"""One line of a sales CSV file: its cells, checked one by one; what is wrong is said with line and column."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devices.observations import AMOUNT_MINOR_MAX, TEXT_LENGTH_MAX
from devices.tills.message_fields import NAME_LENGTH_MAX, QUANTITY_MAX
from devices.tills.money import exact_minor, minor_digits
from devices.tills.sale_message import YEAR_MAX, YEAR_MIN

REQUIRED_COLUMNS = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice")
OPTIONAL_COLUMNS = ("Description", "CustomerID", "Country")
INVOICE_LENGTH_MAX = NAME_LENGTH_MAX - 8
"""Leaves room for the number of a part: one cancellation may give back goods of several sales."""

LINE_LENGTH_MAX = 16_384

_ALIASES = {"invoice": "InvoiceNo", "price": "UnitPrice"}
_CUSTOMER_LENGTH_MAX = 40
_PRICES_REMEMBERED_MAX = 8_192
_QUANTITY = re.compile(r"(-?[0-9]{1,7})(?:\.0{1,6})?")
_PRICE = re.compile(r"-?[0-9]{1,11}(\.[0-9]{1,8})?")
_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """How to read the file: ``currency`` of all prices, and where its local times belong.

    ``time_zone`` is a name such as ``Europe/London`` or an offset such as ``+08:00``;
    ``date_format`` (``strptime`` letters) is for dates that are not ISO 8601.
    """

    currency: str
    time_zone: str = "+00:00"
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is in no receipt: where (1-based line, column name or ``""``), what, and what to do."""

    line: int
    column: str
    problem: str
    remedy: str
    text: str = field(repr=False)


class Row(NamedTuple):
    """One receipt line as the file has it. ``unit_minor`` is ``None`` when ``price`` is finer than a minor unit."""

    line: int
    invoice: str
    sku: str
    name: str
    quantity: int
    sold_at: datetime
    price: Decimal
    unit_minor: int | None
    customer: str | None
    text: str


class RowRejected(ValueError):
    """A row cannot be read; ``invoice`` is the receipt it seems to belong to, if that much can be told."""

    def __init__(self, rejected: RejectedRow, invoice: str) -> None:
        super().__init__(f"line {rejected.line}, {rejected.column or 'whole row'}: {rejected.problem}")
        self.rejected = rejected
        self.invoice = invoice


class _CellWrong(ValueError):
    def __init__(self, column: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.remedy = remedy


class RowReader:
    """Reads rows under one header. Raises :class:`RowRejected` for a header, and for each row, that is not usable.

    A row is one line: a line break inside quotes is not read, so that one forgotten quotation
    mark costs one row and not the rest of the file.
    """

    def __init__(self, header: str, settings: CsvSettings) -> None:
        self._zone = time_zone(settings.time_zone)
        self._date_format = settings.date_format
        self._price = _price_reader(minor_digits(settings.currency))
        self._date_text, self._date = "", datetime.min.replace(tzinfo=self._zone)
        try:
            names = [_column_name(name) for name in _cells(header.removeprefix("\ufeff"))]
            self._places = _places(names)
        except _CellWrong as wrong:
            raise RowRejected(RejectedRow(1, wrong.column, wrong.problem, wrong.remedy, header), "") from None
        self._width = len(names)

    def read(self, text: str, *, line: int) -> Row:
        """The row in ``text``. Raises :class:`RowRejected`."""
        try:
            return self._read(text, line)
        except _CellWrong as wrong:
            cells = text.split(",")
            place = self._places["InvoiceNo"]
            invoice = cells[place].strip(' "') if place < len(cells) else ""
            rejected = RejectedRow(line, wrong.column, wrong.problem, wrong.remedy, text)
            raise RowRejected(rejected, invoice) from None

    def _read(self, text: str, line: int) -> Row:
        cells = _cells(text)
        if len(cells) != self._width:
            problem = f"has {len(cells)} columns, the header has {self._width}"
            raise _CellWrong("", problem, "put text that contains commas in quotation marks")
        places = self._places
        price, unit_minor = self._price(cells[places["UnitPrice"]].strip())
        return Row(
            line=line,
            invoice=_identifier("InvoiceNo", cells[places["InvoiceNo"]].strip(), INVOICE_LENGTH_MAX),
            sku=_identifier("StockCode", cells[places["StockCode"]].strip(), NAME_LENGTH_MAX),
            name=_name(self._optional(cells, "Description")),
            quantity=_quantity(cells[places["Quantity"]].strip()),
            sold_at=self._sold_at(cells[places["InvoiceDate"]].strip()),
            price=price,
            unit_minor=unit_minor,
            customer=_customer(self._optional(cells, "CustomerID")),
            text=text,
        )

    def _optional(self, cells: list[str], column: str) -> str:
        place = self._places.get(column)
        return "" if place is None else cells[place].strip()

    def _sold_at(self, text: str) -> datetime:
        if text == self._date_text:  # rows of one receipt follow each other
            return self._date
        try:
            when = datetime.strptime(text, self._date_format) if self._date_format else datetime.fromisoformat(text)  # noqa: DTZ007 - the zone follows
        except ValueError:
            shape = self._date_format or "2010-12-01 08:26:00"
            raise _CellWrong(
                "InvoiceDate", f"{_short(text)} is no date and time", f"write it like {shape}, or set date_format"
            ) from None
        if not YEAR_MIN <= when.year <= YEAR_MAX:
            raise _CellWrong(
                "InvoiceDate", f"the year {when.year} is not from {YEAR_MIN} to {YEAR_MAX}", "mend the date"
            )
        self._date_text, self._date = text, when if when.tzinfo else when.replace(tzinfo=self._zone)
        return self._date


def time_zone(name: str) -> tzinfo:
    """The zone ``name`` stands for: an offset ``+08:00`` or an IANA name. Raises ``ValueError``."""
    if offset := _OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{name!r} is no time zone here: write a name such as Europe/London, or +08:00") from error


def _cells(text: str) -> list[str]:
    if len(text) > LINE_LENGTH_MAX:
        raise _CellWrong("", f"is longer than {LINE_LENGTH_MAX} characters", "look for a missing line break")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # undecodable bytes come as lone surrogates
            raise _CellWrong("", "is not encoded as UTF-8", "save the file as UTF-8") from None
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True), [])
    except csv.Error as error:
        raise _CellWrong("", f"has broken quotation marks ({error})", "close them; double those inside text") from None


def _column_name(text: str) -> str:
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    known = {name.lower(): name for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)}
    return known.get(plain) or _ALIASES.get(plain) or text.strip()


def _places(names: Iterable[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in places and name in {*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS}:
            raise _CellWrong(name, "is twice in the header", "keep one column of each name")
        places[name] = place
    for name in REQUIRED_COLUMNS:
        if name not in places:
            raise _CellWrong(name, "is missing in the header", f"the first line names {', '.join(REQUIRED_COLUMNS)}")
    return places


def _identifier(column: str, text: str, length_max: int) -> str:
    if not text:
        raise _CellWrong(column, "is empty", "fill it in")
    if len(text) > length_max:
        raise _CellWrong(column, f"has {len(text)} characters", f"write at most {length_max}")
    if not text.isprintable():
        raise _CellWrong(column, "holds control characters", "remove them")
    return text


def _name(text: str) -> str:
    """A description, cut at its length limit: a long one must not cost anybody a receipt."""
    if not text.isprintable():
        raise _CellWrong("Description", "holds control characters", "remove them")
    return text[:TEXT_LENGTH_MAX]


def _quantity(text: str) -> int:
    match = _QUANTITY.fullmatch(text)
    quantity = int(match[1]) if match else QUANTITY_MAX + 1
    if not -QUANTITY_MAX <= quantity <= QUANTITY_MAX:
        raise _CellWrong("Quantity", f"{_short(text)} is no quantity", f"write a whole number up to {QUANTITY_MAX}")
    return quantity


def _price_reader(digits: int) -> Callable[[str], tuple[Decimal, int | None]]:
    @lru_cache(_PRICES_REMEMBERED_MAX)
    def read(text: str) -> tuple[Decimal, int | None]:
        if not _PRICE.fullmatch(text):
            raise _CellWrong("UnitPrice", f"{_short(text)} is no price", "write digits with a decimal point, like 2.55")
        price = Decimal(text)
        unit_minor = exact_minor(price, digits)
        if abs(price.scaleb(digits)) > AMOUNT_MINOR_MAX:
            raise _CellWrong(
                "UnitPrice", f"{_short(text)} is too much", f"write at most {AMOUNT_MINOR_MAX} minor units"
            )
        return price, unit_minor

    return read


def _customer(text: str) -> str | None:
    """A customer number; spreadsheets turn 17850 into 17850.0, which is undone."""
    if len(text) > _CUSTOMER_LENGTH_MAX or not text.isprintable():
        raise _CellWrong(
            "CustomerID", "is no customer number", f"write at most {_CUSTOMER_LENGTH_MAX} printable characters"
        )
    return text.removesuffix(".0") or None


def _short(text: str) -> str:
    return repr(text if len(text) <= _CUSTOMER_LENGTH_MAX else f"{text[:_CUSTOMER_LENGTH_MAX]}…")
