"""Stock over restarts: what was known is kept, what changed meanwhile is one change, and nobody is accused of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kiosk_ui.staff.board import CountAct
from tests.unit.edge.shelf_bench import BUN, TEA, shelf_bench, stocked

UNIT_G = 120.0


async def test_a_restart_invents_nothing(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.restart()
        assert (bench.slot().units, bench.slot().note) == (8, "stale")
        await stocked(bench, 8)
        assert (bench.slot().units, bench.slot().note) == (8, "")
        await bench.pass_seconds(30)
        assert len(await bench.events("stock.changed")) == 1
        assert bench.slot().units == 8


async def test_what_left_while_the_gateway_was_off_is_one_change_and_nobody_is_accused(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.restart(off_s=3_600)
        await stocked(bench, 5)
        await bench.pass_seconds(30 * 60, step_s=5)
        causes = [(event["cause"], event["delta"]) for event in await bench.events("stock.changed")]
        assert causes == [("first", 0), ("while_off", -3)]
        assert await bench.events("stock.discrepancy") == []


async def test_a_sale_between_two_kills_is_counted_once(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await bench.floor.count("B1", CountAct(units=9))
        await bench.journal.write(lambda tx: tx.sold("bun", 2))
        await bench.restart()
        await bench.pass_seconds(1)
        assert bench.slot("B1").units == 7
        await bench.restart()
        await bench.pass_seconds(2)
        assert bench.slot("B1").units == 7


async def test_an_article_that_moved_in_the_plan_begins_anew_and_the_others_stay(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.floor.count("B1", CountAct(units=9))
        bench.plan = (TEA, replace(BUN, sku="roll"))
        await bench.restart()
        assert bench.slot("A1").units == 8
        assert (bench.slot("B1").sku, bench.slot("B1").units) == ("roll", None)


async def test_a_row_that_cannot_be_read_keeps_no_store_closed(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.journal.write(lambda tx: tx._connection.execute("UPDATE slots SET body = '{'"))
        await bench.restart()
        assert bench.slot().units is None
        await stocked(bench, 8)
        assert bench.slot().units == 8
