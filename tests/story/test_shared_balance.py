"""Two stores that are cut off spend the same member's points: each only what it was lent, together never too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.cable import Cut
from simulation.files.store import StorePlan
from tests.story.loyal import PROGRAMME, buys, greeted_with, latest, pays
from tests.story.store import ANNA, Store, open_chain

pytestmark = pytest.mark.needs_mosquitto

LAKE = StorePlan("west-lake", "西湖店 West Lake", counters=1, pin_above_points=10**6)
RIVER = StorePlan("riverside", "江边店 Riverside", counters=1, pin_above_points=10**6)
EARNED_AT_LAKE, EARNED_AT_RIVER = 300, 200
WHOLE = EARNED_AT_LAKE + EARNED_AT_RIVER
BASKET_MINOR = 100_000
MORE_THAN_THERE_IS = 10_000


async def tries_to_spend_all(store: Store) -> tuple[int, int]:
    """Anna asks to pay with every point there is; how many the store took, and how many the purchase brought."""
    await store.floor.tap(ANNA.card)
    usable = int(latest(store.floor)["usable"])
    quote, answer = await pays(store, BASKET_MINOR, points=MORE_THAN_THERE_IS)
    assert answer.status_code == 201
    assert not answer.body["refused"]
    assert int(quote["points"]) == usable // 10 * 10, "as much as it may, in steps of ten, and no point more"
    assert int(answer.body["redeemed"] or 0) == int(quote["points"])
    return int(quote["points"]), int(answer.body["points"])


async def test_two_cut_off_stores_never_redeem_more_than_there_is(tmp_path: Path) -> None:
    async with open_chain(tmp_path, LAKE, RIVER, programme=PROGRAMME) as chain:
        lake, river = chain.stores
        for store, points in ((lake, EARNED_AT_LAKE), (river, EARNED_AT_RIVER)):
            await store.floor.tap(ANNA.card)
            await buys(store, 100 * points)
        for store in chain.stores:
            await greeted_with(store.floor, ANNA.card, balance=WHOLE)
            await store.balanced()
        for store in chain.stores:
            store.branch.cable.pull(Cut.REFUSED)

        first = [await tries_to_spend_all(store) for store in chain.stores]
        assert all(taken for taken, _ in first), "each store has rights of its own"
        assert sum(taken for taken, _ in first) <= WHOLE
        second = [await tries_to_spend_all(store) for store in chain.stores]
        for (_, earned), (taken, _) in zip(first, second, strict=True):
            assert taken <= earned + 10, "after that, only what was earned since in that store"

        for store in chain.stores:
            store.branch.cable.plug()
        for store in chain.stores:
            await store.balanced()
        balance = WHOLE + sum(earned - taken for taken, earned in (*first, *second))
        assert await chain.stores[0].cloud_balance(ANNA) == balance >= 0
        for store in chain.stores:
            await greeted_with(store.floor, ANNA.card, balance=balance)
        await chain.rights_add_up(ANNA.member)
