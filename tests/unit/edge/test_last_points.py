"""Many hands reach for the same points in one moment: what is there is given once, and nobody is told otherwise."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1, RewardTakenV1
from devices.observations import (
    FormAnswer,
    FormFilled,
    QuoteAnswer,
    QuoteAsked,
    SaleCompleted,
    SaleLine,
    SaleReceipt,
    Trust,
)
from loyalty.rights.movements import Refusal
from tests.unit.edge.kiosk_bench import TERMS, KioskBench, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, SOLD_AT

USABLE, TEA = 300, 120
REDEEMING = TERMS | {"redeeming": {"points": 20, "value_minor": 100}}


async def take_tea(store: KioskBench, kiosk: str, key: str) -> int:
    """A member confirms the pot of tea at a kiosk; returns the points that cost."""
    answers: list[FormAnswer] = []
    fields = {"trust": "dynamic", "key": key}
    form = FormFilled(kiosk, "redeem", fields, "anna", subject="tea", reply=answers.append)
    await store.gateway.handle(f"touch-{kiosk}", form)
    (answer,) = answers
    assert answer.is_accepted or answer.reason in {Refusal.NOT_ENOUGH_RIGHTS, Refusal.NOT_ENOUGH_AVAILABLE}
    return TEA if answer.is_accepted else 0


async def pay_with_points(store: KioskBench, key: str, points: int) -> int:
    """A till asks for points off and closes the receipt; returns what it redeemed."""
    quotes: list[QuoteAnswer] = []
    receipts: list[SaleReceipt] = []
    lines = (SaleLine("tea", "Tea", 1, 5_000),)
    asked = QuoteAsked(key, "till-1", "CNY", lines, points=points, card=ANNA_CARD, reply=quotes.append)
    await store.gateway.handle("till-feed", asked)
    price = quotes[-1].price_minor
    paid = (*lines, SaleLine("off", "Points", 1, price - 5_000)) if price != 5_000 else lines
    sale = SaleCompleted(
        f"sale {key}", "till-1", "CNY", price, paid, SOLD_AT, card=ANNA_CARD, quote=key, reply=receipts.append
    )
    await store.gateway.handle("till-feed", sale)
    assert (receipts[-1].redeemed or 0) in {0, quotes[-1].points}
    return receipts[-1].redeemed or 0


@pytest.mark.parametrize("seed", range(3))
async def test_of_64_hands_at_two_kiosks_and_a_till_nobody_takes_a_point_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with kiosk_bench(tmp_path) as store:
        await store.learn(terms=REDEEMING)
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        hands = [take_tea(store, chance.choice(("front", "back")), f"form {n}") for n in range(40)]
        hands += [pay_with_points(store, f"key {n}", 20 * chance.randrange(1, 5)) for n in range(24)]
        chance.shuffle(hands)
        redeemed = sum(await asyncio.gather(*hands))
        earned = sum(
            posting["points"]
            for fact in await store.events(PointsPostedV1)
            for posting in fact["postings"]
            if "lease" in posting and posting["credit"] == "member:anna:available"
        )
        assert await store.free("anna") == USABLE + earned - redeemed
        assert await store.free("anna") >= 0
        assert await store.balance("anna") == 480 + earned - redeemed
        vouchers = [fact["voucher"] for fact in await store.events(RewardTakenV1)]
        assert len(set(vouchers)) == len(vouchers)


async def test_one_form_sent_twice_in_the_same_moment_redeems_once_and_is_answered_the_same(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("reward", "tea")
        body = {"form": "redeem", "visit": store.screen.visit, "subject": "tea", "fields": {}, "key": "once"}
        answers = await asyncio.gather(*(store.web.post("/kiosk/front/form", json=body) for _ in range(8)))
        told = {answer.text for answer in answers if answer.status_code == 200}
        assert len(told) == 1
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert await store.balance("anna") == 480 - TEA
        assert len(await store.events(RewardTakenV1)) == 1
