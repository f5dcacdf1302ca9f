"""Points have a last day: head office lets them expire, and the store's books stay its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simulation.files.store import StorePlan
from tests.story.loyal import PATIENCE_S, PROGRAMME, buys, greeted_with
from tests.story.store import ANNA, Chain, open_chain

pytestmark = pytest.mark.needs_mosquitto

LAST_DAYS = 30
DAY_S = 86_400
SHORT_LIVED = {**PROGRAMME, "lots": {"pending_days": 0, "expiry": "days", "after": LAST_DAYS}}
PLAN = StorePlan("west-lake", "西湖店 West Lake", counters=1)


async def the_day_turns(chain: Chain, days: int) -> None:
    """Days pass for everybody; head office is restarted on the new day, as it is after an update."""
    chain.set_cloud_clock_ahead(days * DAY_S)
    for store in chain.stores:
        store.set_clock_ahead(days * DAY_S)
    starts = chain.stage.cloud.starts
    chain.stage.cloud.kill()
    async with asyncio.timeout(PATIENCE_S):
        while chain.stage.cloud.starts == starts or not await chain.stage.cloud.plan.ready():
            await chain.stores[0].auditor.status()


async def cloud_postings(chain: Chain) -> list[dict[str, Any]]:
    """What head office posted by itself."""
    postings = (await chain.web.get(f"{chain.stage.cloud_url}/api/ledger")).json()["postings"]
    return [one for one in postings if one["gateway"] == "cloud"]


async def test_points_expire_and_the_ledger_of_the_store_still_equals_what_it_told(tmp_path: Path) -> None:
    async with open_chain(tmp_path, PLAN, programme=SHORT_LIVED) as chain:
        (store,) = chain.stores
        await store.floor.tap(ANNA.card)
        await buys(store, 30_000)
        await greeted_with(store.floor, ANNA.card, balance=300, usable=300)
        await store.balanced()

        await the_day_turns(chain, LAST_DAYS + 10)
        await greeted_with(store.floor, ANNA.card, balance=0)
        expired = await cloud_postings(chain)
        assert [(one["rule"], one["change"]) for one in expired] == [("expiry", -300)]
        assert await store.cloud_balance(ANNA) == 0
        await chain.rights_add_up(ANNA.member)

        await store.floor.tap(ANNA.card)
        await buys(store, 5_000)
        await greeted_with(store.floor, ANNA.card, balance=50)
        audit = await store.balanced()
        assert audit.store.points_issued == 350, "the store issued them; that they expired is head office's posting"
