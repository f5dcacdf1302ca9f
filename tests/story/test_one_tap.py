"""One tap, end to end, in real processes: reader, gateway, kiosk, broker, cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.cable import Cut
from simulation.hands import TapOutcome
from tests.story.store import ANNA, STRANGER, open_store

pytestmark = pytest.mark.needs_mosquitto


async def test_a_tap_travels_from_the_reader_to_the_kiosk_and_its_points_to_the_cloud(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.floor.tap(ANNA.card) is TapOutcome.GREETED
        seen = store.floor.counter.witness.latest
        assert seen is not None
        assert seen.view["name"] == ANNA.name
        answer = await store.floor.ring_up(store.next_sale(12_345))
        assert answer.body["points"] == 123
        audit = await store.balanced()
        assert audit.store.points_issued == 123
        assert await store.cloud_balance(ANNA) == 123


async def test_with_the_internet_cut_the_kiosk_greets_and_the_ledgers_are_equal_after_it_returns(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        store.branch.cable.pull(Cut.REFUSED)
        assert await store.floor.tap(ANNA.card) is TapOutcome.GREETED
        answer = await store.floor.ring_up(store.next_sale(5_000))
        assert (answer.body["points"], answer.body["balance"]) == (50, 50)
        assert await store.cloud_balance(ANNA) == 0
        status = await store.auditor.status()
        assert status["lanes"]["ledger"]["queued"] > 0
        store.branch.cable.plug()
        audit = await store.balanced()
        assert audit.cloud.points_issued == 50
        assert await store.cloud_balance(ANNA) == 50


async def test_an_unknown_card_gets_a_friendly_screen_and_its_points_once_it_is_linked(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.floor.tap(STRANGER) is TapOutcome.UNKNOWN
        await store.floor.ring_up(store.next_sale(4_200))
        assert (await store.balanced()).store.postings == 0
        await store.office.link(ANNA.member, STRANGER)
        await store.until_posted(1)
        assert await store.cloud_balance(ANNA) == 42


async def test_a_sale_before_the_tap_is_claimed_on_the_kiosk(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        sale = store.next_sale(9_900)
        await store.floor.ring_up(sale)
        assert await store.floor.tap(ANNA.card) is TapOutcome.GREETED
        assert await store.floor.claim(sale.sale_id)
        await store.until_posted(1)
        assert await store.cloud_balance(ANNA) == 99


async def test_a_refund_takes_the_points_back_and_a_repeated_sale_gives_none(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.floor.tap(ANNA.card)
        sale = store.next_sale(10_000)
        first = await store.floor.ring_up(sale)
        again = await store.floor.ring_up(sale)
        assert (first.status_code, again.status_code) == (201, 200)
        await store.floor.ring_up(store.next_sale(-4_000, refund_of=sale.sale_id))
        await store.balanced()
        assert await store.cloud_balance(ANNA) == 60
