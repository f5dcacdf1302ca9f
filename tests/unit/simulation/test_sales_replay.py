"""A transactions file as a store day: members, linked refunds, pacing, and files that are broken."""

from __future__ import annotations

import lzma
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from simulation.day.sales_replay import SalesFile, SalesUnreadable, card_of, replay
from simulation.day.turns import LULL_S_MAX, ClaimSale, RingUp, TapCard, wait_s

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROWS = (
    "536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "536366,22633,HAND WARMER,2,2010-12-01 08:28:00,1.85,,United Kingdom\n"
    "C536370,85123A,HEART HOLDER,-1,2010-12-01 09:00:00,2.55,17850.0,United Kingdom\n"
)


@pytest.fixture
def sales(tmp_path: Path) -> SalesFile:
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return SalesFile(path)


def test_each_customer_becomes_one_member_whose_card_follows_from_the_seed(sales: SalesFile) -> None:
    (member,) = replay(sales, seed=7).day.members
    assert member.card == card_of("17850", seed=7)
    assert member.card != card_of("17850", seed=8)
    assert not member.card.is_random


def test_members_tap_around_their_purchase_and_others_do_not(sales: SalesFile) -> None:
    first, second, refund = replay(sales, seed=7).day.turns
    assert TapCard(card_of("17850", seed=7)) in first.steps
    assert [type(step) for step in second.steps] == [RingUp]
    assert [type(step) for step in refund.steps] == [RingUp]


def test_a_cancellation_is_a_refund_of_its_sale(sales: SalesFile) -> None:
    *_, turn = replay(sales, seed=7).day.turns
    (step,) = turn.steps
    assert isinstance(step, RingUp)
    assert (step.receipt.refund_of, step.receipt.total_minor) == ("536365", -255)


def test_the_turns_can_be_read_again_and_are_the_same(sales: SalesFile) -> None:
    turns = replay(sales, seed=7).day.turns
    assert list(turns) == list(turns)


def test_a_compressed_file_gives_the_same_day(sales: SalesFile, tmp_path: Path) -> None:
    packed = tmp_path / "sales.csv.xz"
    packed.write_bytes(lzma.compress(sales.path.read_bytes()))
    assert list(replay(SalesFile(packed), seed=7).day.turns) == list(replay(sales, seed=7).day.turns)


def test_broken_rows_are_counted_and_shown_and_the_rest_is_played(sales: SalesFile) -> None:
    with sales.path.open("a", encoding="utf-8") as file:
        file.write("536371,85123A,HEART HOLDER,many,2010-12-01 09:01:00,2.55,17850.0,United Kingdom\n")
    found = replay(sales, seed=7)
    assert (found.receipts, found.rejected_rows) == (3, 1)
    assert (found.rejected[0].line, found.rejected[0].column) == (5, "Quantity")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column InvoiceNo|holds no"),
        (b"a,b\n1,2\n", "line 1, column InvoiceNo: is missing"),
        (HEADER.encode(), "holds no receipts"),
    ],
)
def test_a_file_without_receipts_is_refused_with_the_place(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(content)
    with pytest.raises(SalesUnreadable, match=message):
        replay(SalesFile(path), seed=1)


def test_a_truncated_archive_and_a_missing_file_are_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.xz"
    path.write_bytes(lzma.compress((HEADER + ROWS).encode() * 50)[:-20])
    with pytest.raises(SalesUnreadable, match=r"not a whole \.xz file"):
        replay(SalesFile(path), seed=1)
    with pytest.raises(SalesUnreadable, match="cannot be read"):
        replay(SalesFile(tmp_path / "nowhere.csv"), seed=1)


def test_closed_hours_are_skipped_and_time_never_runs_back() -> None:
    noon = datetime(2010, 12, 1, 12, tzinfo=UTC)
    assert wait_s(noon, noon + timedelta(minutes=3)) == 180
    assert wait_s(noon, noon + timedelta(hours=20)) == LULL_S_MAX
    assert wait_s(noon, noon - timedelta(minutes=1)) == 0


@pytest.mark.needs_shared_data
def test_the_year_of_a_real_shop_is_read_whole(shared_data: Path) -> None:
    found = replay(SalesFile(shared_data / "crm" / "online_retail.csv.xz"), seed=1)
    assert found.receipts > 20_000
    assert len(found.day.members) > 4_000
    cards = {member.card for member in found.day.members}
    assert len(cards) == len(found.day.members)
    steps = [step for turn in islice(found.day.turns, 500) for step in turn.steps]
    assert any(isinstance(step, ClaimSale) for step in steps)
    assert any(isinstance(step, RingUp) and step.receipt.refund_of for step in steps)
