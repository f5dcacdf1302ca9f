"""Points for coming in are promised at the tap and wait for the cloud, which pays each visit day once."""

from __future__ import annotations

from pathlib import Path

from cloud_bridge.contract import PointsPostedV1
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import PROGRAMME, checkout_bench
from tests.unit.edge.store_bench import ANNA_CARD, NOBODYS_CARD, HandClock

VISITS = (
    PROGRAMME
    + """
[[earning.activities]]
id = "come-in"
kind = "visit"
points = 2
times_max = 3
period = "month"
"""
)


async def test_the_first_tap_of_a_day_promises_points_under_a_name_that_every_store_gives_them(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=VISITS) as store:
        await store.tap(ANNA_CARD)
        await store.tap(ANNA_CARD)
        assert await store.moves() == [("visit", 2, False)]
        (fact,) = await store.facts(PointsPostedV1)
        (told,) = fact["postings"]  # type: ignore[misc]
        assert told["id"] == posting_id("activity", "come-in", "anna", store.now.date().isoformat())
        assert told["credit"] == "member:anna:pending"
        assert "sale" not in fact
        assert (await store.points_of("anna"), await store.rights(), await store.waiting()) == (0, 0, 2)


async def test_the_gateway_never_releases_what_the_cloud_has_to_pay(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=VISITS) as store:
        await store.tap(ANNA_CARD)
        clock.pass_seconds(40 * 86_400)
        assert await store.day.turn() == 0
        assert await store.waiting() == 2


async def test_days_count_in_the_stores_own_calendar_and_no_more_of_them_than_the_rule_says(tmp_path: Path) -> None:
    clock = HandClock()
    async with checkout_bench(tmp_path, clock=clock, terms=VISITS, timezone="Pacific/Kiritimati") as store:
        for _ in range(5):
            await store.tap(ANNA_CARD)
            clock.pass_seconds(86_400)
        assert await store.waiting() == 3 * 2


async def test_a_card_nobody_owns_and_a_programme_without_the_rule_promise_nothing(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path / "nobody", terms=VISITS) as store:
        await store.tap(NOBODYS_CARD)
        assert await store.moves() == []
    async with checkout_bench(tmp_path / "no-rule") as store:
        await store.tap(ANNA_CARD)
        assert await store.moves() == []
