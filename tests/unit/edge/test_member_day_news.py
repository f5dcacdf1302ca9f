"""Types that are offered promotions and news are told of member days: today's, and the next one ahead."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge_agent.kiosk.greetings import greeting_of
from edge_agent.outcomes import MemberSeen
from tests.unit.edge.checkout_bench import PROGRAMME, checkout_bench
from tests.unit.edge.store_bench import ANNA_CARD, HandClock

DAYS = """
[[member_days]]
id = "tuesday"
name = "Members' Tuesday"
weekdays = [2]
discount_percent = 3

[[member_days]]
id = "gold-only"
name = "Gold evening"
days = [2027-05-18]
tiers = ["gold"]

[[member_days]]
id = "far"
name = "Summer party"
days = [2027-06-08]

[[tiers.levels]]
id = "gold"
name = "Gold"
at = 500000
"""
TUESDAY, WEDNESDAY = date(2027, 5, 18), date(2027, 5, 19)


def offered(*kinds: str) -> str:
    offers = ", ".join(f'{{ kind = "{kind}" }}' for kind in kinds)
    return f'{PROGRAMME}{DAYS}[[member_types]]\nid = "regular"\noffers = [{offers}]\n'


@pytest.mark.parametrize(
    ("kinds", "on", "today", "ahead"),
    [
        (("promotions",), TUESDAY, "Members' Tuesday", None),
        (("promotions",), WEDNESDAY, None, None),
        (("news",), TUESDAY, None, (date(2027, 5, 25), "Members' Tuesday")),
        (("news", "promotions"), TUESDAY, "Members' Tuesday", (date(2027, 5, 25), "Members' Tuesday")),
        ((), TUESDAY, None, None),
    ],
)
async def test_the_greeting_tells_what_the_members_type_is_offered(
    tmp_path: Path, kinds: tuple[str, ...], on: date, today: str | None, ahead: tuple[date, str] | None
) -> None:
    clock = HandClock()
    clock.ns = int(datetime(on.year, on.month, on.day, 12, tzinfo=UTC).timestamp() * 1e9)
    async with checkout_bench(tmp_path, clock=clock, terms=offered(*kinds)) as store:
        seen = await store.tap(ANNA_CARD)
        assert isinstance(seen, MemberSeen)
        said = greeting_of(None, seen.standing, seen.glance, online=True)
        assert (said.today, (said.ahead.day, said.ahead.name) if said.ahead else None) == (today, ahead)


async def test_a_day_for_a_tier_is_told_to_that_tier(tmp_path: Path) -> None:
    clock = HandClock()
    clock.ns = int(datetime(2027, 5, 18, 12, tzinfo=UTC).timestamp() * 1e9)
    terms = offered("promotions")
    async with checkout_bench(tmp_path, clock=clock, terms=terms, tier="gold", qualifying=600_000) as store:
        seen = await store.tap(ANNA_CARD)
        assert isinstance(seen, MemberSeen)
        assert greeting_of(None, seen.standing, seen.glance, online=True).today == "Members' Tuesday · Gold evening"
