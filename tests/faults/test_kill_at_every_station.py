"""The gateway is killed with ``kill -9`` at each of the eight stations; the books balance after its restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.tap_path import Station
from simulation.hands import TapOutcome
from tests.story.store import ANNA, BAO, Store, open_store

pytestmark = pytest.mark.needs_mosquitto

_KILL_WITHIN_S = 20


@pytest.mark.parametrize("station", list(Station))
async def test_the_books_balance_after_a_kill_at(station: Station, tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.floor.tap(ANNA.card) is TapOutcome.GREETED
        store.kill_at(station.value)
        answer = await store.floor.ring_up(store.next_sale(7_700))
        assert answer.status_code in {200, 201}
        await store.restarted()
        assert await greeted_again(store) is TapOutcome.GREETED
        await store.floor.ring_up(store.next_sale(1_100))
        audit = await store.balanced()
        assert audit.store.postings == 2
        assert await store.cloud_balance(ANNA) == 77
        assert await store.cloud_balance(BAO) == 11


async def greeted_again(store: Store) -> TapOutcome:
    """Bao taps until the kiosk greets: a shopper tries again while the gateway starts."""
    async with asyncio.timeout(_KILL_WITHIN_S):
        while (outcome := await store.floor.tap(BAO.card)) is TapOutcome.UNANSWERED:
            pass
    return outcome
