"""The store's own books: sales, visits, postings."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.journal import Journal, Recorded, SaleRow, Transaction, Visit
from loyalty.identifiers import MemberId
from loyalty.ledger import digest
from tests.unit.edge.journal_bench import Hands, opened, post, posting, record, tap


def sale(recorded: Recorded, name: str, **changes: object) -> SaleRow:
    chosen: dict[str, object] = {
        "sale": name,
        "till": "till-1",
        "currency": "CNY",
        "total_minor": 3_000,
        "refunded_minor": 0,
        "points": 0,
        "member": None,
        "medium": None,
        "refund_of": None,
        "fingerprint": "f",
        "event_id": recorded.event_id,
        "at": recorded.at,
    }
    return SaleRow(**(chosen | changes))  # type: ignore[arg-type]


async def sold(journal: Journal, name: str, **changes: object) -> SaleRow:
    def unit(tx: Transaction) -> SaleRow:
        row = sale(tx.record(tap(1)), name, **changes)
        tx.keep_sale(row)
        return row

    return await journal.write(unit)


async def test_a_sale_is_kept_attributed_refunded_and_credited(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        row = await sold(journal, "r-1")
        assert await journal.read(lambda reader: reader.sale("r-1")) == row
        assert await journal.read(lambda reader: reader.sale("r-2")) is None

        def unit(tx: Transaction) -> SaleRow | None:
            tx.attribute_sale("r-1", MemberId("anna"), "m" * 32)
            tx.add_points("r-1", 30)
            tx.add_refund("r-1", 1_000)
            tx.add_points("r-1", -10)
            return tx.sale("r-1")

        kept = await journal.write(unit)
        assert kept is not None
        assert (kept.member, kept.medium, kept.points, kept.refunded_minor) == ("anna", "m" * 32, 20, 1_000)


async def test_a_receipt_number_is_taken_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await sold(journal, "r-1")
        with pytest.raises(sqlite3.IntegrityError):
            await sold(journal, "r-1")


async def test_the_newest_unclaimed_sale_of_a_till_is_offered(tmp_path: Path) -> None:
    hands = Hands()
    async with opened(tmp_path, hands) as journal:
        first = await sold(journal, "r-1")
        hands.pass_ms(60_000)
        second = await sold(journal, "r-2")
        await sold(journal, "r-3", medium="m" * 32)
        await sold(journal, "r-4", refund_of="r-1", total_minor=-5)
        await sold(journal, "r-5", till="till-2")

        async def offered(minutes: float) -> SaleRow | None:
            since = second.at - timedelta(minutes=minutes)
            return await journal.read(lambda reader: reader.unclaimed_sale("till-1", since))

        assert await offered(2) == second
        assert await offered(-1) is None
        await journal.write(lambda tx: tx.attribute_sale("r-2", MemberId("anna"), "m" * 32))
        assert await offered(2) == first
        assert await offered(0.5) is None


async def test_a_visit_is_taken_once_and_replaced_by_the_next_tap(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        (recorded,) = await record(journal, tap(1))
        anna = Visit("front", "a" * 32, MemberId("anna"), recorded.at)
        nobody = Visit("front", "b" * 32, None, recorded.at)
        await journal.write(lambda tx: tx.open_visit(anna))
        await journal.write(lambda tx: tx.open_visit(nobody))
        window = recorded.at - timedelta(seconds=300)
        assert await journal.write(lambda tx: tx.take_visit("back", window)) is None
        assert await journal.write(lambda tx: tx.take_visit("front", window)) == nobody
        assert await journal.write(lambda tx: tx.take_visit("front", window)) is None


async def test_a_visit_that_is_too_long_ago_is_over(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        (recorded,) = await record(journal, tap(1))
        visit = Visit("front", "a" * 32, None, recorded.at)
        await journal.write(lambda tx: tx.open_visit(visit))
        later = recorded.at + timedelta(milliseconds=1)
        assert await journal.write(lambda tx: tx.take_visit("front", later)) is None
        assert await journal.write(lambda tx: tx.take_visit("front", recorded.at)) is None, "it ended when it was over"


async def test_the_same_posting_is_booked_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await post(journal, "p1", "anna", 30)
        await post(journal, "p1", "anna", 30)
        await post(journal, "p2", "anna", -10)
        booked = await journal.read(lambda reader: list(reader.postings()))
        assert booked == [posting("p1", "anna", 30), posting("p2", "anna", -10)]
        assert await journal.read(lambda reader: reader.points_issued()) == 20
        assert digest(booked) == digest([posting("p2", "anna", -10), posting("p1", "anna", 30)])
