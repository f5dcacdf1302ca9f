"""One code that counts once: shown at every till at the same time, in one store and in three that are cut off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from devices.observations import QuoteAsked, SaleCompleted
from simulation.cable import Cut
from simulation.checkout import at_price, question_for
from simulation.files.store import StorePlan
from simulation.hands import Hands
from tests.story.loyal import PATIENCE_S, PROGRAMME
from tests.story.store import Chain, Store, open_chain

pytestmark = pytest.mark.needs_mosquitto

CLAIMS = 64
BASKET_MINOR = 5_000
OFF_MINOR = 2_000
COUPON = "opening"
STORES = tuple(StorePlan(name, f"Store {name}", counters=2) for name in ("west-lake", "riverside", "old-town"))
Quote = Mapping[str, Any]


async def one_code(chain: Chain, store: Store) -> str:
    """Head office issues one code for a store and has it printed; wait until that store can let it be used."""
    body = {"key": "opening-day", "codes": 1, "gateway": store.branch.gateway_id, "reason": "a leaflet"}
    answer = await chain.web.post(f"{chain.stage.cloud_url}/api/coupons/{COUPON}/issue", json=body)
    assert answer.is_success, answer.text
    (code,) = answer.json()["codes"]
    async with asyncio.timeout(PATIENCE_S):
        while True:
            question = question_for(store.next_sale(BASKET_MINOR), codes=(code,))
            quote = await priced(store.floor, question)
            await store.floor.counter.till.ask(QuoteAsked(question.key, question.till, "CNY", (), is_cancelled=True))
            if quote["price_minor"] == BASKET_MINOR - OFF_MINOR:
                return str(code)


async def priced(hands: Hands, question: QuoteAsked) -> Quote:
    """Ask what a basket costs, again where the till feed has its hands full."""
    while True:
        answer = await hands.counter.till.ask(question)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            assert answer.status_code == 200, answer
            return answer.body


async def claims(store: Store, code: str, receipt: SaleCompleted) -> tuple[Quote, Mapping[str, Any]]:
    """A shopper shows the code at a till and pays what the till says."""
    hands = store.shop.at(1 if receipt.till == "till-1" else 2)
    quote = await priced(hands, question_for(receipt, codes=(code,)))
    answer = await hands.ring_up(at_price(receipt, int(quote["price_minor"])))
    assert answer.status_code == 201, "whatever becomes of the code, the sale is recorded"
    assert not answer.body["refused"]
    return quote, answer.body


async def everybody_claims(stores: Sequence[Store], code: str) -> list[Quote]:
    """All at once, spread over the stores and their tills; the prices they were told."""
    turns = []
    for number in range(CLAIMS):
        store = stores[number % len(stores)]
        receipt = store.next_sale(BASKET_MINOR, at=1 + number // len(stores) % 2)
        turns.append(claims(store, code, receipt))
    return [quote for quote, _ in await asyncio.gather(*turns)]


def told_kindly(quotes: Sequence[Quote]) -> Counter[str]:
    """Exactly one had the discount; why the others had not."""
    winners = [quote for quote in quotes if quote["price_minor"] == BASKET_MINOR - OFF_MINOR]
    assert len(winners) == 1
    assert [step["source"] for step in winners[0]["steps"]] == [COUPON]
    losers = [quote for quote in quotes if quote["price_minor"] == BASKET_MINOR]
    assert len(losers) == CLAIMS - 1
    assert all(len(quote["declined"]) == 1 for quote in losers), "nothing is declined without a reason"
    return Counter(quote["declined"][0]["why"] for quote in losers)


async def used_once(chain: Chain) -> None:
    """Head office agrees: of one code one was used, and no store owes it anything."""
    for store in chain.stores:
        await store.balanced()
    coupons = (await chain.web.get(f"{chain.stage.cloud_url}/api/coupons")).json()
    (opening,) = [one for one in coupons if one["coupon"] == COUPON]
    assert (opening["issued"], opening["used"], opening["open"]) == (1, 1, 0)
    assert opening["liability_minor"] == OFF_MINOR


async def test_of_sixty_four_claims_in_one_store_exactly_one_wins(tmp_path: Path) -> None:
    async with open_chain(tmp_path, STORES[0], programme=PROGRAMME, members=()) as chain:
        code = await one_code(chain, chain.stores[0])
        why = told_kindly(await everybody_claims(chain.stores, code))
        assert set(why) <= {"held_elsewhere", "member_budget_used", "used", "reserved"}, why
        await used_once(chain)


async def test_of_sixty_four_claims_in_three_stores_that_are_cut_off_exactly_one_wins(tmp_path: Path) -> None:
    async with open_chain(tmp_path, *STORES, programme=PROGRAMME, members=()) as chain:
        code = await one_code(chain, chain.stores[1])
        for store in chain.stores:
            store.branch.cable.pull(Cut.REFUSED)
        why = told_kindly(await everybody_claims(chain.stores, code))
        assert why["held_elsewhere"] + why["cannot_be_checked"] >= CLAIMS * 2 // 3 - 1
        for store in chain.stores:
            store.branch.cable.plug()
        await used_once(chain)
