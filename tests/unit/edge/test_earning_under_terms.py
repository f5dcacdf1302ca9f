"""What a sale earns in a store that knows the whole programme."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cloud_bridge.contract import DecisionRefusedV1, PointsPostedV1
from cloud_bridge.replica import ReplicaMember
from edge_agent.outcomes import SaleDecided
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import PROGRAMME, checkout_bench, goods
from tests.unit.edge.store_bench import ANNA_CARD, HandClock

RULES = """
[programme]
name = "Harbour"
currency = "CNY"

[earning]
day_points_max = 300

[[earning.multipliers]]
id = "coffee"
percent = 200
categories = ["coffee"]

[earning.referral]
minimum_minor = 2000
first_purchase_percent = 150

[tiers]
by = "spend"

[[tiers.levels]]
id = "silver"
name = "Silver"
at = 20000
earn_percent = 150

[[member_days]]
id = "everyday"
name = "Every day"
weekdays = [1, 2, 3, 4, 5, 6, 7]
earn_percent = 120
"""


async def test_every_bonus_is_a_posting_of_its_own_with_its_rule_and_its_lease(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES) as store:
        lines = (goods(3_000, category="coffee"), goods(2_000))
        receipt = await store.pay("r-1", 5_000, lines=lines, card=ANNA_CARD)
        assert receipt.points == 50 + 30 + 10
        assert await store.moves() == [("spend", 50, True), ("multiplier", 30, True), ("member_day", 10, True)]
        (fact,) = await store.facts(PointsPostedV1)
        assert fact["postings"][0]["id"] == posting_id("spend", "harbour", "r-1")  # type: ignore[index]
        assert await store.usable() == 90


async def test_a_discount_line_lowers_what_a_category_earns_in_its_proportion(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES) as store:
        lines = (goods(3_000, category="coffee"), goods(3_000), goods(-3_000))
        await store.pay("r-1", 3_000, lines=lines, card=ANNA_CARD)
        assert [(rule, points) for rule, points, _ in await store.moves()][:2] == [("spend", 30), ("multiplier", 15)]


async def test_what_a_member_earns_in_a_day_is_capped_and_the_next_day_begins_anew(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=RULES) as store:
        first = await store.pay("r-1", 19_000, card=ANNA_CARD)
        second = await store.pay("r-2", 10_000, card=ANNA_CARD)
        third = await store.pay("r-3", 10_000, card=ANNA_CARD)
        assert (first.points, second.points, third.points) == (228, 72, 0)
        assert [fact["reason"] for fact in await store.facts(DecisionRefusedV1)] == ["cap_reached"]
        clock.pass_seconds(86_400)
        fourth = await store.pay("r-4", 1_000, card=ANNA_CARD)
        assert fourth.points == 10 + 5 + 2


async def test_a_tier_reached_here_counts_from_the_next_sale_on(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=RULES, qualifying=19_000) as store:
        before = await store.pay("r-1", 1_000, card=ANNA_CARD)
        after = await store.pay("r-2", 1_000, card=ANNA_CARD)
        assert (before.points, after.points) == (12, 17)


async def test_a_refund_that_undoes_the_upgrade_counts_too(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES, qualifying=19_000) as store:
        await store.pay("r-1", 1_000, card=ANNA_CARD)
        await store.refund("r-2", 1_000, of="r-1")
        assert (await store.pay("r-3", 1_000, card=ANNA_CARD)).points == 12


async def test_a_tier_told_by_the_cloud_lasts_until_the_day_it_ends(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path / "lasts", terms=RULES, tier="silver", tier_ends="2026-06-03") as store:
        assert (await store.pay("r-1", 1_000, card=ANNA_CARD)).points == 17
    async with checkout_bench(tmp_path / "ends", terms=RULES, tier="silver", tier_ends="2026-06-02") as store:
        assert (await store.pay("r-1", 1_000, card=ANNA_CARD)).points == 12


async def test_what_the_cloud_already_counts_does_not_count_twice(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES, qualifying=18_000) as store:
        await store.pay("r-1", 1_500, card=ANNA_CARD)
        head = store.journal.heads()["ledger"]  # type: ignore[index]
        anna = ReplicaMember(member="anna", name="Anna", balance=18, qualifying=19_500, version=2)
        await store.told(members=(anna,), included={"ledger": {"sequence": head.sequence, "hash": head.hash}})
        assert (await store.pay("r-2", 400, card=ANNA_CARD)).points == 4
        assert (await store.pay("r-3", 1_000, card=ANNA_CARD)).points == 12


async def test_the_first_real_purchase_of_somebody_referred_earns_more_and_the_second_not(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES, was_referred=True) as store:
        too_small = await store.pay("r-0", 1_000, card=ANNA_CARD)
        assert too_small.points == 12
    async with checkout_bench(tmp_path / "real", terms=RULES, was_referred=True) as store:
        first = await store.pay("r-1", 2_000, card=ANNA_CARD)
        second = await store.pay("r-2", 2_000, card=ANNA_CARD)
        assert (first.points, second.points) == (20 + 4 + 10, 20 + 4)


async def test_goods_priced_by_a_quote_earn_on_what_each_line_cost(tmp_path: Path) -> None:
    terms = PROGRAMME + '[[earning.multipliers]]\nid = "coffee"\npercent = 200\ncategories = ["coffee"]\n'
    async with checkout_bench(tmp_path, terms=terms, points=500) as store:
        lines = (goods(5_000, category="coffee"), goods(5_000))
        quote = await store.ask("k-1", *lines, points=500, card=ANNA_CARD)
        receipt = await store.pay("r-1", quote.price_minor, quote="k-1", lines=(*lines, goods(-1_000)))
        assert (quote.earns, receipt.points) == (90 + 45, 90 + 45)


async def test_until_the_cloud_has_said_that_no_life_went_before_a_sale_earns_points_but_no_rights_here(
    tmp_path: Path,
) -> None:
    async with checkout_bench(tmp_path, welcome=False) as store:
        await store.pay("r-1", 5_000, card=ANNA_CARD)
        assert await store.moves() == [("spend", 50, False)]
        assert (await store.points_of("anna"), await store.rights()) == (50, 0)


async def test_a_first_purchase_that_a_quote_priced_is_still_the_first(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=RULES, was_referred=True) as store:
        quote = await store.ask("k-1", goods(2_000), card=ANNA_CARD)
        receipt = await store.pay("r-1", 2_000, quote="k-1")
        assert (quote.earns, receipt.points) == (34, 34)


async def test_the_screen_hears_of_the_tier_reached_the_waiting_points_and_the_money_saved(tmp_path: Path) -> None:
    terms = RULES + "[redeeming]\npoints = 100\nvalue_minor = 200\n[lots]\npending_days = 7\n"
    async with checkout_bench(tmp_path, terms=terms, qualifying=19_000, points=500) as store:
        await store.ask("k-1", goods(2_000), points=300, card=ANNA_CARD)
        await store.pay("r-1", 1_400, quote="k-1")
        shown = store.shown[-1]
        assert isinstance(shown, SaleDecided)
        assert (shown.points, shown.pending, shown.available_on) == (16, 16, store.now.date() + timedelta(days=7))
        assert (shown.redeemed, shown.saved_minor, shown.tier_reached) == (300, 600, "Silver")
