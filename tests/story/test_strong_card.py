"""A card that proves itself, from head office to the kiosk in real processes; its clone, and a message shown twice."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import pytest

from devices.observations import CardUid
from devices.virtual.cards import Card
from devices.virtual.ntag424 import personalised
from simulation.evidence.witness import Seen
from tests.story.store import ANNA, Store, open_store

pytestmark = pytest.mark.needs_mosquitto

CARD = CardUid.from_hex("04A1B2C3D4E5A0")
_ANSWER_S = 10.0
_KNOWN_WITHIN_S = 30.0
_SCREENS = frozenset({"greeting", "unknown_card", "problem"})
_WORDS = (
    ("We could not confirm this card", "It may be a copy, or it needs replacing."),
    ("无法确认这张卡", "它可能是复制卡"),
)


async def test_the_card_is_authenticated_and_its_clone_is_refused_kindly_in_both_languages(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await _linked(store)
        assert [fact["trust"] for fact in await _told(store, "regulars.card.tapped.v1")][-1] == "authenticated"
        taps = len(await _told(store, "regulars.card.tapped.v1"))
        clone = personalised(CARD.number, b"not the real key")
        seen = await _hold(store, clone)
        assert (seen.screen, seen.view["reason"]) == ("problem", "card_unproven")
        refused = await _told(store, "regulars.card.refused.v1")
        assert [(fact["reason"], fact["reader"]) for fact in refused] == [
            ("wrong_key", store.floor.counter.names.reader)
        ]
        assert len(await _told(store, "regulars.card.tapped.v1")) == taps
        (alert,) = await _alerts(store)
        assert (alert["kind"], alert["subject"], alert["state"]) == (
            "card_copied",
            store.floor.counter.names.reader,
            "raised",
        )
        words = await _kiosk_words(store)
        for title, advice in _WORDS:
            assert title in words["problem.card_unproven"]
            assert any(text.startswith(advice) for text in words["advice.card_unproven"])


@pytest.mark.parametrize("station", ["record", "decide", "commit", "show"])
async def test_a_message_lets_in_once_also_when_the_gateway_is_killed_at(station: str, tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await _linked(store)
        link = personalised(CARD.number, _master(store), mirror="clear", counter=7).read_link()
        store.kill_at(station)
        await store.floor.scan(link)
        await store.restarted()
        for _ in range(3):
            await _scan(store, link)
        trusts = [fact["trust"] for fact in await _told(store, "regulars.card.tapped.v1")]
        assert trusts.count("dynamic") == 1
        refused = await _told(store, "regulars.card.refused.v1")
        assert {(fact["reason"], fact["counter"], fact["seen"]) for fact in refused} == {("replayed", 8, 8)}


def _master(store: Store) -> bytes:
    file = store.branch.plan.folder.path / "secrets" / "card-master.key"
    return bytes.fromhex(file.read_text())


async def _linked(store: Store) -> None:
    """Head office registers Anna's card; once the store has its keys, the card is let in."""
    await store.office.link(ANNA.member, CARD, technology="ntag424")
    card = personalised(CARD.number, await asyncio.to_thread(_master, store))
    async with asyncio.timeout(_KNOWN_WITHIN_S):
        while (await _hold(store, card)).screen != "greeting":
            pass


async def _hold(store: Store, card: Card) -> Seen:
    reader, witness = store.floor.counter.reader, store.floor.counter.witness
    await asyncio.to_thread(reader.wait_until_waiting, timeout_s=_ANSWER_S)
    before = witness.count
    with reader.holding(card):
        seen = await witness.sees(_SCREENS, after=before, timeout_s=_ANSWER_S)
    assert seen is not None, "the kiosk showed nothing"
    return seen


async def _scan(store: Store, link: str) -> Seen:
    """Again and again until the kiosk answers: the gateway may still be starting."""
    witness = store.floor.counter.witness
    async with asyncio.timeout(_KNOWN_WITHIN_S):
        while True:
            before = witness.count
            await store.floor.scan(link)
            if seen := await witness.sees(_SCREENS, after=before, timeout_s=2.0):
                return seen


async def _alerts(store: Store) -> list[dict[str, Any]]:
    """What staff are called for, once they are called for something."""
    async with asyncio.timeout(_ANSWER_S):
        while True:
            board = (await store.web.get(f"{store.branch.url}/api/board")).json()
            if board["alerts"]:
                return list(board["alerts"])


async def _told(store: Store, kind: str) -> list[dict[str, Any]]:
    """What the cloud was told of one kind, once it has everything."""
    await store.balanced()
    answer = await store.web.get(
        f"{store.cloud_url}/api/events", params={"gateway": store.branch.gateway_id, "limit": 500}
    )
    answer.raise_for_status()
    events = [view["event"] for view in answer.json()["events"]]
    return [event["data"] for event in events if event["type"] == kind]


async def _kiosk_words(store: Store) -> dict[str, set[str]]:
    """The words that the kiosk's page carries, by key: each in both languages."""
    page = (await store.web.get(store.floor.counter.kiosk_url)).text
    words: dict[str, set[str]] = {}
    for key, text in re.findall(r'<data value="([^"]+)">(.*?)</data>', page, re.DOTALL):
        words.setdefault(key, set()).add(html.unescape(text))
    return words
