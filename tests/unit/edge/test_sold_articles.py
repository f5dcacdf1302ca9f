"""Sales of what stands on the shelves are counted with their receipt: once, whatever a till or a kill repeats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devices.observations import SaleCompleted, SaleLine
from edge_agent.decisions import Decisions
from tests.unit.edge.store_bench import ANNA_CARD, SOLD_AT, StoreBench, bench_shop, store_bench

SHELVES = Decisions(replace(bench_shop(), articles=frozenset({"tea", "bun"})))


async def rings_up(bench: StoreBench, sale: str, *lines: tuple[str, int], refund_of: str | None = None) -> None:
    total = sum(units for _, units in lines) * 100
    receipt = SaleCompleted(
        sale, "till-1", "CNY", total, tuple(SaleLine(sku, sku, units, 100) for sku, units in lines), SOLD_AT,
        refund_of=refund_of, reply=bench.receipts.append,
    )  # fmt: skip
    await bench.path.walk("till-feed", receipt)


async def sold(bench: StoreBench) -> dict[str, tuple[int, int]]:
    return await bench.journal.read(lambda reader: reader.sold_of(("tea", "bun", "umbrella")))


async def test_each_article_of_the_plan_is_counted_and_no_other(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        await rings_up(bench, "s1", ("tea", 2), ("umbrella", 1), ("bun", 1))
        await rings_up(bench, "s2", ("tea", 3))
        assert await sold(bench) == {"tea": (5, 0), "bun": (1, 0)}


async def test_a_receipt_that_is_told_again_is_counted_once(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        for _ in range(3):
            await rings_up(bench, "s1", ("tea", 2))
        assert await sold(bench) == {"tea": (2, 0)}


async def test_a_line_that_was_struck_out_counts_against_its_sale(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        await rings_up(bench, "s1", ("tea", 2), ("bun", 1), ("bun", -1))
        assert await sold(bench) == {"tea": (2, 0)}


async def test_goods_that_were_given_back_are_counted_beside_what_was_sold(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        await rings_up(bench, "s1", ("tea", 2))
        await rings_up(bench, "r1", ("tea", -1), refund_of="s1")
        assert await sold(bench) == {"tea": (2, 1)}


async def test_a_refund_that_waited_for_its_sale_is_counted_once(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        await rings_up(bench, "r1", ("tea", -1), refund_of="s1")
        await rings_up(bench, "s1", ("tea", 2))
        assert await sold(bench) == {"tea": (2, 1)}


async def test_a_sale_that_waits_for_a_member_is_counted_once(tmp_path: Path) -> None:
    async with store_bench(tmp_path, decisions=SHELVES) as bench:
        await rings_up(bench, "s1", ("tea", 2))
        await bench.tap(ANNA_CARD)
        await bench.touch("claim", "s1")
        assert await sold(bench) == {"tea": (2, 0)}


async def test_a_store_without_a_plan_counts_nothing(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await rings_up(bench, "s1", ("tea", 2))
        assert await sold(bench) == {}
