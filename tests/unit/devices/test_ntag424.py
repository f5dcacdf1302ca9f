"""NTAG 424 DNA against published examples, and against a virtual card whose side was written by itself.

Published: NXP AN12196 (features and hints) for SUN messages (the examples with a PICC data of ``EF96…`` and, with file
data, ``FD91…``) and for AuthenticateEV2First (section 6.6, key 0, and section 6.10, key 3); NXP AN10922 for key
diversification (section 2.2.1); NIST SP 800-38B, appendix D.1, for CMAC.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card_channel import CardGone
from devices.ntag424.aes import cmac
from devices.ntag424.ev2 import SELECT, SELECTED, Handshake, Refusal, Refused
from devices.ntag424.keys import KeyNumber, card_key, diversify, key_from_text
from devices.ntag424.ndef import LinkUnreadable, link_in, read_link
from devices.ntag424.sun import Reading, SunMessage, find_message, is_signed, message_mac, reading_of
from devices.virtual.cards import Type4Card, uri_message
from devices.virtual.ntag424 import Ntag424

ZEROS = bytes(16)
UID = bytes.fromhex("04A1B2C3D4E580")
keys = st.binary(min_size=16, max_size=16)
uids = st.binary(min_size=7, max_size=7)
counters = st.integers(0, 2**24 - 1)


class Line:
    """A line to a card without a reader in between."""

    def __init__(self, card: Ntag424 | Type4Card, *, answers: int = 1_000) -> None:
        self._card = card
        self._answers = answers

    async def transceive(self, command: bytes) -> bytes:
        self._answers -= 1
        if self._answers < 0:
            raise CardGone("taken away")
        return self._card.apply(command)

    def close(self) -> None:
        """Nothing is held."""


# --- published examples ---


@pytest.mark.parametrize(
    ("message", "mac"),
    [
        ("", "bb1d6929e95937287fa37d129b756746"),
        ("6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c"),
        (
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
            "dfa66747de9ae63030ca32611497c827",
        ),
    ],
)
def test_the_cmac_is_nists(message: str, mac: str) -> None:
    assert cmac(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes.fromhex(message)).hex() == mac


def test_a_card_key_is_derived_as_in_an10922() -> None:
    master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    unique = bytes.fromhex("04782E21801D80" + "3042F5" + "4E585020416275")
    assert diversify(master, unique).hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


@pytest.mark.parametrize(
    ("query", "uid", "counter"),
    [
        ("picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086", "04DE5F1EACC040", 61),
        ("e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086", "04DE5F1EACC040", 61),
        (
            "picc_data=FD91EC264309878BE6345CBE53BADF40&enc=CEE9A53E3E463EF1F459635736738962&cmac=ECC1E7F6C6C73BF6",
            "04958CAA5C5E80",
            8,
        ),
    ],
)
def test_the_published_messages_are_read_and_verified(query: str, uid: str, counter: int) -> None:
    message = find_message(f"https://choose.url.com/ntag424?{query}")
    assert message is not None
    reading = reading_of(message, ZEROS)
    assert reading == Reading(bytes.fromhex(uid), counter)
    assert is_signed(message, reading, ZEROS)


@pytest.mark.parametrize(
    ("random_a", "challenge", "proof", "answer", "transaction"),
    [
        (
            "13C5DB8A5930439FC3DEF9A4C675360F",
            "A04C124213C186F22399D33AC2A30215",
            "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D",
            "3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F08120663",
            "9D00C4DF",
        ),
        (
            "B98F4C50CF1C2E084FD150E33992B048",
            "B875CEB0E66A6C5CD00898DC371F92D1",
            "FF0306E47DFBC50087C4D8A78E88E62DE1E8BE457AA477C707E2F0874916A8B1",
            "0CC9A8094A8EEA683ECAAC5C7BF20584206D0608D477110FC6B3D5D3F65C3A6A",
            "7614281A",
        ),
    ],
)
def test_the_published_handshakes_go_byte_for_byte(
    random_a: str, challenge: str, proof: str, answer: str, transaction: str
) -> None:
    handshake = Handshake(ZEROS, bytes.fromhex(random_a))
    assert handshake.begin(KeyNumber.MASTER).hex() == "9071000002000000"
    assert handshake.answer(bytes.fromhex(challenge + "91AF")).hex().upper() == f"90AF000020{proof}00"
    assert handshake.finish(bytes.fromhex(answer + "9100")).hex().upper() == transaction


# --- against the virtual card ---


async def _authenticate(card: Ntag424, key: bytes, number: KeyNumber = KeyNumber.PROOF) -> bytes:
    line, handshake = Line(card), Handshake(key, random.Random(7).randbytes(16))
    assert await line.transceive(SELECT) == SELECTED
    return handshake.finish(await line.transceive(handshake.answer(await line.transceive(handshake.begin(number)))))


@given(key=keys, seed=st.integers(0, 2**32))
async def test_any_card_proves_any_key_it_has(key: bytes, seed: int) -> None:
    card = Ntag424(UID, {KeyNumber.PROOF: key}, seed=seed)
    assert len(await _authenticate(card, key)) == 4


@given(key=keys, bit=st.integers(0, 127))
async def test_a_key_that_differs_in_one_bit_proves_nothing(key: bytes, bit: int) -> None:
    wrong = (int.from_bytes(key, "big") ^ 1 << bit).to_bytes(16, "big")
    with pytest.raises(Refused) as caught:
        await _authenticate(Ntag424(UID, {KeyNumber.PROOF: wrong}), key)
    assert caught.value.reason is Refusal.WRONG_KEY


@given(answer=st.binary(max_size=64))
def test_whatever_a_card_answers_is_a_proof_or_a_refusal(answer: bytes) -> None:
    handshake = Handshake(bytes(range(16)), bytes(16))
    for step in (handshake.answer, handshake.finish):
        with pytest.raises(Refused):
            step(answer)
    with pytest.raises(Refused):
        handshake.finish(answer[:32].ljust(32, b"\x00") + b"\x91\x00")


def test_a_handshake_that_was_overheard_is_of_no_use_to_whoever_replays_it() -> None:
    """The card's answers of one handshake do not fit another: the reader's number is drawn anew."""
    key = bytes(range(16))
    card = Ntag424(UID, {KeyNumber.PROOF: key})
    card.apply(SELECT)
    first = Handshake(key, b"1" * 16)
    challenge = card.apply(first.begin())
    answer = card.apply(first.answer(challenge))
    first.finish(answer)
    second = Handshake(key, b"2" * 16)
    second.answer(challenge)
    with pytest.raises(Refused):
        second.finish(answer)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("91AE", Refusal.WRONG_KEY),
        ("9140", Refusal.NO_SUCH_CARD),
        ("91AD", Refusal.DELAYED),
        ("6A82", Refusal.NO_SUCH_CARD),
    ],
)
def test_each_status_says_why(status: str, reason: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        Handshake(ZEROS, ZEROS).answer(bytes.fromhex(status))
    assert caught.value.reason is reason


@given(uid=uids, counter=counters, message_key=keys, meta_key=keys, is_clear=st.booleans())
def test_every_message_a_card_writes_is_read_back(
    uid: bytes, counter: int, message_key: bytes, meta_key: bytes, is_clear: bool
) -> None:
    chosen = {KeyNumber.MESSAGE: message_key, KeyNumber.META: meta_key}
    card = Ntag424(uid, chosen, mirror="clear" if is_clear else "encrypted", counter=max(counter - 1, 0))
    message = find_message(card.read_link())
    assert message is not None
    reading = reading_of(message, meta_key)
    assert reading == Reading(uid, card.counter)
    assert is_signed(message, reading, message_key)
    assert reading_of(message, None) == (reading if is_clear else None)


@given(uid=uids, counter=counters, key=keys, place=st.integers(0, 63))
def test_a_signature_with_one_flipped_bit_is_none(uid: bytes, counter: int, key: bytes, place: int) -> None:
    reading = Reading(uid, counter)
    mac = (int.from_bytes(message_mac(key, reading), "big") ^ 1 << place).to_bytes(8, "big")
    assert not is_signed(SunMessage(mac), reading, key)


@given(st.text(max_size=1_100))
def test_any_text_is_a_message_or_none(text: str) -> None:
    for link in (
        text,
        f"https://x/?{text}",
        f"https://x/?picc_data={text}&cmac=94EED9EE65337086",
        f"?enc={text}&cmac=",
    ):
        message = find_message(link)
        assert message is None or len(message.mac) == 8


async def test_the_link_of_a_card_is_read_over_its_line_and_counted_by_the_card() -> None:
    card = Ntag424(UID, mirror="clear")
    assert "ctr=000001" in await read_link(Line(card))
    assert "ctr=000002" in await read_link(Line(card))
    assert card.counter == 2


@pytest.mark.parametrize("link", ["https://example.com/", "x" * 250])
async def test_a_plain_cards_link_is_read_too(link: str) -> None:
    assert await read_link(Line(Type4Card(UID, ndef=uri_message(link)))) == link


@given(st.binary(max_size=300))
def test_any_ndef_message_is_a_link_or_unreadable(message: bytes) -> None:
    try:
        assert isinstance(link_in(message), str)
    except LinkUnreadable:
        return


@given(st.binary(max_size=300).filter(lambda ndef: ndef[:1] != b"\xd1"))
async def test_a_card_that_holds_something_else_has_no_link(ndef: bytes) -> None:
    with pytest.raises(LinkUnreadable):
        await read_link(Line(Type4Card(UID, ndef=ndef)))


@given(st.binary(max_size=80))
def test_the_virtual_card_answers_any_command_with_a_status(command: bytes) -> None:
    assert len(Ntag424(UID).apply(command)) >= 2


# --- keys ---


@pytest.mark.parametrize("text", [b"", b"00", b"zz" * 16, b"00" * 17, "ключ".encode()])
def test_a_key_file_that_holds_no_key_is_refused_without_showing_it(text: bytes) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits") as caught:
        key_from_text(text)
    assert not text or text.decode() not in str(caught.value)


@pytest.mark.parametrize("unique", [b"", b"x" * 15, b"x" * 32])
def test_an_input_that_an10922_would_pad_otherwise_is_refused(unique: bytes) -> None:
    with pytest.raises(ValueError, match="diversification input"):
        diversify(ZEROS, unique)


@given(uids, uids)
def test_cards_share_no_key_but_the_one_that_hides_numbers(one: bytes, other: bytes) -> None:
    for number in KeyNumber:
        is_same = card_key(ZEROS, one, number) == card_key(ZEROS, other, number)
        assert is_same is (one == other or number is KeyNumber.META)
