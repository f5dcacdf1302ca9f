"""Points that wait for the end of the return window become available when the store's day begins."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import PROGRAMME, checkout_bench, goods
from tests.unit.edge.store_bench import ANNA_CARD, HandClock

WAITING = PROGRAMME + '[lots]\npending_days = 7\n[[earning.multipliers]]\nid = "tea"\npercent = 200\nbrands = ["x"]\n'


def at(clock: HandClock, text: str) -> None:
    """Move the clock to a moment (UTC)."""
    clock.ns = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


async def test_what_a_sale_earned_waits_and_is_released_with_its_rights(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        lines = (goods(5_000, brand="x"),)
        receipt = await store.pay("r-1", 5_000, lines=lines, card=ANNA_CARD)
        assert (receipt.points, receipt.balance, await store.usable()) == (100, 0, 0)
        clock.pass_seconds(7 * 86_400)
        assert await store.day.turn() == 2
        assert await store.day.turn() == 0
        assert (await store.points_of("anna"), await store.usable(), await store.waiting()) == (100, 100, 0)
        sale, release = await store.facts(PointsPostedV1)
        ids = {posting["id"] for posting in sale["postings"]}  # type: ignore[attr-defined]
        released = {posting["id"] for posting in release["postings"]}  # type: ignore[attr-defined]
        assert released == {posting_id("release", accrual) for accrual in ids}
        assert (release["rule"], release["sale"], release["cause"]) == ("release", "r-1", sale["cause"])
        assert await store.journal.read(lambda reader: reader.pending_of("anna")) == []


@pytest.mark.parametrize(
    ("zone", "sold", "before", "after"),
    [
        ("UTC", "2026-06-10T12:00:00", "2026-06-16T23:59:59", "2026-06-17T00:00:00"),
        ("Asia/Shanghai", "2026-06-10T15:59:00", "2026-06-16T15:59:59", "2026-06-16T16:00:00"),
        ("Asia/Shanghai", "2026-06-10T16:01:00", "2026-06-17T15:59:59", "2026-06-17T16:00:00"),
        ("Pacific/Kiritimati", "2026-06-10T11:00:00", "2026-06-17T09:59:59", "2026-06-17T10:00:00"),
        ("Pacific/Pago_Pago", "2026-06-10T11:30:00", "2026-06-17T10:59:59", "2026-06-17T11:00:00"),
        ("America/New_York", "2026-10-28T12:00:00", "2026-11-04T04:59:59", "2026-11-04T05:00:00"),
    ],
)
async def test_points_are_released_when_the_day_begins_in_the_store(
    tmp_path: Path, zone: str, sold: str, before: str, after: str
) -> None:
    clock = HandClock()
    at(clock, sold)
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING, timezone=zone) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        at(clock, before)
        assert await store.day.turn() == 0
        at(clock, after)
        assert await store.day.turn() == 1


async def test_a_gateway_that_was_off_on_the_day_releases_when_it_starts(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
    clock.pass_seconds(30 * 86_400)
    async with checkout_bench(tmp_path, clock=clock, welcome=False) as store:
        assert (await store.points_of("anna"), await store.waiting()) == (50, 0)


async def test_many_sales_are_released_a_few_at_a_time_and_all(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        for number in range(120):
            await store.pay(f"r-{number}", 100, card=ANNA_CARD)
        clock.pass_seconds(7 * 86_400)
        assert await store.day.turn() == 120
        assert await store.points_of("anna") == 120


async def test_the_history_names_every_rule_newest_first(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        clock.pass_seconds(7 * 86_400)
        await store.day.turn()
        await store.refund("r-2", 1_000, of="r-1")
        history = await store.journal.read(lambda reader: reader.history("anna", 10))
        assert [(one.rule, one.points, one.is_pending, one.sale) for one in history] == [
            ("refund", -10, False, "r-1"),
            ("release", 50, False, "r-1"),
            ("release", -50, True, "r-1"),
            ("spend", 50, True, "r-1"),
        ]
        assert history[0].at == store.now
        assert len(await store.journal.read(lambda reader: reader.history("anna", 2))) == 2


async def test_quotes_long_over_are_forgotten_and_their_keys_with_them(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock) as store:
        await store.ask("k-1", goods(100))
        await store.pay("r-1", 100, quote="k-1")
        clock.pass_seconds(6 * 86_400)
        await store.day.turn()
        assert (await store.ask("k-1", goods(100))).refused == "used"
        clock.pass_seconds(2 * 86_400)
        await store.day.turn()
        assert (await store.ask("k-1", goods(100))).refused == ""


async def test_the_clockwork_turns_again_and_again(tmp_path: Path) -> None:
    clock = HandClock()
    slept: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        clock.pass_seconds(86_400)
        await slept.put(seconds)

    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        running = asyncio.create_task(store.day.run(sleep))
        async with asyncio.timeout(10):
            for _ in range(9):
                assert await slept.get() > 0
        running.cancel()
        await asyncio.wait({running})
        assert await store.points_of("anna") == 50
