"""Refunds of this store's own sales, decided offline by the sale's own book; others are left to head office."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_bridge.contract import DecisionDeferredV1, PointsPostedV1, RightsMovedV1
from edge_agent.outcomes import NothingToShow, SaleDecided, SaleWaits
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import PROGRAMME, CheckoutBench, checkout_bench, goods, held, instance
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, NOBODYS_CARD, HandClock, medium

BONUS = PROGRAMME + '[[earning.multipliers]]\nid = "coffee"\npercent = 250\ncategories = ["coffee"]\n'
WAITING = PROGRAMME + "[lots]\npending_days = 7\n"


async def redeemed_sale(store: CheckoutBench, *, points: int = 400) -> None:
    """Anna pays 100.00 with some points."""
    quote = await store.ask("k-1", goods(10_000), points=points, card=ANNA_CARD)
    await store.pay("r-1", quote.price_minor, quote="k-1")


async def test_a_full_refund_restores_what_was_redeemed_and_takes_back_what_was_earned(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await redeemed_sale(store)
        outcome, receipt = await store.refund("r-2", 9_200, of="r-1")
        assert (receipt.points, receipt.redeemed, receipt.balance, receipt.refused) == (-92, -400, 500, "")
        assert isinstance(outcome, SaleDecided)
        assert (outcome.points, outcome.redeemed, outcome.total_minor) == (-92, -400, -9_200)
        assert (await store.points_of("anna"), await store.rights()) == (500, 500)
        (told,) = [fact for fact in await store.facts(PointsPostedV1) if fact["rule"] == "restore"]
        restored, taken = told["postings"]  # type: ignore[misc]
        assert (restored["id"], restored["original"], restored["lease"]) == (
            posting_id("restore", "harbour", "r-2"),
            posting_id("redemption", "harbour", "r-1"),
            store.journal.incarnation,
        )
        assert (taken["id"], taken["rule"], "lease" in taken) == (
            posting_id("refund", "harbour", "r-2"),
            "refund",
            True,
        )


async def test_half_a_refund_gives_half(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await redeemed_sale(store)
        _, receipt = await store.refund("r-2", 4_600, of="r-1")
        assert (receipt.points, receipt.redeemed) == (-46, -200)
        assert await store.points_of("anna") == 500 - 200 + 46


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ((9_200,), 500),
        ((1, 9_199), 500),
        ((3_333, 3_333, 2_534), 500),
        ((9_000, 100, 100), 500),
        ((10_000,), 500),
        ((4_650,), 500 - 400 + 202 + 112),
        ((1, 4_649), 500 - 400 + 202 + 112),
        ((1_550, 1_550, 1_550), 500 - 400 + 202 + 112),
    ],
)
async def test_refunds_in_parts_end_where_one_refund_ends(tmp_path: Path, parts: tuple[int, ...], left: int) -> None:
    async with checkout_bench(tmp_path, points=500, terms=BONUS) as store:
        lines = (goods(10_000, category="coffee"),)
        await store.ask("k-1", *lines, points=400, card=ANNA_CARD)
        sold = await store.pay("r-1", 9_200, quote="k-1", lines=(*lines, goods(-800)))
        assert sold.points == 92 + 138
        for number, minor in enumerate(parts):
            await store.refund(f"b-{number}", minor, of="r-1")
        assert (await store.points_of("anna"), await store.rights()) == (left, left)


async def test_a_refund_told_twice_moves_once_and_is_answered_alike(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await redeemed_sale(store)
        sold_at = store.now
        _, first = await store.refund("r-2", 4_600, of="r-1")
        assert sold_at == store.now
        _, again = await store.refund("r-2", 4_600, of="r-1")
        assert (again.points, again.redeemed, again.balance) == (first.points, first.redeemed, first.balance)
        assert len(await store.facts(PointsPostedV1)) == 3


async def test_points_that_wait_go_first_and_no_rights_move_with_them(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=WAITING) as store:
        await store.pay("r-1", 10_000, card=ANNA_CARD)
        assert (await store.points_of("anna"), await store.waiting()) == (0, 100)
        _, receipt = await store.refund("r-2", 4_000, of="r-1")
        assert (receipt.points, receipt.balance) == (-40, 0)
        assert (await store.waiting(), await store.rights()) == (60, 0)
        assert await store.moves() == [("spend", 100, False), ("refund", 40, False)]
        (row,) = await store.journal.read(lambda reader: reader.pending_of("anna"))
        assert row.points == 60


async def test_after_the_window_a_refund_takes_available_points_and_their_rights(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=WAITING) as store:
        await store.pay("r-1", 10_000, card=ANNA_CARD)
        await store.refund("r-2", 4_000, of="r-1")
        clock.pass_seconds(8 * 86_400)
        await store.day.turn()
        await store.refund("r-3", 3_000, of="r-1")
        assert (await store.points_of("anna"), await store.waiting(), await store.rights()) == (30, 0, 30)
        assert await store.moves() == [
            ("spend", 100, False),
            ("refund", 40, False),
            ("release", 60, True),
            ("refund", 30, True),
        ]


async def test_what_was_spent_before_it_was_taken_back_is_owed(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.pay("r-1", 20_000, card=ANNA_CARD)
        await store.ask("k-1", goods(1_000), points=200, card=ANNA_CARD)
        await store.pay("r-2", 600, quote="k-1")
        _, receipt = await store.refund("r-3", 20_000, of="r-1")
        assert receipt.balance == 200 - 200 + 6 - 200
        usable = await store.journal.read(lambda reader: reader.usable("anna", on=store.now.date()))
        assert usable is not None
        assert (usable.points, usable.balance, usable.owed) == (0, 0, 194)


async def test_a_coupon_of_a_sale_given_back_whole_can_be_used_again(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "tenth"))
        await store.ask("k-1", goods(10_000), card=ANNA_CARD)
        await store.pay("r-1", 9_000, quote="k-1")
        await store.refund("r-2", 8_999, of="r-1")
        assert (await store.ask("k-2", goods(10_000), card=ANNA_CARD)).price_minor == 10_000
        await store.refund("r-3", 1, of="r-1")
        moved = await store.facts(RightsMovedV1)
        assert [(one["kind"], one["currency"]) for one in moved] == [
            ("redeemed", f"coupon/{instance(1)}"),
            ("restored", f"coupon/{instance(1)}"),
        ]
        assert moved[1]["original"] == moved[0]["movement"]
        assert (await store.ask("k-3", goods(10_000), card=ANNA_CARD)).price_minor == 9_000


async def test_a_refund_after_a_restore_of_the_disk_leaves_what_was_redeemed_to_head_office(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await redeemed_sale(store)
        await store.journal.begin_incarnation("restored from a copy")
        _, receipt = await store.refund("r-2", 9_200, of="r-1")
        assert (receipt.points, receipt.redeemed, receipt.refused) == (-92, None, "settled_by_head_office")
        assert [(rule, points) for rule, points, _ in await store.moves()][-1] == ("refund", 92)


async def test_a_refund_of_another_stores_sale_is_left_to_head_office(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        outcome, receipt = await store.refund("r-2", 5_000, of="r-1", store="hillside")
        assert outcome == SaleWaits("front", "head office")
        assert (receipt.points, await store.points_of("anna")) == (None, 50), "r-1 of this store is another sale"
        (deferred,) = await store.facts(DecisionDeferredV1)
        assert (deferred["awaits"], deferred["sale"]) == ("head office", "r-2")
        counts = await store.journal.read(lambda reader: reader.counts())
        assert counts.deferred == 0, "nothing that arrives here will ever decide it"


async def test_a_refund_that_names_this_store_is_one_of_its_own(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        _, receipt = await store.refund("r-2", 5_000, of="r-1", store="harbour")
        assert receipt.points == -50


async def test_a_refund_before_its_sale_ends_where_the_right_order_ends(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        quote = await store.ask("k-1", goods(10_000), points=400, card=ANNA_CARD)
        outcome, _ = await store.refund("r-2", 4_600, of="r-1")
        assert outcome == SaleWaits("front", "sale")
        await store.pay("r-1", quote.price_minor, quote="k-1")
        assert await store.points_of("anna") == 500 - 200 + 46


async def test_what_was_given_back_before_the_sale_was_claimed_is_taken_from_what_it_earns(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.pay("r-1", 3_000)
        outcome, _ = await store.refund("r-2", 1_000, of="r-1")
        assert outcome == NothingToShow()
        await store.tap(BEN_CARD)
        claimed = await store.touch("claim", "r-1")
        assert isinstance(claimed, SaleDecided)
        assert (claimed.points, await store.points_of("ben")) == (20, 20)
        assert [(rule, points) for rule, points, _ in await store.moves()] == [("spend", 30), ("refund", 10)]
        await store.refund("r-3", 2_000, of="r-1")
        assert await store.points_of("ben") == 0


async def test_a_refund_before_the_card_is_linked_takes_its_part_when_it_is(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=WAITING) as store:
        await store.pay("r-1", 3_000, card=NOBODYS_CARD)
        await store.refund("r-2", 1_000, of="r-1")
        await store.told(media=({"medium": medium(NOBODYS_CARD), "member": "ben", "version": 2},))
        assert (await store.waiting("ben"), await store.points_of("ben")) == (20, 0)


async def test_more_than_the_sale_was_is_given_back_once(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as store:
        await redeemed_sale(store)
        await store.refund("r-2", 90_000, of="r-1")
        _, receipt = await store.refund("r-3", 9_200, of="r-1")
        assert (receipt.points, receipt.redeemed, receipt.balance) == (0, None, 500)
