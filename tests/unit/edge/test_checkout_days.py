"""Days at the checkout, drawn by chance from a seed: whatever tills ask, pay, cancel and give back, the books agree."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from cloud_bridge.contract import CouponUsedV1, PointsPostedV1, RightsMovedV1
from loyalty.ledger import Rule, available, balance
from tests.unit.edge.checkout_bench import PROGRAMME, CheckoutBench, checkout_bench, code_of, goods, held, instance
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, HandClock

CARDS = {"anna": ANNA_CARD, "ben": BEN_CARD}
TILLS = ("till-1", "till-2", "till-3")
GRANTED = 1_000
STEPS = 150


async def test_of_64_tills_that_claim_a_single_use_code_at_once_exactly_one_wins(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth", member="", code=code_of("ONLY-ONE")))
        tills = [f"till-{number}" for number in range(64)]
        await asyncio.gather(*(store.ask(f"k-{till}", goods(1_000), till=till, codes=("ONLY-ONE",)) for till in tills))
        prices = {answer.key: answer.price_minor for answer in store.quotes}
        assert Counter(prices.values()) == {900: 1, 1_000: 63}
        await asyncio.gather(*(store.pay(f"r-{t}", prices[f"k-{t}"], quote=f"k-{t}", till=t) for t in tills))
        assert all(receipt.refused == "" for receipt in store.receipts)
        assert len(await store.facts(CouponUsedV1)) == 1


async def test_of_64_sales_that_claim_the_price_of_an_expired_quote_exactly_one_is_kept(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock) as store:
        await store.give(held(1, "tenth", member="", code=code_of("ONLY-ONE")))
        for number in range(64):
            await store.ask(f"k-{number}", goods(1_000), codes=("ONLY-ONE",))
            clock.pass_seconds(601)
            await store.day.turn()
        await asyncio.gather(*(store.pay(f"r-{number}", 900, quote=f"k-{number}") for number in range(64)))
        assert Counter(receipt.refused for receipt in store.receipts) == {"": 1, "coupon_gone": 63}
        assert len(await store.facts(CouponUsedV1)) == 1


class Day:
    """Tills that do anything in any order."""

    def __init__(self, store: CheckoutBench, chance: random.Random) -> None:
        self.store = store
        self.chance = chance
        self.priced: dict[str, int] = {}
        self.paid: dict[str, int] = {}

    async def step(self, number: int) -> None:
        """One thing that happens at one till."""
        deed = self.chance.choices(
            (self.ask, self.pay, self.cancel, self.give_back, self.wait), weights=(5, 5, 1, 2, 1)
        )[0]
        await deed(number)

    async def ask(self, number: int) -> None:
        key = self.chance.choice((f"k-{number}", *list(self.priced)[-3:]))
        answer = await self.store.ask(
            key,
            goods(self.chance.randint(1, 30_000)),
            till=self.chance.choice(TILLS),
            card=CARDS[self.chance.choice(("anna", "ben"))],
            points=self.chance.choice((0, 100, 300, 5_000)),
            codes=self.chance.choice(((), ("SPRING",))),
        )
        if not answer.refused:
            self.priced[key] = answer.price_minor

    async def pay(self, number: int) -> None:
        key = self.chance.choice((None, *list(self.priced)[-5:]))
        minor = self.priced.get(key or "", self.chance.randint(0, 20_000)) + self.chance.choice((0, 0, 0, 1))
        card = self.chance.choice((None, None, *CARDS.values()))
        repeats = self.chance.choice((1, 1, 2))
        sold_at = self.store.now
        for _ in range(repeats):
            await self.store.pay(f"r-{number}", minor, quote=key, card=card, sold_at=sold_at)
        self.paid[f"r-{number}"] = minor

    async def cancel(self, _: int) -> None:
        await self.store.ask(self.chance.choice(("k-0", *self.priced)), is_cancelled=True)

    async def give_back(self, number: int) -> None:
        sale = self.chance.choice(("r-404", *list(self.paid)[-8:]))
        minor = self.chance.randint(0, max(1, self.paid.get(sale, 100)))
        await self.store.refund(f"b-{number}", minor, of=sale)

    async def wait(self, _: int) -> None:
        self.store.clock.pass_seconds(self.chance.choice((30, 700, 86_400)))
        await self.store.day.turn()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_no_point_is_spent_twice_and_the_books_agree(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    terms = PROGRAMME + f"[lots]\npending_days = {chance.choice((0, 1))}\n"
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=terms, points=GRANTED) as store:
        await store.give(held(1, "tenth"), held(2, "five-off"), held(3, "cake", member="", code=code_of("SPRING")))
        day = Day(store, chance)
        for number in range(STEPS):
            await day.step(number)
            for member in CARDS:
                wallet = await store.journal.read(lambda reader, who=member: reader.wallet(who))  # type: ignore[misc]
                assert wallet.rights >= 0
                assert wallet.rights == 0 or wallet.debt == 0
        await the_books_agree(store)


async def the_books_agree(store: CheckoutBench) -> None:
    """What was told, what is booked and what the wallets hold are one story."""
    told = [posting for fact in await store.facts(PointsPostedV1) for posting in fact["postings"]]  # type: ignore[attr-defined]
    booked = await store.journal.read(lambda reader: list(reader.postings()))
    assert len({posting["id"] for posting in told}) == len(told) == len(booked)
    assert {posting["id"] for posting in told} == {posting.posting_id for posting in booked}
    for member, granted in (("anna", GRANTED), ("ben", 0)):
        wallet = await store.journal.read(lambda reader, who=member: reader.wallet(who))  # type: ignore[misc]
        assert wallet.rights - wallet.debt == granted + balance(booked, available(member))  # type: ignore[arg-type]
        redeemed = sum(p.points for p in booked if p.rule is Rule.REDEMPTION and member in p.debit)
        restored = sum(p.points for p in booked if p.rule is Rule.RESTORE and member in p.credit)
        assert 0 <= restored <= redeemed
    for member in CARDS:
        rows = await store.journal.read(lambda reader, who=member: reader.pending_of(who))  # type: ignore[misc]
        assert sum(row.points for row in rows) == await store.waiting(member)
        assert all(row.points > 0 for row in rows)
    rules = {posting.rule for posting in booked}
    assert {Rule.REDEMPTION, Rule.SPEND, Rule.REFUND} <= rules, "the day was too quiet to prove anything"
    moved = Counter((fact["currency"], fact["kind"]) for fact in await store.facts(RightsMovedV1))
    for number in (1, 2, 3):
        currency = f"coupon/{instance(number)}"
        assert moved[currency, "redeemed"] - moved[currency, "restored"] in {0, 1}
        assert await store.rights("anna" if number < 3 else "", currency) in {0, 1}
    assert (await store.journal.verify()).ok
