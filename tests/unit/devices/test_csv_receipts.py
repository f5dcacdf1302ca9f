"""Receipts out of sales CSV: exact, linked, and every bad row told while the rest is read."""

from __future__ import annotations

import lzma
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.observations import SaleLine
from devices.tills.csv_files import read_lines
from devices.tills.csv_receipts import Receipt, receipts
from devices.tills.csv_rows import LINE_LENGTH_MAX, CsvSettings, RejectedRow, time_zone
from devices.tills.money import exact_minor, minor_digits, rounded_minor
from devices.tills.refund_linker import RefundLinker

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SETTINGS = CsvSettings("GBP", "Europe/London")


def row(
    invoice: str = "1", sku: str = "A", quantity: object = 1, price: object = "2.55", customer: str = "17850.0"
) -> str:
    return f"{invoice},{sku},THING {sku},{quantity},2010-12-01 08:26:00,{price},{customer},United Kingdom"


def read(*rows: str, header: str = HEADER, settings: CsvSettings = SETTINGS) -> list[Receipt | RejectedRow]:
    return list(receipts([f"{text}\n" for text in (header, *rows)], settings=settings))


def read_receipts(*rows: str, settings: CsvSettings = SETTINGS) -> list[Receipt]:
    items = read(*rows, settings=settings)
    assert not [item for item in items if isinstance(item, RejectedRow)]
    return [item for item in items if isinstance(item, Receipt)]


def rejected(*rows: str, header: str = HEADER) -> list[RejectedRow]:
    return [item for item in read(*rows, header=header) if isinstance(item, RejectedRow)]


def test_rows_of_one_invoice_are_one_receipt() -> None:
    first, second = read_receipts(row("1", "A", 6, "2.55"), row("1", "B", 2, "3.39"), row("2", "A", 1, "2.55", ""))
    assert first.sale_id == "1"
    assert first.customer == "17850"
    assert first.lines == (SaleLine("A", "THING A", 6, 255), SaleLine("B", "THING B", 2, 339))
    assert first.total_minor == 6 * 255 + 2 * 339
    assert first.sold_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert (second.sale_id, second.customer) == ("2", None)


def test_a_receipt_becomes_the_sale_a_till_would_have_told() -> None:
    (receipt,) = read_receipts(row("1", "A", 6, "2.55"))
    sale = receipt.to_sale("till-3")
    assert (sale.sale_id, sale.till, sale.currency, sale.total_minor) == ("1", "till-3", "GBP", 1530)
    assert sale.card is None
    assert "17850" not in repr(sale)


def test_two_tills_writing_one_file_may_interleave_their_receipts() -> None:
    items = read_receipts(row("1", "A"), row("2", "A"), row("1", "B"), row("3", "A"))
    assert [(receipt.sale_id, len(receipt.lines)) for receipt in items] == [("1", 2), ("2", 1), ("3", 1)]


def test_columns_may_come_in_any_order_with_others_between() -> None:
    header = '\ufeffcolour,"unitprice", Quantity,CustomerID,INVOICEDATE,stockcode,InvoiceNo'
    (receipt,) = read("red,2.50,2,,2010-12-01 08:26:00,A,77", header=header)
    assert isinstance(receipt, Receipt)
    assert (receipt.sale_id, receipt.total_minor, receipt.lines[0].name) == ("77", 500, "")


def test_local_times_get_the_offset_their_zone_had() -> None:
    text = row().replace("2010-12-01", "2010-07-01")
    assert read_receipts(text)[0].sold_at.utcoffset() == timedelta(hours=1)
    assert read_receipts(text, settings=CsvSettings("CNY", "+08:00"))[0].sold_at.utcoffset() == timedelta(hours=8)
    assert read_receipts(text, settings=CsvSettings("CNY", "-03:30"))[0].sold_at.utcoffset() == timedelta(hours=-3.5)


def test_other_dates_are_read_when_their_format_is_given() -> None:
    text = row().replace("2010-12-01 08:26:00", "12/1/2010 8:26")
    settings = CsvSettings("GBP", date_format="%m/%d/%Y %H:%M")
    assert read_receipts(text, settings=settings)[0].sold_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Londonn", "../etc/passwd", "", "+25:00", "/etc/localtime", "\0"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone here"):
        time_zone(name)


# Money


