"""A PIN that was wrong five times is locked, and a gateway that was killed meanwhile still knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty.pins import FIRST_LOCK_S, TRIES_MAX
from tests.story.eyes import chromium, eyes_at
from tests.story.loyal import CUP_POINTS, PIN, PROGRAMME, buys, greeted_with, joins, newcomer, takes
from tests.story.store import STRANGER, open_store

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.needs_chromium]

WRONG = "905173"


async def test_five_wrong_pins_lock_and_a_kill_does_not_unlock(tmp_path: Path) -> None:
    async with open_store(tmp_path, programme=PROGRAMME) as store, chromium() as browser:
        hands = store.floor
        await joins(hands, STRANGER, newcomer())
        await buys(store, 100 * 2 * CUP_POINTS)
        await greeted_with(hands, STRANGER, balance=2 * CUP_POINTS, usable=2 * CUP_POINTS)
        reasons = [(await takes(hands, "cup", pin=WRONG)).reason for _ in range(TRIES_MAX)]
        assert set(reasons[:-1]) == {"wrong_pin"}
        assert (await takes(hands, "cup")).reason == "pin_locked"

        store.branch.kill_gateway()
        await store.restarted()
        async with eyes_at(browser, hands.counter.kiosk_url) as eyes:
            await greeted_with(hands, STRANGER, balance=2 * CUP_POINTS, usable=2 * CUP_POINTS)
            locked = await takes(hands, "cup")
            assert locked.reason == "pin_locked"
            assert 0 < int(locked.body["retry_after_s"]) <= FIRST_LOCK_S
            store.set_clock_ahead(FIRST_LOCK_S + 1)
            await greeted_with(hands, STRANGER, usable=2 * CUP_POINTS)
            taken = await takes(hands, "cup", pin=PIN)
            assert taken.is_accepted, taken
            await eyes.sees_screen("redeemed")
            await eyes.picture(tmp_path / "redeemed.png")
        await store.balanced()
