"""A disk that comes back from yesterday, and one that was copied: no point is redeemed twice, none is lost."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices.observations import SaleCompleted
from simulation.cable import Cut
from simulation.checkout import at_price, question_for
from simulation.files.store import StorePlan
from tests.story.loyal import PATIENCE_S, PROGRAMME, greeted_with, pays
from tests.story.store import ANNA, Store, open_chain

pytestmark = pytest.mark.needs_mosquitto

DAY_S = 86_400
MORE_THAN_THERE_IS = 10_000
PLAN = StorePlan("west-lake", "西湖店 West Lake", counters=1, pin_above_points=10**6)


async def copied(store: Store, backup: Path) -> None:
    """Switch the gateway off, copy its disk, switch it on again."""
    async with store.branch.gateway_off():
        shutil.copytree(store.branch.plan.folder.data_dir, backup)


async def restored(store: Store, backup: Path) -> None:
    """Switch the gateway off, put the copy in the place of its disk, switch it on again."""
    disk = store.branch.plan.folder.data_dir
    async with store.branch.gateway_off():
        shutil.rmtree(disk)
        shutil.copytree(backup, disk)


async def rung_up(store: Store, total_minor: int, *, points: int = 0, days_later: int = 0) -> SaleCompleted:
    """Anna taps and pays, with points if she wants; the receipt as the till keeps it."""
    hands = store.floor
    await hands.tap(ANNA.card)
    receipt = replace(store.next_sale(total_minor), card=ANNA.card)
    if days_later:
        receipt = replace(receipt, sold_at=datetime.now(UTC) + timedelta(days=days_later))
    if points:
        quote = await hands.counter.till.ask(question_for(receipt, points=points))
        assert quote.body["points"] == points, quote
        receipt = at_price(receipt, int(quote.body["price_minor"]))
    answer = await hands.ring_up(receipt)
    assert answer.status_code == 201
    assert (answer.body["redeemed"] or 0) == points
    return receipt


async def test_after_a_restore_receipts_told_again_count_once_and_make_no_extra_rights(tmp_path: Path) -> None:
    async with open_chain(tmp_path / "chain", PLAN, programme=PROGRAMME) as chain:
        (store,) = chain.stores
        hands = store.floor
        await rung_up(store, 30_000)
        await store.balanced()
        await copied(store, tmp_path / "backup")
        await greeted_with(hands, ANNA.card, balance=300, usable=300)
        lost = [await rung_up(store, 20_000), await rung_up(store, 10_000, points=100)]
        balance = 300 + 200 + 98 - 100
        await store.balanced()
        assert await store.cloud_balance(ANNA) == balance

        store.branch.cable.pull(Cut.REFUSED)
        await restored(store, tmp_path / "backup")
        await greeted_with(hands, ANNA.card, usable=0)
        quote = await hands.counter.till.ask(question_for(store.next_sale(5_000), points=100))
        assert quote.body["points"] == 0
        for receipt in lost:
            answer = await hands.ring_up(receipt)
            assert answer.status_code == 201, "this disk has never seen it"
            assert not answer.body["redeemed"]
        fresh = await rung_up(store, 1_000)
        assert fresh.total_minor == 1_000

        store.branch.cable.plug()
        balance += 10
        await greeted_with(hands, ANNA.card, balance=balance, online=True)
        assert await store.cloud_balance(ANNA) == balance, "told twice, counted once"
        account = await chain.rights_add_up(ANNA.member)
        assert account["suspense"] == balance, "what the lost life may have spent waits for a person"

        store.set_clock_ahead(2 * DAY_S)
        await rung_up(store, 5_000, days_later=2)
        balance += 50
        await greeted_with(hands, ANNA.card, balance=balance, usable=50)
        await chain.forgiven(store, ANNA.member, account["suspense"])
        await greeted_with(hands, ANNA.card, balance=balance, usable=balance)
        await rung_up(store, 100_000, points=balance // 10 * 10)
        await chain.settled([store])
        assert await chain.incarnations(store) == 2
        await chain.rights_add_up(ANNA.member)


async def test_two_copies_of_one_gateway_never_overspend_and_the_cloud_shows_them(tmp_path: Path) -> None:
    async with open_chain(tmp_path / "chain", PLAN, programme=PROGRAMME) as chain:
        (store,) = chain.stores
        await rung_up(store, 30_000)
        await store.balanced()
        await copied(store, tmp_path / "backup")
        await greeted_with(store.floor, ANNA.card, balance=300, usable=300)
        await rung_up(store, 10_000, points=100)
        await store.balanced()

        clone = await chain.cloned(store, tmp_path / "backup")
        for one in (clone, store, clone, store):
            await one.floor.tap(ANNA.card)
            _, answer = await pays(one, 50_000, points=MORE_THAN_THERE_IS)
            assert answer.status_code == 201, "a sale is never refused"
        async with clone.branch.gateway_off():
            await chain.settled([store])
        async with store.branch.gateway_off():
            await chain.settled([clone])
        account = await chain.rights_add_up(ANNA.member)
        assert account["balance"] == await store.cloud_balance(ANNA) >= 0
        async with asyncio.timeout(PATIENCE_S):  # Each takes the other for its own past, and begins anew: it is seen.
            while await chain.incarnations(store) <= 2:
                await store.auditor.fleet()
