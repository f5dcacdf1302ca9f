"""A coupon's own code, scanned at the counter: it is shown, and whoever stands there stays who they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.outcomes import CouponShown, MediumUnknown, MemberSeen, NothingToShow, SaleDecided
from tests.unit.edge.checkout_bench import checkout_bench, code_of, held
from tests.unit.edge.kiosk_bench import kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD

CODE = "https://shop.example/c/5OFF-7Q2K"


async def test_a_scanned_coupon_is_shown_and_ends_nobodys_visit(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "five-off", member="", code=code_of(CODE)))
        assert isinstance(await store.tap(ANNA_CARD), MemberSeen)
        shown = await store.scan(CODE)
        assert isinstance(shown, CouponShown)
        assert (shown.coupon.name, shown.why) == ("5.00 off", None)
        sold = await store.sell("R-1", 3_000)
        assert isinstance(sold, SaleDecided)
        assert sold.standing.member == "anna"


async def test_a_code_that_nobody_knows_is_still_unknown_and_goods_still_greet_nobody(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        assert isinstance(await store.scan("https://shop.example/c/NONE"), MediumUnknown)
        assert await store.scan("4006381333931", "EAN-13") == NothingToShow()


async def test_a_used_coupon_says_so(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as store:
        await store.give(held(1, "five-off", code=code_of(CODE), used=True))
        shown = await store.scan(CODE)
        assert isinstance(shown, CouponShown)
        assert shown.why == "used"


@pytest.mark.parametrize(
    ("card", "why"), [(None, "held_elsewhere"), (ANNA_CARD, "held_elsewhere"), (BEN_CARD, "not_for_this_member")]
)
async def test_the_kiosk_shows_the_coupon_to_whoever_stands_there(tmp_path: Path, card: object, why: str) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.learn(coupons=(held(1, "five", member="anna", code=code_of(CODE)),))
        before = await store.tap(card) if card else {"visit": "", "name": None}  # type: ignore[arg-type]
        shown = await store.scan(CODE)
        assert shown["screen"] == "coupons"
        assert (shown["visit"], shown["name"]) == (before["visit"], before["name"])
        assert [card["why"] for card in shown["coupons"]] == [why]
