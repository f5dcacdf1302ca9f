"""A sale confirms its quote: all that was promised is redeemed in the sale's own transaction, or nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_bridge.contract import CouponUsedV1, PointsPostedV1, RightsMovedV1, SaleCompletedV1
from devices.observations import SaleStatus
from edge_agent.outcomes import SaleDecided, SaleWaits
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import checkout_bench, code_of, goods, held, instance
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, HandClock


async def test_a_sale_at_the_quoted_price_redeems_what_was_held_and_earns_on_what_was_paid(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.give(held(1, "tenth"))
        quote = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        receipt = await store.pay("r-1", quote.price_minor, quote="k-1")
        assert (receipt.status, receipt.redeemed, receipt.refused) == (SaleStatus.RECORDED, 400, "")
        assert (receipt.points, receipt.balance) == (82, 500 - 400 + 82)
        assert await store.moves() == [("redemption", 400, True), ("spend", 82, True)]
        assert (await store.rights(), await store.reserved()) == (182, {})
        assert await store.used_coupons() == ["tenth"]
        shown = store.shown[-1]
        assert isinstance(shown, SaleDecided)
        assert (shown.points, shown.redeemed, shown.standing.points) == (82, 400, 182)


async def test_the_redemption_carries_the_lease_and_the_name_of_its_sale(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        await store.pay("r-1", 9_200, quote="k-1")
        fact = (await store.facts(PointsPostedV1))[0]
        (told,) = fact["postings"]  # type: ignore[misc]
        assert told["id"] == posting_id("redemption", "harbour", "r-1")
        assert told["lease"] == store.journal.incarnation
        assert (told["debit"], told["credit"]) == ("member:anna:available", "programme:redeemed")
        assert (fact["sale"], fact["rule"]) == ("r-1", "redemption")
        (sale,) = await store.facts(SaleCompletedV1)
        assert sale["quote"] == "k-1"


async def test_a_coupon_that_was_used_moves_its_one_right_and_says_what_it_took_off(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), card=ANNA_CARD)
        await store.pay("r-1", 9_000, quote="k-1")
        (used,) = await store.facts(CouponUsedV1)
        assert (used["instance"], used["member"], used["sale"]) == (instance(1), "anna", "r-1")
        assert used["discount_minor"] == 1_000
        (moved,) = await store.facts(RightsMovedV1)
        assert (moved["kind"], moved["currency"], moved["points"]) == ("redeemed", f"coupon/{instance(1)}", 1)
        answer = await store.ask("k-2", goods(10_000), card=ANNA_CARD)
        assert answer.price_minor == 10_000


async def test_the_same_sale_twice_redeems_once_and_is_answered_alike(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        first = await store.pay("r-1", 9_200, quote="k-1", sold_at=store.now)
        again = await store.pay("r-1", 9_200, quote="k-1", sold_at=store.now)
        assert again.status is SaleStatus.DUPLICATE
        assert (again.redeemed, again.refused, again.points, again.balance) == (400, "", first.points, first.balance)
        assert [rule for rule, _, _ in await store.moves()] == ["redemption", "spend"]


async def test_a_key_serves_one_sale(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=900) as store:
        priced = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        await store.pay("r-1", 9_200, quote="k-1")
        receipt = await store.pay("r-2", 9_200, quote="k-1", card=ANNA_CARD)
        assert (receipt.redeemed, receipt.refused) == (0, "used")
        answer = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        assert (answer.refused, answer.price_minor, answer.valid_s) == ("used", priced.price_minor, 0)
        assert (await store.ask("k-1", is_cancelled=True)).refused == "used"
        assert await store.rights() == 900 - 400 + 92 + 92


async def test_another_price_than_the_quoted_one_redeems_nothing_and_lets_go(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        receipt = await store.pay("r-1", 10_000, quote="k-1")
        assert (receipt.redeemed, receipt.refused, receipt.points) == (0, "price_differs", 100)
        assert (await store.usable(), await store.reserved()) == (600, {})
        assert await store.used_coupons() == []
        assert (await store.ask("k-2", goods(10_000), card=ANNA_CARD)).price_minor == 9_000


async def test_a_quote_nobody_gave_is_said_and_the_sale_is_recorded(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        receipt = await store.pay("r-1", 1_000, quote="k-404", card=ANNA_CARD)
        assert (receipt.status, receipt.redeemed, receipt.refused) == (SaleStatus.RECORDED, 0, "unknown_quote")
        assert receipt.points == 10


async def test_a_quote_whose_time_is_up_is_redeemed_anew_where_that_is_possible(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        clock.pass_seconds(3_600)
        await store.day.turn()
        assert await store.usable() == 500
        receipt = await store.pay("r-1", 8_200, quote="k-1")
        assert (receipt.redeemed, receipt.refused) == (400, "")
        assert await store.used_coupons() == ["tenth"]


async def test_a_quote_whose_points_were_spent_meanwhile_is_refused_whole(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        clock.pass_seconds(3_600)
        await store.day.turn()
        await store.ask("k-2", goods(1_000), points=200, card=ANNA_CARD)
        receipt = await store.pay("r-1", 8_200, quote="k-1")
        assert (receipt.redeemed, receipt.refused, receipt.points) == (0, "not_enough_rights", 82)
        assert await store.used_coupons() == [], "no coupon without the points that came with it"
        assert await store.reserved() == {"k-2": 200}


async def test_a_coupon_taken_by_another_till_after_the_time_was_up_is_refused_whole(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")))
        await store.ask("k-1", goods(10_000), points=400, codes=("SPRING",), card=ANNA_CARD)
        clock.pass_seconds(601)
        await store.day.turn()
        await store.ask("k-2", goods(1_000), codes=("SPRING",), till="till-2")
        await store.pay("r-2", 900, quote="k-2", till="till-2")
        receipt = await store.pay("r-1", 8_200, quote="k-1")
        assert (receipt.redeemed, receipt.refused) == (0, "coupon_gone")
        assert await store.usable() == 500 + 82
        assert await store.used_coupons() == ["tenth"]


async def test_a_single_coupon_of_two_quotes_is_used_once(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")))
        first = await store.ask("k-1", goods(1_000), codes=("SPRING",))
        second = await store.ask("k-2", goods(1_000), codes=("SPRING",), till="till-2")
        await store.pay("r-2", second.price_minor, quote="k-2", till="till-2")
        receipt = await store.pay("r-1", first.price_minor, quote="k-1")
        assert receipt.refused == ""
        assert len(await store.facts(CouponUsedV1)) == 1


async def test_a_reboot_between_price_and_sale_ends_the_reservation_and_the_sale_redeems_anew(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
    async with checkout_bench(tmp_path, clock=clock) as store:
        assert await store.reserved() == {}
        receipt = await store.pay("r-1", 9_200, quote="k-1")
        assert (receipt.redeemed, receipt.refused) == (400, "")


async def test_a_reboot_while_offline_is_frozen_and_the_receipt_says_that_the_discount_was_not_kept(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
    async with checkout_bench(tmp_path, clock=clock, welcome=False) as store:
        receipt = await store.pay("r-1", 9_200, quote="k-1")
        assert (receipt.status, receipt.redeemed, receipt.refused) == (SaleStatus.RECORDED, 0, "frozen")
        assert (receipt.points, receipt.balance) == (92, 592), "it earns all the same"


async def test_a_card_of_another_member_at_the_till_redeems_nothing_of_the_first(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        receipt = await store.pay("r-1", 9_200, quote="k-1", card=BEN_CARD)
        assert (receipt.redeemed, receipt.refused, receipt.balance) == (0, "other_member", 92)
        assert await store.usable() == 500


async def test_whoever_taps_after_the_price_was_told_keeps_their_visit_for_their_own_sale(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await store.tap(ANNA_CARD)
        await store.ask("k-1", goods(10_000), points=400)
        await store.tap(BEN_CARD)
        await store.pay("r-1", 9_200, quote="k-1")
        await store.pay("r-2", 1_000)
        assert (await store.points_of("anna"), await store.points_of("ben")) == (192, 10)


async def test_a_strangers_coupon_is_used_and_the_sale_waits_to_be_claimed(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth", member="", code=code_of("SPRING")))
        quote = await store.ask("k-1", goods(1_000), codes=("SPRING",))
        receipt = await store.pay("r-1", quote.price_minor, quote="k-1")
        assert (receipt.redeemed, receipt.refused, receipt.points) == (0, "", None)
        assert store.shown[-1] == SaleWaits("front", "claim")
        (used,) = await store.facts(CouponUsedV1)
        assert "member" not in used
        await store.tap(ANNA_CARD)
        await store.touch("claim", "r-1")
        assert await store.points_of("anna") == 9


async def test_a_basket_that_costs_nothing_after_points_is_a_sale_of_nothing(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        quote = await store.ask("k-1", goods(1_000), points=500, card=ANNA_CARD)
        assert (quote.price_minor, quote.points) == (0, 500)
        receipt = await store.pay("r-1", 0, quote="k-1", lines=(goods(1_000), goods(-1_000)))
        assert (receipt.redeemed, receipt.refused, receipt.points) == (500, "", 0)
        _, back = await store.refund("r-2", 0, of="r-1")
        assert (back.redeemed, back.balance) == (-500, 500)


@pytest.mark.parametrize("minor", [1, 99, 10_000])
async def test_without_a_quote_a_receipt_says_nothing_of_redemption(tmp_path: Path, minor: int) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        receipt = await store.pay("r-1", minor, card=ANNA_CARD)
        assert (receipt.redeemed, receipt.refused) == (None, "")
