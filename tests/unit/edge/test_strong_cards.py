"""Cards that prove themselves, walked through a real journal: what is let in, what is refused, and what is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.contract import CardTappedV1
from cloud_bridge.floor_contract import CardRefusedV1
from devices.ntag424.keys import CardKeys, KeyNumber, card_key, store_keys
from devices.observations import CardTapped, CardUid, Trust
from devices.virtual.cards import Type4Card
from devices.virtual.ntag424 import Mirror, Ntag424, personalised
from edge_agent.outcomes import CannotBeDone, CardRefused, MediumUnknown, MemberSeen, Outcome
from tests.unit.edge.store_bench import ANNA_CARD, META_KEY, HandLine, StoreBench, medium, store_bench

MASTER = b"the master's key"
CARD = CardUid.from_hex("04A1B2C3D4E5F6")
KEYS = store_keys(MASTER, CARD.number)
MESSAGES_ONLY = CardKeys(message=KEYS.message)


def _card(mirror: Mirror = "encrypted", counter: int = 0, **changed: bytes) -> Ntag424:
    keys = {KeyNumber.PROOF: KEYS.proof or b"", KeyNumber.MESSAGE: KEYS.message, KeyNumber.META: META_KEY}
    keys |= {KeyNumber[name.upper()]: key for name, key in changed.items()}
    return Ntag424(CARD.number, keys, mirror=mirror, counter=counter)


async def _knows(bench: StoreBench, keys: CardKeys = KEYS) -> None:
    await bench.learn(cards=((CARD, "anna", keys),))


def _is_refused(outcome: Outcome | None, reason: str) -> bool:
    return isinstance(outcome, CardRefused) and outcome.reason == reason and outcome.counter == "front"


def _trust(outcome: Outcome | None) -> Trust | None:
    return outcome.trust if isinstance(outcome, MemberSeen) and outcome.standing.member == "anna" else None


async def test_a_card_that_answers_the_challenge_is_authenticated_and_said_to_be(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _trust(await bench.hold(_card())) is Trust.AUTHENTICATED
        assert [fact["trust"] for fact in await bench.facts(CardTappedV1)] == ["authenticated"]


async def test_the_printers_card_and_the_keys_head_office_sends_fit(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _trust(await bench.hold(personalised(CARD.number, MASTER))) is Trust.AUTHENTICATED


async def test_the_right_number_with_a_wrong_key_is_refused_recorded_and_identifies_nobody(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _is_refused(await bench.hold(_card(proof=b"some other key..")), "wrong_key")
        assert await bench.facts(CardTappedV1) == []
        assert await bench.facts(CardRefusedV1) == [
            {"reader": "reader-1", "medium": medium(CARD), "reason": "wrong_key"}
        ]


async def test_another_kind_of_card_with_a_copied_number_is_refused(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _is_refused(await bench.hold(Type4Card(CARD.number)), "not_the_card")
        assert [fact["reason"] for fact in await bench.facts(CardRefusedV1)] == ["not_the_card"]


async def test_a_copied_number_on_a_plain_card_is_refused(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _is_refused(await bench.path.walk("reader-1", CardTapped(CARD, "nfc-a")), "not_the_card")


async def test_a_reader_that_can_ask_nothing_accuses_nobody_and_lets_nobody_in(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        outcome = await bench.path.walk("reader-1", CardTapped(CARD, "uid"))
        assert outcome == CannotBeDone("front", "card_elsewhere")
        assert await bench.facts(CardTappedV1) == await bench.facts(CardRefusedV1) == []


@pytest.mark.parametrize("answers", [0, 1, 2])
async def test_a_card_torn_away_is_asked_to_be_held_again(tmp_path: Path, answers: int) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        line = HandLine(_card(), answers_left=answers)
        assert await bench.path.walk("reader-1", CardTapped(CARD, "nfc-a", channel=line)) == CannotBeDone(
            "front", "card_again"
        )
        assert await bench.facts(CardTappedV1) == await bench.facts(CardRefusedV1) == []
        assert _trust(await bench.hold(_card())) is Trust.AUTHENTICATED


async def test_a_card_without_keys_stays_as_weak_as_it_was_and_is_asked_nothing(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        line = HandLine(Type4Card(ANNA_CARD.number), answers_left=0)
        assert _trust(await bench.path.walk("reader-1", CardTapped(ANNA_CARD, "nfc-a", channel=line))) is Trust.WEAK
        assert line.is_closed


@pytest.mark.parametrize(
    ("trust", "is_strong"), [(Trust.WEAK, False), (Trust.DYNAMIC, True), (Trust.AUTHENTICATED, True)]
)
async def test_what_was_proven_counts_when_points_are_redeemed(tmp_path: Path, trust: Trust, is_strong: bool) -> None:
    async with store_bench(tmp_path) as bench:
        if trust is Trust.WEAK:
            await bench.tap(ANNA_CARD)
        else:
            await _knows(bench)
            await (bench.hold(_card()) if trust is Trust.AUTHENTICATED else bench.scan(_card().read_link()))
        visit = await bench.journal.write(lambda tx: tx.take_visit("front", datetime(2000, 1, 1, tzinfo=UTC)))
        assert visit is not None
        assert visit.is_strong is is_strong


# --- messages ---


@pytest.mark.parametrize("mirror", ["encrypted", "clear"])
async def test_a_card_that_only_writes_messages_is_dynamic(tmp_path: Path, mirror: Mirror) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench, MESSAGES_ONLY)
        card = _card(mirror)
        for _ in range(2):
            assert _trust(await bench.hold(card)) is Trust.DYNAMIC


@pytest.mark.parametrize("symbology", ["QRCode", "ndef"])
@pytest.mark.parametrize("mirror", ["encrypted", "clear"])
async def test_a_link_is_worth_one_visit_and_never_a_second(tmp_path: Path, mirror: Mirror, symbology: str) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        card = _card(mirror)
        first, second = card.read_link(), card.read_link()
        assert _trust(await bench.scan(second, symbology)) is Trust.DYNAMIC
        assert _is_refused(await bench.scan(second, symbology), "replayed")
        assert _is_refused(await bench.scan(first, symbology), "replayed")
        refused = await bench.facts(CardRefusedV1)
        assert [(fact["counter"], fact["seen"]) for fact in refused] == [(2, 2), (1, 2)]
        assert [fact["reader"] for fact in refused] == ["scanner-1", "scanner-1"]


async def test_a_message_accepted_before_a_restart_or_a_fresh_replica_is_not_accepted_after_it(tmp_path: Path) -> None:
    link = _card().read_link()
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        assert _trust(await bench.scan(link)) is Trust.DYNAMIC
    async with store_bench(tmp_path, stocked=False) as bench:
        await bench.learn(members=(("anna", "Anna", 0),), cards=((CARD, "anna", KEYS),))
        assert _is_refused(await bench.scan(link), "replayed")


@pytest.mark.parametrize("mirror", ["encrypted", "clear"])
async def test_every_flipped_bit_of_a_message_lets_nobody_in(tmp_path: Path, mirror: Mirror) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        link = _card(mirror).read_link()
        begin = link.index("?")
        for place in range(begin, len(link)):
            for bit in range(7):
                forged = link[:place] + chr(ord(link[place]) ^ 1 << bit) + link[place + 1 :]
                if forged.upper() == link.upper() or not forged.isprintable():
                    continue  # the same number in other letters, or nothing that a scanner would tell
                outcome = await bench.scan(forged)
                assert isinstance(outcome, CardRefused | MediumUnknown), forged
        assert _trust(await bench.scan(link)) is Trust.DYNAMIC


async def test_a_message_of_another_chains_card_is_a_code_like_any_other(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        stranger = Ntag424(bytes.fromhex("04DE5F1EACC040"))
        assert isinstance(await bench.scan(stranger.read_link()), MediumUnknown)
        assert await bench.facts(CardRefusedV1) == []


async def test_a_link_of_another_card_written_onto_the_card_is_refused(tmp_path: Path) -> None:
    """The chip is real, the link is not its own."""
    async with store_bench(tmp_path) as bench:
        await _knows(bench, MESSAGES_ONLY)
        other = personalised(bytes.fromhex("04FFFFFFFFFFFF"), MASTER)
        other.uid = CARD.number
        assert _is_refused(await bench.hold(other), "forged")


async def test_a_card_that_is_nobodys_any_more_has_no_keys_here(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        await bench.learn(media=((medium(CARD), None),))
        assert isinstance(await bench.hold(_card()), MediumUnknown)
        assert await bench.journal.read(lambda reader: reader.card_keys(medium(CARD))) is None


async def test_keys_sealed_for_another_gateway_are_a_case_for_staff(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as bench:
        await _knows(bench)
        foreign = CardKeySeal(b"another gateway's secret").seal(medium(CARD), KEYS)
        await bench.journal.write(lambda tx: tx._connection.execute("UPDATE replica_cards SET sealed = ?", (foreign,)))
        assert await bench.hold(_card()) == CannotBeDone("front", "not_allowed_here")


def test_no_two_keys_of_a_card_are_the_same_and_the_meta_key_is_every_cards() -> None:
    other = bytes.fromhex("04112233445566")
    keys = [card_key(MASTER, CARD.number, number) for number in KeyNumber]
    assert len(set(keys)) == len(keys)
    for number in KeyNumber:
        is_shared = card_key(MASTER, other, number) == card_key(MASTER, CARD.number, number)
        assert is_shared is (number is KeyNumber.META)
