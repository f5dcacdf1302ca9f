"""Receipts out of a sales CSV file, one row per receipt line, without holding the file in memory.

The columns are those of the UCI *Online Retail* data: InvoiceNo, StockCode, Description, Quantity,
InvoiceDate, UnitPrice, CustomerID, Country, in any order. An invoice number beginning with ``C``
is a cancellation: its quantities are negative, and each piece is linked to the sale it came from
(:class:`RefundLinker`). A cancellation that gives back goods of several sales becomes one refund
per sale, numbered ``C536379.1``, ``C536379.2`` …; goods of no known sale are a refund without one.

Prices are exact in minor units. A price finer than that (0.001 each) is rounded at line level, half
to even: the line then has quantity 1 or -1, its rounded amount, and the true quantity in its name,
so that a receipt's total is always the sum of its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from devices.observations import (
    AMOUNT_MINOR_MAX,
    SALE_LINES_MAX,
    TEXT_LENGTH_MAX,
    SaleCompleted,
    SaleLine,
    SaleReceipt,
)
from devices.tills.csv_rows import CsvSettings, RejectedRow, Row, RowReader, RowRejected
from devices.tills.money import minor_digits, rounded_minor
from devices.tills.refund_linker import RefundLinker, Returned

_RECEIPTS_OPEN_MAX = 8
"""Two tills writing one file interleave their receipts; rows of one are looked for this far apart."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One sale or refund. ``customer`` is the file's own number: for simulations, it is never sent anywhere."""

    sale_id: str
    invoice: str
    customer: str | None
    currency: str
    sold_at: datetime
    lines: tuple[SaleLine, ...]
    refund_of: str | None
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def total_minor(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.quantity * line.unit_minor for line in self.lines)

    @property
    def is_refund(self) -> bool:
        """Whether goods of an earlier sale came back, known or not."""
        return self.invoice.startswith(("C", "c"))

    def to_sale(self, till: str, *, reply: Callable[[SaleReceipt], None] = lambda _: None) -> SaleCompleted:
        """What ``till`` would have told."""
        return SaleCompleted(
            sale_id=self.sale_id,
            till=till,
            currency=self.currency,
            total_minor=self.total_minor,
            lines=self.lines,
            sold_at=self.sold_at,
            refund_of=self.refund_of,
            reply=reply,
        )


def receipts(
    lines: Iterable[str], *, settings: CsvSettings, linker: RefundLinker | None = None
) -> Iterator[Receipt | RejectedRow]:
    """Read receipts, in the order in which they begin; every row is in a receipt or told as rejected.

    A wrong row rejects its whole receipt and nothing else: points on half a receipt would be wrong,
    and the mended receipt could not be recorded under the same number. ``lines`` are text lines,
    header first. Pass a ``linker`` to link refunds across files. Raises ``ValueError`` for settings
    that cannot be used, never for the content of a file.
    """
    numbered = ((number, text.rstrip("\r\n")) for number, text in enumerate(lines, 1))
    _, header = next(numbered, (1, ""))
    try:
        reader = RowReader(header, settings)
    except RowRejected as wrong:
        yield wrong.rejected
        return
    grouping = _Grouping(reader, settings, RefundLinker() if linker is None else linker)
    for number, text in numbered:
        if text:
            yield from grouping.take(text, line=number)
    yield from grouping.finish()