def test_prices_are_exact_where_floats_are_not() -> None:
    (receipt,) = read_receipts(row("1", "A", 100, "0.29"), row("1", "B", 3, "1.10"), row("1", "C", 1, "8.5"))
    assert receipt.total_minor == 2900 + 330 + 850


@pytest.mark.parametrize(
    ("quantity", "price", "total_minor"),
    [(1000, "0.001", 100), (5, "0.001", 0), (15, "0.001", 2), (25, "0.001", 2), (3, "0.335", 100), (1, "0.125", 12)],
)
def test_a_price_finer_than_a_penny_is_rounded_half_even_for_the_whole_line(
    quantity: int, price: str, total_minor: int
) -> None:
    (receipt,) = read_receipts(row("1", "A", quantity, price))
    assert receipt.total_minor == total_minor
    assert receipt.lines == (SaleLine("A", f"{quantity} × THING A", 1, total_minor),)


def test_currencies_without_or_with_three_decimals_keep_theirs() -> None:
    assert read_receipts(row("1", "A", 2, "500"), settings=CsvSettings("JPY"))[0].total_minor == 1000
    assert read_receipts(row("1", "A", 2, "0.125"), settings=CsvSettings("KWD"))[0].total_minor == 250


@given(units=st.integers(-(10**9), 10**9), digits=st.integers(0, 3))
def test_a_price_written_out_comes_back_exactly(units: int, digits: int) -> None:
    assert exact_minor(Decimal(units).scaleb(-digits), digits) == units


@given(amount=st.decimals(-(10**6), 10**6, places=5), digits=st.sampled_from([0, 2, 3]))
def test_rounding_moves_an_amount_by_half_a_unit_at_most(amount: Decimal, digits: int) -> None:
    assert abs(amount.scaleb(digits) - rounded_minor(amount, digits)) <= Decimal("0.5")


def test_most_currencies_have_two_decimals() -> None:
    assert [minor_digits(currency) for currency in ("GBP", "CNY", "JPY", "KWD")] == [2, 2, 0, 3]


# Refunds


def test_a_cancellation_is_linked_to_the_sale_it_gives_back() -> None:
    _, refund = read_receipts(row("1", "A", 6), row("C2", "A", -2))
    assert refund.is_refund
    assert (refund.sale_id, refund.refund_of, refund.total_minor) == ("C2", "1", -510)


def test_goods_come_from_the_most_recent_sale_with_something_left() -> None:
    sales = [row("1", "A", 3), row("2", "A", 2)]
    refunds = [row("C3", "A", -1), row("C4", "A", -3), row("C5", "A", -3)]
    _, _, *parts = read_receipts(*sales, *refunds)
    assert [(part.sale_id, part.refund_of, part.lines[0].quantity) for part in parts] == [
        ("C3", "2", -1),
        ("C4.1", "2", -1),
        ("C4.2", "1", -2),
        ("C5.1", "1", -1),
        ("C5.2", None, -2),
    ]


def test_goods_of_one_sale_stay_one_refund() -> None:
    *_, refund = read_receipts(row("1", "A", 3), row("1", "B", 2), row("C2", "A", -1), row("C2", "B", -2))
    assert (refund.sale_id, refund.refund_of, len(refund.lines)) == ("C2", "1", 2)


def test_an_article_sold_on_two_lines_of_a_sale_comes_back_on_one() -> None:
    *_, refund = read_receipts(row("1", "A", 3), row("1", "A", 2), row("C2", "A", -5))
    assert (refund.refund_of, refund.lines) == ("1", (SaleLine("A", "THING A", -5, 255),))


@pytest.mark.parametrize("customer", ["", "99999.0"])
def test_a_refund_of_no_known_sale_is_recorded_as_that(customer: str) -> None:
    _, refund = read_receipts(row("1", "A", 6), row("C2", "A", -2, customer=customer))
    assert refund.refund_of is None
    assert refund.total_minor == -510


def test_the_linker_forgets_the_oldest_first() -> None:
    linker = RefundLinker(lines_max=2)
    for sale_id in ("1", "2", "3"):
        linker.remember("7", "A", sale_id=sale_id, quantity=1)
    assert len(linker) == 2
    assert [part.sale_id for part in linker.take_back("7", "A", quantity=3)] == ["3", "2", None]


