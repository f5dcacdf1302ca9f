"""A thousand forged, replayed and torn taps through a reader, a journal and every station: none is let in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cloud_bridge.contract import CardTappedV1
from cloud_bridge.floor_contract import CardRefusedV1
from devices.card_readers.pn532 import DRIVER
from devices.ntag424.keys import KeyNumber, card_key, store_keys
from devices.observations import CardTapped, CardUid, Observation, Trust
from devices.virtual.cards import Card, Ntag213, Type4Card, uri_message
from devices.virtual.ntag424 import Ntag424, personalised
from devices.virtual.pn532_chip import VirtualPn532
from edge_agent.outcomes import CannotBeDone, CardRefused, MediumUnknown, MemberSeen, Outcome
from tests.unit.edge.store_bench import META_KEY, StoreBench, store_bench

SEED = 20_240_424
ATTACKS = 1_000
_WAIT_S = 20.0
MASTER = b"the master's key"
UID = bytes.fromhex("04A1B2C3D4E5F6")
_CONVERSATION_BYTES = 126
"""So many waking, selecting and authenticating the card carry over the air; a test holds it to that."""


def _honest(counter: int = 0) -> Ntag424:
    keys = {number: card_key(MASTER, UID, number) for number in KeyNumber} | {KeyNumber.META: META_KEY}
    return Ntag424(UID, keys, counter=counter)


class Counter:
    """One counter of a store: a reader on a pty, whose taps walk the stations as the gateway walks them."""

    def __init__(self, bench: StoreBench, chip: VirtualPn532, taps: AsyncIterator[Observation]) -> None:
        self.bench = bench
        self.chip = chip
        self._taps = taps

    async def hold(self, card: Card, *, torn_after_bytes: int | None = None) -> Outcome | None:
        assert await asyncio.to_thread(self.chip.wait_until_waiting, timeout_s=_WAIT_S)
        self.chip.present(card, torn_after_bytes=torn_after_bytes)
        try:
            async with asyncio.timeout(_WAIT_S):
                tap = await anext(self._taps)
                assert isinstance(tap, CardTapped)
                return await self.bench.path.walk("reader-1", tap)
        finally:
            self.chip.remove()


def _is_let_in(outcome: Outcome | None, trust: Trust) -> bool:
    return isinstance(outcome, MemberSeen) and outcome.standing.member == "anna" and outcome.trust is trust


async def test_a_thousand_attacks_let_nobody_in_and_every_honest_tap_after_them_is_let_in(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    phone = _honest()
    seen_links = [phone.read_link()]
    async with store_bench(tmp_path) as bench:
        await bench.learn(cards=((CardUid(UID), "anna", store_keys(MASTER, UID)),))
        with VirtualPn532(tmp_path / "reader") as chip:
            async with DRIVER.open(DRIVER.configure({"path": str(chip.port.link), "poll_interval_ms": 5})) as reader:
                counter = Counter(bench, chip, reader.observations())
                assert _is_let_in(await bench.scan(seen_links[0]), Trust.DYNAMIC)
                for number in range(ATTACKS):
                    outcome = await _attack(chance, counter, seen_links)
                    assert isinstance(outcome, CardRefused | CannotBeDone | MediumUnknown), f"attack {number}"
                    if number % 50 == 49:
                        assert _is_let_in(await counter.hold(_honest()), Trust.AUTHENTICATED)
                        seen_links.append(phone.read_link())
                        assert _is_let_in(await bench.scan(seen_links[-1]), Trust.DYNAMIC)
                await _check_the_ledger(bench)


async def test_a_card_that_stays_for_one_byte_less_than_it_takes_is_not_let_in(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await bench.learn(cards=((CardUid(UID), "anna", store_keys(MASTER, UID)),))
        with VirtualPn532(tmp_path / "reader") as chip:
            async with DRIVER.open(DRIVER.configure({"path": str(chip.port.link), "poll_interval_ms": 5})) as reader:
                counter = Counter(bench, chip, reader.observations())
                outcome = await counter.hold(_honest(), torn_after_bytes=_CONVERSATION_BYTES - 1)
                assert outcome == CannotBeDone("front", "card_again")
                outcome = await counter.hold(_honest(), torn_after_bytes=_CONVERSATION_BYTES)
                assert _is_let_in(outcome, Trust.AUTHENTICATED)


async def _check_the_ledger(bench: StoreBench) -> None:
    """Every tap of hers that is in the ledger is an honest one; refused ones are there as refusals."""
    honest = ATTACKS // 50
    trusts = [fact["trust"] for fact in await _every(bench, CardTappedV1)]
    assert trusts.count("authenticated") == honest
    assert trusts.count("dynamic") == honest + 1
    assert trusts.count("weak") == 0
    refused = [str(fact["reason"]) for fact in await _every(bench, CardRefusedV1)]
    assert set(refused) == {"wrong_key", "not_the_card", "forged", "replayed"}


async def _every(bench: StoreBench, kind: Any) -> list[dict[str, object]]:
    return await bench.facts(kind, limit=5_000)


async def _attack(chance: random.Random, counter: Counter, seen_links: list[str]) -> Outcome | None:
    """One of the ways to pretend to be her, drawn by chance."""
    match chance.randrange(8):
        case 0:  # the right number, a chip of the same kind, keys that were guessed or left as they came
            guessed = chance.choice([bytes(16), chance.randbytes(16)])
            return await counter.hold(Ntag424(UID, {KeyNumber.PROOF: guessed}))
        case 1:  # the keys of another card of the chain
            other = personalised(bytes([4]) + chance.randbytes(6), MASTER)
            other.uid = UID
            return await counter.hold(other)
        case 2:  # the number on a plain card
            return await counter.hold(Ntag213(UID, ndef=uri_message(chance.choice(seen_links)[:100])))
        case 3:  # the number and a stolen link on a card that takes commands
            return await counter.hold(Type4Card(UID, ndef=uri_message(chance.choice(seen_links))))
        case 4:  # torn at any byte: her own card, but not for long enough
            return await counter.hold(_honest(), torn_after_bytes=chance.randrange(_CONVERSATION_BYTES))
        case 5:  # a link that was accepted before, as a QR code
            return await counter.bench.scan(chance.choice(seen_links))
        case 6:  # a link with a flipped bit
            return await counter.bench.scan(_flipped(chance, chance.choice(seen_links)))
    # a link with a higher counter, signed with a guessed key
    forger = Ntag424(UID, {KeyNumber.MESSAGE: chance.randbytes(16), KeyNumber.META: META_KEY}, counter=10_000)
    return await counter.bench.scan(forger.read_link())


def _flipped(chance: random.Random, link: str) -> str:
    """One hexadecimal digit of the message is another one."""
    places = [place for place in range(link.index("?"), len(link)) if link[place] in "0123456789ABCDEF"]
    place = chance.choice(places)
    other = chance.choice([digit for digit in "0123456789ABCDEF" if digit != link[place]])
    return link[:place] + other + link[place + 1 :]
