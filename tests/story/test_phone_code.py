"""A phone at the scanner logs its member in, once; the same code again and an old one are refused kindly."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.code_scanners.phone_code import PhoneKey
from kiosk_ui.kiosk.screen_values import View
from simulation.hands import Hands
from tests.story.eyes import chromium, eyes_at
from tests.story.launcher import gateway_clock
from tests.story.loyal import PROGRAMME, joins, latest, newcomer
from tests.story.store import STRANGER, Store, open_store

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.needs_chromium]

OLD_S = 61


async def scanned(hands: Hands, code: str) -> str:
    """Hold the phone to the scanner; which screen came of it."""
    witness = hands.counter.witness
    before = witness.count
    assert await hands.scan(code)
    seen = await witness.sees({"greeting", "problem", "linked", "unknown_card"}, after=before, timeout_s=10)
    assert seen is not None, "the kiosk shows nothing"
    return seen.screen


def now_s(store: Store) -> int:
    """The gateway's own time: the phone's clock is right."""
    return gateway_clock(store.folder / "clock_ahead").tick().ms // 1_000


async def test_a_phone_is_linked_logs_in_once_and_an_old_code_does_not(tmp_path: Path) -> None:
    phone = PhoneKey.draw()
    async with (
        open_store(tmp_path, programme=PROGRAMME) as store,
        chromium() as browser,
        eyes_at(browser, store.floor.counter.kiosk_url) as eyes,
    ):
        hands = store.floor
        await joins(hands, STRANGER, newcomer())
        assert await hands.fingers.ask(View.LINK_PHONE, screens={"link"}) is not None
        assert await scanned(hands, phone.link(now_s(store))) == "linked"
        assert await hands.fingers.ask(View.HOME, screens={"greeting"}) is not None

        code = phone.code(now_s(store))
        store.set_clock_ahead(2)
        assert await scanned(hands, phone.code(now_s(store))) == "greeting"
        assert latest(hands)["name"] == newcomer().name
        assert await scanned(hands, code) == "problem"
        assert latest(hands)["reason"] == "code_used"
        await eyes.sees("This code was shown already")
        await eyes.picture(tmp_path / "code-used.png")

        assert await scanned(hands, phone.code(now_s(store) - OLD_S)) == "problem"
        assert latest(hands)["reason"] == "code_expired"
        await eyes.sees("This code is a little old")
        store.branch.kill_gateway()
        await store.restarted()
        assert await scanned(hands, code) == "problem", "a restart forgets no code"
        assert eyes.complaints == []
        await store.balanced()
