"""Birthday points are promised at the first tap within the days of the rule, by the store's own calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1
from edge_agent.kiosk.greetings import greeting_of
from edge_agent.outcomes import MemberSeen
from kiosk_ui.kiosk.screens import Greeting
from loyalty.identifiers import posting_id
from tests.unit.edge.checkout_bench import A_DAY, PROGRAMME, CheckoutBench, checkout_bench
from tests.unit.edge.store_bench import ANNA_CARD, HandClock

BIRTHDAYS = (
    PROGRAMME
    + """
[[earning.activities]]
id = "cake-day"
kind = "birthday"
points = 50
window_days = 3
"""
)


def at(year: int, month: int, day: int, hour: int = 12) -> HandClock:
    clock = HandClock()
    clock.ns = int(datetime(year, month, day, hour, tzinfo=UTC).timestamp() * 1e9)
    return clock


async def greeted(store: CheckoutBench) -> Greeting:
    """What the kiosk says when Anna shows her card."""
    seen = await store.tap(ANNA_CARD)
    assert isinstance(seen, MemberSeen)
    return greeting_of(None, seen.standing, seen.glance, online=False)


async def test_the_first_tap_promises_the_points_and_two_stores_that_are_cut_off_name_them_alike(
    tmp_path: Path,
) -> None:
    told = []
    for store_name, day in (("one", 20), ("other", 22)):
        folder = tmp_path / store_name
        async with checkout_bench(folder, clock=at(2027, 5, day), terms=BIRTHDAYS, birthday="05-20") as store:
            await store.tap(ANNA_CARD)
            await store.tap(ANNA_CARD)
            assert await store.moves() == [("birthday", 50, False)]
            assert (await store.points_of("anna"), await store.rights(), await store.waiting()) == (0, 0, 50)
            (fact,) = await store.facts(PointsPostedV1)
            told.append(fact["postings"])
    assert told[0] == told[1]
    assert told[0][0]["id"] == posting_id("activity", "cake-day", "anna", "2027")  # type: ignore[index]


@pytest.mark.parametrize(
    ("born", "clock", "points"),
    [
        ("05-20", at(2027, 5, 19), 0),
        ("05-20", at(2027, 5, 22), 50),
        ("05-20", at(2027, 5, 23), 0),
        ("02-29", at(2027, 2, 27), 0),
        ("02-29", at(2027, 2, 28), 50),
        ("02-29", at(2028, 2, 28), 0),
        ("02-29", at(2028, 2, 29), 50),
        ("12-31", at(2028, 1, 2), 50),
        ("", at(2027, 5, 20), 0),
    ],
)
async def test_the_days_are_those_of_the_rule(tmp_path: Path, born: str, clock: HandClock, points: int) -> None:
    async with checkout_bench(tmp_path, clock=clock, terms=BIRTHDAYS, birthday=born) as store:
        await store.tap(ANNA_CARD)
        assert await store.waiting() == points


@pytest.mark.parametrize(
    ("timezone", "points"), [("Pacific/Kiritimati", 50), ("Asia/Shanghai", 0), ("Pacific/Pago_Pago", 0)]
)
async def test_a_birthday_begins_when_the_store_has_that_day(tmp_path: Path, timezone: str, points: int) -> None:
    clock = at(2027, 5, 19, hour=11)
    async with checkout_bench(tmp_path, clock=clock, terms=BIRTHDAYS, timezone=timezone, birthday="05-20") as store:
        await store.tap(ANNA_CARD)
        assert await store.waiting() == points


async def test_the_greeting_congratulates_on_the_day_and_names_the_present_while_the_rule_runs(tmp_path: Path) -> None:
    clock = at(2027, 5, 19)
    said = []
    async with checkout_bench(tmp_path, clock=clock, terms=BIRTHDAYS, birthday="05-20") as store:
        for _ in range(5):
            greeting = await greeted(store)
            said.append((greeting.is_birthday, greeting.birthday_points))
            clock.pass_seconds(A_DAY.total_seconds())
    assert said == [(False, 0), (True, 50), (False, 50), (False, 50), (False, 0)]


async def test_a_year_later_they_are_promised_again(tmp_path: Path) -> None:
    clock = at(2027, 5, 20)
    async with checkout_bench(tmp_path, clock=clock, terms=BIRTHDAYS, birthday="05-20") as store:
        await store.tap(ANNA_CARD)
        clock.ns = at(2028, 5, 20).ns
        await store.tap(ANNA_CARD)
        assert await store.waiting() == 100


async def test_a_programme_without_the_rule_congratulates_without_points(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, clock=at(2027, 5, 20), birthday="05-20") as store:
        greeting = await greeted(store)
        assert (greeting.is_birthday, greeting.birthday_points) == (True, 0)