@given(
    bought=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 5)), max_size=12),
    returned=st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 5)), max_size=12),
)
def test_no_sale_gives_back_more_than_it_sold(bought: list[tuple[str, int]], returned: list[tuple[str, int]]) -> None:
    linker = RefundLinker()
    sold: Counter[tuple[str | None, str]] = Counter()
    for number, (sku, quantity) in enumerate(bought):
        linker.remember("7", sku, sale_id=str(number), quantity=quantity)
        sold[str(number), sku] += quantity
    back: Counter[tuple[str | None, str]] = Counter()
    for sku, quantity in returned:
        parts = linker.take_back("7", sku, quantity=quantity)
        assert sum(part.quantity for part in parts) == quantity
        back.update({(part.sale_id, sku): part.quantity for part in parts})
    for (sale_id, sku), quantity in back.items():
        if sale_id is not None:
            assert quantity <= sold[sale_id, sku]
        else:
            unsold = sum(n for (_, s), n in sold.items() if s == sku)
            assert quantity == max(0, sum(n for s, n in returned if s == sku) - unsold)


# Bad input


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (row(quantity="six"), "Quantity"),
        (row(quantity="1.5"), "Quantity"),
        (row(quantity="9999999"), "Quantity"),
        (row(quantity="٣"), "Quantity"),
        (row(quantity=""), "Quantity"),
        (row(price="1e3"), "UnitPrice"),
        (row(price="NaN"), "UnitPrice"),
        (row(price='"2,55"'), "UnitPrice"),
        (row(price="£2.55"), "UnitPrice"),
        (row(price="99999999999"), "UnitPrice"),
        (row(sku=""), "StockCode"),
        (row(sku="x" * 81), "StockCode"),
        (row(sku="a\x00b"), "StockCode"),
        (row(customer="7" * 41), "CustomerID"),
        (row().replace("THING", "TH\x07NG"), "Description"),
        (row().replace("2010-12-01", "2010-13-01"), "InvoiceDate"),
        (row().replace("2010-12-01 08:26:00", "12/1/2010 8:26"), "InvoiceDate"),
        (row().replace("2010", "0001"), "InvoiceDate"),
        (row(invoice=""), "InvoiceNo"),
        (row(invoice="9" * 80), "InvoiceNo"),
        (row() + ",", ""),
        ("1,A", ""),
        ('1,A,"THING,1,2010-12-01 08:26:00,2.55,17850,UK', ""),
        ('1,A,"TH"ING,1,2010-12-01 08:26:00,2.55,17850,UK', ""),
        (row().replace("THING", "TH\udce9NG"), ""),
        (row().replace("THING", "x" * LINE_LENGTH_MAX), ""),
    ],
)
def test_a_bad_row_is_told_with_line_column_and_remedy_and_stops_nothing(bad: str, column: str) -> None:
    items = read(row("0"), bad, row("2"))
    wrong = [item for item in items if isinstance(item, RejectedRow)]
    assert [(item.line, item.column, item.text) for item in wrong] == [(3, column, bad)]
    assert wrong[0].problem
    assert wrong[0].remedy
    assert [item.sale_id for item in items if isinstance(item, Receipt)] == ["0", "2"]


def test_a_wrong_row_rejects_its_whole_receipt_and_no_other() -> None:
    items = read(row("1", "A"), row("1", "B", price="free"), row("1", "C"), row("2"))
    wrong = [item for item in items if isinstance(item, RejectedRow)]
    assert [(item.line, item.column) for item in wrong] == [(2, ""), (3, "UnitPrice"), (4, "")]
    assert "line 3, UnitPrice" in wrong[0].problem
    assert [item.sale_id for item in items if isinstance(item, Receipt)] == ["2"]


@pytest.mark.parametrize(("quantity", "price", "column"), [(1, "2.55", "Quantity"), (-1, "-2.55", "UnitPrice")])
def test_a_cancellation_that_takes_money_is_refused(quantity: int, price: str, column: str) -> None:
    (wrong,) = rejected(row("C1", "A", quantity, price))
    assert (wrong.line, wrong.column) == (2, column)


def test_a_receipt_that_comes_to_too_much_is_refused() -> None:
    wrong = rejected(row("1", "A", 1_000_000, "900000"), row("1", "B"))
    assert "comes to" in wrong[0].problem
    assert len(wrong) == 2


