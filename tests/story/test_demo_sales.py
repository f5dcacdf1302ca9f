"""A real shop's transactions through the whole store: taps around purchases, linked refunds, balanced books."""

from __future__ import annotations

import json
import lzma
from itertools import islice
from pathlib import Path

import pytest

from tests.story.demo_process import DemoProcess

FIRST_LINES = 5_000
"""About four days of the shop; the whole year is read in the unit tests."""
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.needs_shared_data
def test_the_first_receipts_of_a_real_shop_balance(tmp_path: Path, shared_data: Path) -> None:
    report, sales = tmp_path / "report.json", tmp_path / "sales.csv.xz"
    with lzma.open(shared_data / "crm" / "online_retail.csv.xz", "rb") as whole:
        sales.write_bytes(lzma.compress(b"".join(islice(whole, FIRST_LINES)), preset=0))
    options = ("--sales", str(sales), "--minutes", "0.3", "--speed", "100000", "--headless", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        assert demo.wait() == 0, demo.output()
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert figures["books_balance"] is True, figures["complaints"]
    assert figures["ledger_matches"] is True
    assert figures["sales"] > 0
    assert figures["greeted"] > 0


def test_a_small_file_is_played_to_its_end_with_its_refund(tmp_path: Path) -> None:
    rows = (
        "536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
        "536366,22633,HAND WARMER,2,2010-12-01 08:28:00,1.85,,United Kingdom\n"
        "536367,84879,BIRD ORNAMENT,32,2010-12-01 08:34:00,1.69,13047.0,United Kingdom\n"
        "C536370,85123A,HEART HOLDER,-2,2010-12-01 09:00:00,2.55,17850.0,United Kingdom\n"
        "536371,85123A,HEART HOLDER,many,2010-12-01 09:01:00,2.55,17850.0,United Kingdom\n"
    )
    sales, report = tmp_path / "sales.csv.xz", tmp_path / "report.json"
    sales.write_bytes(lzma.compress((HEADER + rows).encode()))
    options = ("--sales", str(sales), "--speed", "100000", "--headless", "--report", str(report))
    with DemoProcess(tmp_path, *options) as demo:
        assert demo.wait() == 0, demo.output()
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert (figures["taps"], figures["greeted"], figures["sales"], figures["refunds"]) == (2, 2, 3, 1)
    # 15.30 and 54.08 earn 15 and 54; 10.20 is left of the first, so 5 go back.
    assert figures["points_issued"] == 15 + 54 - 5
    assert figures["ledger_matches"] is True
    assert "Line 6 of the sales file was left out" in demo.output()


def test_of_many_bad_lines_some_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    good = "536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    bad = "".join(f"53637{n},85123A,HEART HOLDER,many,2010-12-01 09:01:00,2.55,,United Kingdom\n" for n in range(9))
    sales = tmp_path / "sales.csv"
    sales.write_text(HEADER + good + bad, encoding="utf-8")
    with DemoProcess(tmp_path, "--sales", str(sales), "--speed", "100000", "--headless") as demo:
        assert demo.wait() == 0, demo.output()
    assert demo.output().count("was left out") == 5
    assert "4 more lines of the sales file were left out" in demo.output()


def test_a_file_that_is_no_sales_file_is_refused_in_one_message(tmp_path: Path) -> None:
    sales = tmp_path / "sales.csv"
    sales.write_text("name,colour\nfern,green\n", encoding="utf-8")
    with DemoProcess(tmp_path, "--sales", str(sales), "--headless") as demo:
        assert demo.wait() == 1
    assert "column InvoiceNo: is missing" in demo.output()
    assert "Traceback" not in demo.output()
    assert demo.leftovers() == []
