"""The network is cut for a whole day of trade; when it returns, the cloud equals the store."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from simulation.cable import Cut
from simulation.hands import TapOutcome
from tests.story.store import ANNA, BAO, Store, open_store

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.timeout(300)]

HOURS = 14
CUSTOMERS_PER_HOUR = 6


async def hour_of_trade(store: Store, chance: random.Random, earned: dict[str, int]) -> None:
    for _ in range(CUSTOMERS_PER_HOUR):
        member = chance.choice([ANNA, BAO])
        assert await store.floor.tap(member.card) is TapOutcome.GREETED
        sale = store.next_sale(chance.randrange(100, 50_000))
        await store.floor.ring_up(sale)
        returned = chance.choice([0, 0, 0, sale.total_minor])
        if returned:
            await store.floor.ring_up(store.next_sale(-returned, refund_of=sale.sale_id))
        earned[member.member] += (sale.total_minor - returned) // 100


async def test_after_a_day_without_network_the_cloud_equals_the_store(tmp_path: Path) -> None:
    chance = random.Random(20240229)
    earned = {ANNA.member: 0, BAO.member: 0}
    async with open_store(tmp_path) as store:
        store.branch.cable.pull(Cut.SILENT)
        for hour in range(1, HOURS + 1):
            store.set_clock_ahead(hour * 3_600)
            await hour_of_trade(store, chance, earned)
        assert await store.cloud_balance(ANNA) == 0
        status = await store.auditor.status()
        assert status["lanes"]["ledger"]["oldest_unsent_age_s"] >= (HOURS - 1) * 3_600
        store.branch.cable.plug()
        audit = await store.balanced(timeout_s=60)
        assert audit.dropped == 0
        assert await store.cloud_balance(ANNA) == earned[ANNA.member]
        assert await store.cloud_balance(BAO) == earned[BAO.member]


async def test_a_gateway_that_is_restarted_in_the_middle_of_the_cut_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(20240301)
    earned = {ANNA.member: 0, BAO.member: 0}
    async with open_store(tmp_path) as store:
        store.branch.cable.pull(Cut.REFUSED)
        await hour_of_trade(store, chance, earned)
        store.set_clock_ahead(8 * 3_600)
        await store.branch.restart_gateway()
        await store.restarted()
        await hour_of_trade(store, chance, earned)
        store.branch.cable.plug()
        await store.balanced()
        assert await store.cloud_balance(ANNA) == earned[ANNA.member]
        assert await store.cloud_balance(BAO) == earned[BAO.member]
