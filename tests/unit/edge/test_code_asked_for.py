"""A code that cannot be checked here is asked for: head office hears of it, and lends the right if it is free."""

from __future__ import annotations

from pathlib import Path

from cloud_bridge.contract import CodeScannedV1
from devices.observations import QuoteDeclined
from tests.unit.edge.checkout_bench import CheckoutBench, checkout_bench, code_of, goods, held


async def told(store: CheckoutBench) -> list[object]:
    """The codes head office is told of, in order."""
    return [fact["medium"] for fact in await store.facts(CodeScannedV1)]


async def test_a_code_unknown_here_is_told_once_and_applies_as_soon_as_it_is_here(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        for _ in range(3):
            answer = await store.ask("k-1", goods(1_000), codes=("SPRING",))
            assert (answer.price_minor, answer.declined) == (1_000, (QuoteDeclined("codes.0", "cannot_be_checked"),))
        assert await told(store) == [code_of("SPRING")]
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")))
        answer = await store.ask("k-1", goods(1_000), codes=("SPRING",))
        assert (answer.price_minor, answer.declined) == (900, ())
        assert (await store.pay("s-1", 900, quote="k-1")).refused == ""
        assert await store.used_coupons() == ["tenth"]
        assert await told(store) == [code_of("SPRING")]


async def test_a_code_whose_right_lies_elsewhere_is_asked_for_too(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")), here=False)
        answer = await store.ask("k-1", goods(1_000), codes=("SPRING",))
        assert answer.declined == (QuoteDeclined("tenth", "held_elsewhere"),)
        assert await told(store) == [code_of("SPRING")]


async def test_a_code_that_is_here_or_used_up_asks_for_nothing(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(
            held(1, "tenth", member="", code=code_of("HERE")),
            held(2, "five-off", member="", code=code_of("GONE"), used=True),
        )
        await store.ask("k-1", goods(5_000), codes=("HERE", "GONE"))
        assert await told(store) == []


async def test_another_receipt_asks_again(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.ask("k-1", goods(1_000), codes=("SPRING", "SPRING"))
        await store.ask("k-2", goods(1_000), codes=("SPRING",), till="till-2")
        assert await told(store) == 2 * [code_of("SPRING")]