def test_an_endless_receipt_is_refused_as_it_comes() -> None:
    items = iter(receipts((f"{text}\n" for text in [HEADER, *[row()] * 5_000, row("2")]), settings=SETTINGS))
    wrong = [item for item in items if isinstance(item, RejectedRow)]
    assert [item.line for item in wrong] == list(range(2, 5_002))
    assert "at most 2000 rows" in wrong[-1].remedy


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("", "InvoiceNo"),
        ("InvoiceNo;StockCode;Quantity", "InvoiceNo"),
        (HEADER.replace("UnitPrice,", ""), "UnitPrice"),
        (f"{HEADER},Quantity", "Quantity"),
        ('"InvoiceNo', ""),
        ("\udcff\udcfeI\x00n\x00", ""),
    ],
)
def test_a_header_that_cannot_be_used_is_told_once(header: str, column: str) -> None:
    (wrong,) = rejected(row(), row(), header=header)
    assert (wrong.line, wrong.column) == (1, column)
    assert wrong.remedy


def test_an_empty_file_and_blank_lines_are_no_trouble() -> None:
    assert [item.line for item in receipts([], settings=SETTINGS) if isinstance(item, RejectedRow)] == [1]
    assert len(read_receipts("", row(), "")) == 1


def test_a_description_too_long_is_cut_and_costs_nobody_a_receipt() -> None:
    (receipt,) = read_receipts(row().replace("THING", "x" * 500))
    assert len(receipt.lines[0].name) == 200


@given(rows=st.lists(st.text(max_size=60), max_size=20))
def test_whatever_the_rows_hold_each_is_read_or_told(rows: list[str]) -> None:
    rows = [text.replace("\n", " ").replace("\r", " ") for text in rows]
    items = read(*rows)
    told = [item.line for item in items if isinstance(item, RejectedRow)]
    used = [read_row.line for item in items if isinstance(item, Receipt) for read_row in item.rows]
    assert sorted([*told, *used]) == [number for number, text in enumerate(rows, 2) if text]


def test_undecodable_bytes_and_endless_lines_on_disk_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    long = b"2," + b"x" * 200_000
    latin1 = row("1").replace("THING", "CAFÉ").encode("latin-1")
    path.write_bytes(b"\n".join([HEADER.encode(), latin1, long, row("3").encode()]))
    items = list(receipts(read_lines(path), settings=SETTINGS))
    assert [(item.line, item.problem) for item in items if isinstance(item, RejectedRow)] == [
        (2, "is not encoded as UTF-8"),
        (3, f"is longer than {LINE_LENGTH_MAX} characters"),
    ]
    assert [item.sale_id for item in items if isinstance(item, Receipt)] == ["3"]


def test_a_damaged_compressed_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.xz"
    path.write_bytes(lzma.compress(HEADER.encode() * 1_000)[:-40])
    with pytest.raises(OSError, match="damaged"):
        list(read_lines(path))


# A real shop


@pytest.mark.needs_shared_data
def test_a_real_shops_year_is_read_whole_and_adds_up(shared_data: Path) -> None:
    path = shared_data / "crm" / "online_retail.csv.xz"
    began_s = time.thread_time()  # processor time: other tests on the same machine are not its fault
    invoices: set[str] = set()
    customers: set[str] = set()
    lines: Counter[bool] = Counter()
    linked: Counter[bool] = Counter()
    total_minor = 0
    for item in receipts(read_lines(path), settings=SETTINGS):
        assert isinstance(item, Receipt), item
        if item.invoice not in invoices:  # a refund in parts carries the rows of its invoice once per part
            lines[item.is_refund] += len(item.rows)
        invoices.add(item.invoice)
        customers.update({item.customer} if item.customer else ())
        total_minor += item.total_minor
        if item.is_refund:
            linked[item.refund_of is not None] += 1
    took_s = time.thread_time() - began_s
    assert (lines.total(), len(invoices), len(customers), lines[True]) == (541_909, 25_900, 4_372, 9_288)
    assert abs(total_minor - exact_total_minor(path)) <= 1
    assert linked[True] > 3_000
    print(f"\n{lines.total() / took_s:,.0f} rows/s, {len(invoices) / took_s:,.0f} receipts/s, refunds linked: {linked}")
    assert took_s < 20


def exact_total_minor(path: Path) -> Decimal:
    """The file's own total, computed in another way."""

    def amounts() -> Iterator[Decimal]:
        for text in read_lines(path):
            cells = text.rsplit(",", 5)
            if cells[1] != "Quantity":
                yield int(cells[1]) * Decimal(cells[3])

    return sum(amounts(), Decimal(0)) * 100