@dataclass(slots=True)
class _OpenReceipt:
    """A receipt whose rows are still coming."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    too_long: bool = False


class _Grouping:
    """Collects rows into receipts and closes the one that began first when too many are open."""

    def __init__(self, reader: RowReader, settings: CsvSettings, linker: RefundLinker) -> None:
        self._reader = reader
        self._currency = settings.currency
        self._digits = minor_digits(settings.currency)
        self._linker = linker
        self._open: dict[str, _OpenReceipt] = {}

    def take(self, text: str, *, line: int) -> Iterator[Receipt | RejectedRow]:
        """Add a row; yields what that completes."""
        row, wrong = self._read(text, line)
        invoice = row.invoice if row else wrong.invoice if wrong else ""
        receipt = self._open.get(invoice)
        if receipt is None:
            receipt = self._open[invoice] = _OpenReceipt()
        if wrong:
            receipt.rejected.append(wrong.rejected)
        elif row:
            receipt.rows.append(row)
        if receipt.too_long or len(receipt.rows) + len(receipt.rejected) > SALE_LINES_MAX:
            receipt.too_long = True
            yield from _too_long(receipt)
        if len(self._open) > _RECEIPTS_OPEN_MAX:
            yield from self._close(self._open.pop(next(iter(self._open))))

    def finish(self) -> Iterator[Receipt | RejectedRow]:
        """Close what is still open, at the end of the file."""
        while self._open:
            yield from self._close(self._open.pop(next(iter(self._open))))

    def _read(self, text: str, line: int) -> tuple[Row | None, RowRejected | None]:
        try:
            return self._reader.read(text, line=line), None
        except RowRejected as wrong:
            return None, wrong

    def _close(self, receipt: _OpenReceipt) -> Iterator[Receipt | RejectedRow]:
        rows = receipt.rows
        if rows and not receipt.rejected:
            receipt.rejected = list(_inconsistencies(rows, self._digits))
        if receipt.rejected:
            yield from _whole_receipt(receipt)
        elif rows and rows[0].invoice.startswith(("C", "c")):
            yield from self._refunds(rows)
        elif rows:
            yield self._sale(rows)

    def _sale(self, rows: list[Row]) -> Receipt:
        customer = _customer_of(rows)
        sale_id = rows[0].invoice
        for row in rows:
            if customer is not None:
                self._linker.remember(customer, row.sku, sale_id=sale_id, quantity=row.quantity)
        return self._receipt(sale_id, rows, [(row, row.quantity) for row in rows], None)

    def _refunds(self, rows: list[Row]) -> Iterator[Receipt]:
        """One refund per sale the goods came from, in the order in which the rows name them."""
        customer = _customer_of(rows)
        by_original: dict[str | None, Counter[int]] = {}
        for place, row in enumerate(rows):
            known = customer is not None and row.quantity < 0
            parts = self._linker.take_back(customer or "", row.sku, quantity=-row.quantity) if known else ()
            for part in parts or (Returned(None, -row.quantity),):
                by_original.setdefault(part.sale_id, Counter())[place] -= part.quantity
        invoice = rows[0].invoice
        for number, (original, quantities) in enumerate(by_original.items(), 1):
            sale_id = invoice if len(by_original) == 1 else f"{invoice}.{number}"
            yield self._receipt(sale_id, rows, [(rows[place], n) for place, n in quantities.items()], original)

    def _receipt(self, sale_id: str, rows: list[Row], pieces: list[tuple[Row, int]], original: str | None) -> Receipt:
        return Receipt(
            sale_id=sale_id,
            invoice=rows[0].invoice,
            customer=_customer_of(rows),
            currency=self._currency,
            sold_at=rows[0].sold_at,
            lines=tuple(_line(row, quantity, self._digits) for row, quantity in pieces),
            refund_of=original,
            rows=tuple(rows),
        )


def _line(row: Row, quantity: int, digits: int) -> SaleLine:
    if row.unit_minor is not None:
        return SaleLine(row.sku, row.name, quantity, row.unit_minor)
    amount_minor = rounded_minor(row.price * abs(quantity), digits)
    name = f"{abs(quantity)} × {row.name}"[:TEXT_LENGTH_MAX]
    return SaleLine(row.sku, name, -1 if quantity < 0 else 1, amount_minor)


def _customer_of(rows: list[Row]) -> str | None:
    return next((row.customer for row in rows if row.customer), None)


def _inconsistencies(rows: list[Row], digits: int) -> Iterator[RejectedRow]:
    """What is wrong with rows that are each well-formed."""
    if rows[0].invoice.startswith(("C", "c")):
        remedy = "give back goods by negative quantities at positive prices, or take the C off InvoiceNo"
        for row in rows:
            if row.quantity > 0:
                yield RejectedRow(row.line, "Quantity", "is positive in a cancellation", remedy, row.text)
            elif row.price < 0:
                yield RejectedRow(row.line, "UnitPrice", "is negative in a cancellation", remedy, row.text)
    amount = sum(abs(rounded_minor(row.price * row.quantity, digits)) for row in rows)
    if amount > AMOUNT_MINOR_MAX:
        remedy = f"a receipt comes to at most {AMOUNT_MINOR_MAX} minor units"
        yield RejectedRow(rows[0].line, "UnitPrice", f"the receipt comes to {amount} minor units", remedy, rows[0].text)


def _whole_receipt(receipt: _OpenReceipt) -> Iterator[RejectedRow]:
    """The wrong rows and, with them, the good rows of their receipt, in the order of the file."""
    named = {rejected.line for rejected in receipt.rejected}
    first = receipt.rejected[0]
    problem = f"the same receipt has a wrong row (line {first.line}, {first.column or 'whole row'})"
    others = (
        RejectedRow(row.line, "", problem, "mend that row; a receipt is read as a whole", row.text)
        for row in receipt.rows
        if row.line not in named
    )
    yield from sorted((*receipt.rejected, *others), key=lambda rejected: rejected.line)


def _too_long(receipt: _OpenReceipt) -> Iterator[RejectedRow]:
    """Empty an endless receipt, so that it takes no more memory than the longest allowed."""
    remedy = f"split it: a receipt has at most {SALE_LINES_MAX} rows"
    yield from receipt.rejected
    for row in receipt.rows:
        yield RejectedRow(row.line, "InvoiceNo", f"the receipt has more than {SALE_LINES_MAX} rows", remedy, row.text)
    receipt.rows.clear()
    receipt.rejected.clear()
