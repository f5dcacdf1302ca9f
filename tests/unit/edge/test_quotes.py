"""What a basket costs, asked by a till of a store that is offline."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.observations import QuoteDeclined
from edge_agent.journal import Visit
from loyalty.identifiers import MemberId
from tests.unit.edge.checkout_bench import checkout_bench, code_of, goods, held, instance
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, NOBODYS_CARD, HandClock, medium


async def test_a_stranger_pays_the_full_price_and_nothing_is_held(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        answer = await store.ask("k-1", goods(1_000, pieces=3))
        assert (answer.full_minor, answer.price_minor, answer.line_prices) == (3_000, 3_000, (3_000,))
        assert (answer.is_member, answer.balance, answer.usable_points, answer.earns) == (False, None, None, 0)
        assert (answer.steps, answer.declined, answer.refused) == ((), (), "")


async def test_each_discount_is_explained_line_by_line_in_the_order_of_the_programme(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.give(held(1, "tenth"), held(2, "five-off"), held(3, "cake"))
        await store.tap(ANNA_CARD)
        answer = await store.ask("k-1", goods(10_000), points=300)
        assert [(step.layer, step.name, step.discount_minor, step.price_minor) for step in answer.steps] == [
            ("percent", "10 % off", 1_000, 9_000),
            ("amount", "5.00 off", 500, 8_500),
            ("gift", "A slice of cake", 0, 8_500),
            ("points", "", 600, 7_900),
        ]
        assert (answer.price_minor, answer.points, answer.earns) == (7_900, 300, 79)
        assert answer.steps[2].gift_sku == "CAKE"
        assert (answer.balance, answer.usable_points, answer.valid_s) == (500, 500, 600)


async def test_a_quote_holds_its_points_until_the_sale_and_no_longer_than_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        assert await store.reserved() == {"k-1": 400}
        assert await store.usable() == 100
        clock.pass_seconds(599)
        await store.day.turn()
        assert await store.usable() == 100
        clock.pass_seconds(1)
        await store.day.turn()
        assert (await store.reserved(), await store.usable()) == ({}, 500)


async def test_the_same_question_has_the_same_answer_and_holds_once(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        first = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        clock.pass_seconds(60)
        again = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        assert (again.price_minor, again.steps, again.usable_points) == (first.price_minor, first.steps, 500)
        assert (first.valid_s, again.valid_s) == (600, 540)
        assert await store.reserved() == {"k-1": 400}


async def test_another_basket_under_the_same_key_is_priced_anew_and_replaces_what_was_held(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        answer = await store.ask("k-1", goods(10_000), goods(500), points=500, card=ANNA_CARD)
        assert (answer.price_minor, answer.points) == (9_500, 500)
        assert await store.reserved() == {"k-1": 500}


async def test_a_member_who_taps_after_the_price_was_told_changes_the_price(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth"))
        before = await store.ask("k-1", goods(10_000))
        await store.tap(ANNA_CARD)
        after = await store.ask("k-1", goods(10_000))
        assert (before.price_minor, after.price_minor) == (10_000, 9_000)


async def test_a_cancelled_receipt_lets_go_of_what_it_held(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        answer = await store.ask("k-1", is_cancelled=True)
        assert answer.refused == "cancelled"
        assert (await store.usable(), await store.reserved(currency=f"coupon/{instance(1)}")) == (500, {})
        receipt = await store.pay("r-1", 8_200, quote="k-1")
        assert (receipt.redeemed, receipt.refused) == (0, "unknown_quote")
        assert (await store.ask("k-9", is_cancelled=True)).refused == "cancelled"


async def test_of_two_tills_that_ask_for_one_coupon_the_first_holds_it(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")))
        first = await store.ask("k-1", goods(1_000), codes=("SPRING",))
        second = await store.ask("k-2", goods(1_000), codes=("SPRING",), till="till-2")
        assert (first.price_minor, second.price_minor) == (900, 1_000)
        assert second.declined == (QuoteDeclined("tenth", "reserved"),)
        await store.ask("k-1", is_cancelled=True)
        assert (await store.ask("k-2", goods(1_000), codes=("SPRING",), till="till-2")).declined == second.declined, (
            "the same question has the same answer while it holds"
        )
        assert (await store.ask("k-3", goods(1_000), codes=("SPRING",), till="till-2")).price_minor == 900


async def test_a_coupon_held_elsewhere_cannot_be_used_here_now(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth"), here=False)
        answer = await store.ask("k-1", goods(1_000), card=ANNA_CARD)
        assert (answer.price_minor, answer.declined) == (1_000, (QuoteDeclined("tenth", "held_elsewhere"),))


@pytest.mark.parametrize(
    ("coupon", "why"),
    [
        (held(1, "tenth", member="ben", code=code_of("X")), "not_for_this_member"),
        (held(1, "tenth", member="", code=code_of("X"), last_day="2026-06-01"), "ended"),
        (held(1, "tenth", member="", code=code_of("X"), used=True), "used"),
        (held(1, "five-off", member="", code=code_of("X")), "below_minimum"),
        (held(1, "no-longer", member="", code=code_of("X")), "unknown"),
    ],
)
async def test_a_code_that_does_not_apply_says_why(tmp_path: Path, coupon: object, why: str) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(coupon)  # type: ignore[arg-type]
        answer = await store.ask("k-1", goods(1_000), codes=("X",), card=ANNA_CARD)
        assert (answer.price_minor, [one.why for one in answer.declined]) == (1_000, [why])


async def test_a_code_nobody_knows_is_named_by_its_place_and_never_repeated(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        answer = await store.ask("k-1", goods(1_000), codes=("GUESS-1",))
        assert answer.declined == (QuoteDeclined("codes.0", "cannot_be_checked"),)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240  the store is closed
    assert b"GUESS-1" not in written


async def test_of_a_coupon_held_twice_one_is_used_and_it_ends_first(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth"), held(2, "tenth", last_day="2026-06-30"))
        answer = await store.ask("k-1", goods(1_000), card=ANNA_CARD)
        assert (answer.price_minor, answer.declined) == (900, ())
        assert await store.reserved(currency=f"coupon/{instance(2)}") == {"k-1": 1}


async def test_more_points_than_can_be_used_here_are_not_promised(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=480) as store:
        await store.told(rights=(store.right(480, recalled=360),))
        answer = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        assert (answer.balance, answer.usable_points, answer.points) == (480, 120, 100)


async def test_before_the_cloud_has_spoken_no_points_are_promised_and_that_is_said(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500):
        pass
    async with checkout_bench(tmp_path, clock=clock, welcome=False) as store:
        answer = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        assert (answer.price_minor, answer.points) == (10_000, 0)
        assert answer.declined == (QuoteDeclined("points", "frozen"),)


async def test_a_cash_reward_is_taken_off_like_points(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        answer = await store.ask("k-1", goods(5_000), reward="ten-off", card=ANNA_CARD)
        assert (answer.price_minor, answer.points, answer.steps[0].name) == (4_000, 400, "10.00 off")
        assert await store.reserved() == {"k-1": 400}


async def test_a_card_nobody_owns_is_a_stranger(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        assert not (await store.ask("k-1", goods(1_000), card=NOBODYS_CARD)).is_member
        assert (await store.ask("k-2", goods(1_000), card=BEN_CARD)).is_member


async def test_another_currency_is_priced_in_full(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms='[programme]\nname = "x"\ncurrency = "EUR"', points=500) as store:
        answer = await store.ask("k-1", goods(1_000), points=100, card=ANNA_CARD)
        assert (answer.price_minor, answer.points, answer.earns) == (1_000, 0, 0)


async def test_more_tills_than_a_member_can_have_receipts_open_are_told_so(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=5_000) as store:
        for number in range(16):
            await store.ask(f"k-{number}", goods(1_000), points=100, card=ANNA_CARD)
        answer = await store.ask("k-16", goods(1_000), points=100, card=ANNA_CARD)
        assert (answer.price_minor, answer.declined) == (1_000, (QuoteDeclined("points", "reservations_full"),))


async def test_points_of_a_card_that_can_be_copied_need_a_pin_and_coupons_do_not(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500, pin_above_points=0) as store:
        await store.give(held(1, "tenth"))
        await store.tap(ANNA_CARD)
        answer = await store.ask("k-1", goods(10_000), points=400)
        assert (answer.price_minor, answer.points) == (9_000, 0)
        assert answer.declined == (QuoteDeclined("points", "pin_needed"),)
        assert await store.reserved() == {}
        store.proven.add("anna")
        answer = await store.ask("k-1", goods(10_000), points=400)
        assert (answer.price_minor, answer.points, answer.declined) == (8_200, 400, ())


async def test_a_few_points_may_be_used_without_a_pin_where_the_store_says_so(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500, pin_above_points=200) as store:
        few = await store.ask("k-1", goods(10_000), points=200, card=ANNA_CARD)
        many = await store.ask("k-2", goods(10_000), points=300, card=ANNA_CARD)
        assert (few.points, many.points) == (200, 0)


async def test_a_visit_that_began_with_a_phones_code_is_proof_enough(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500, pin_above_points=0) as store:
        shown = Visit("front", medium(ANNA_CARD), MemberId("anna"), store.now, is_strong=True)
        await store.journal.write(lambda tx: tx.open_visit(shown))
        assert (await store.ask("k-1", goods(10_000), points=400)).points == 400
        await store.tap(ANNA_CARD)
        assert (await store.ask("k-2", goods(10_000), points=100)).points == 0
