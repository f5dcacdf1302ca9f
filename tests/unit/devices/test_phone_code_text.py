"""Phone codes, whole and broken: what is read is exactly what was written, and nothing else is read."""

from __future__ import annotations

import random

import pytest

from devices.code_scanners.phone_code import (
    CODE_PREFIX,
    LINK_PREFIX,
    SECONDS_MAX,
    PhoneCode,
    PhoneKey,
    PhoneLink,
    key_id_of,
    phone_code,
)
from devices.observations import CODE_LENGTH_MAX

KEY = PhoneKey.from_bytes(bytes(range(32)))
OTHER = PhoneKey.from_bytes(bytes(range(1, 33)))


def test_a_code_says_whose_it_is_and_when_it_was_made() -> None:
    read = phone_code(KEY.code(1_790_000_000))
    assert isinstance(read, PhoneCode)
    assert (read.key_id, read.at_s) == (key_id_of(KEY.public_key), 1_790_000_000)
    assert read.is_signed_by(KEY.public_key)
    assert not read.is_signed_by(OTHER.public_key)


def test_a_link_code_carries_the_key_and_proves_that_the_phone_holds_it() -> None:
    read = phone_code(KEY.link(1_790_000_000))
    assert isinstance(read, PhoneLink)
    assert (read.public_key, read.key_id) == (KEY.public_key, key_id_of(KEY.public_key))
    assert read.is_signed()
    assert not PhoneLink(OTHER.public_key, read.at_s, read.signature).is_signed()


def test_a_signature_of_one_kind_of_code_is_none_of_the_other() -> None:
    link = phone_code(KEY.link(7))
    assert isinstance(link, PhoneLink)
    assert not PhoneCode(link.key_id, 7, link.signature).is_signed_by(KEY.public_key)


def test_both_codes_fit_what_a_scanner_can_tell() -> None:
    assert max(len(KEY.code(SECONDS_MAX)), len(KEY.link(SECONDS_MAX))) <= CODE_LENGTH_MAX // 4


@pytest.mark.parametrize("seed", range(4))
def test_a_code_with_any_character_changed_is_not_signed_any_more(seed: int) -> None:
    chance = random.Random(seed)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for text in (KEY.code(1_790_000_000), KEY.link(1_790_000_000)):
        for place in range(text.index(".") + 1, len(text)):
            other = chance.choice(alphabet.replace(text[place], ""))
            read = phone_code(text[:place] + other + text[place + 1 :])
            if isinstance(read, PhoneCode):
                assert not read.is_signed_by(KEY.public_key)
            elif isinstance(read, PhoneLink):
                assert not read.is_signed()


@pytest.mark.parametrize("seed", range(4))
def test_no_text_whatever_raises_and_what_is_read_is_written_one_way_only(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(2_000):
        body = "".join(chance.choice("AaZz09-_=+/ .\n\x00é\ud800") for _ in range(chance.choice((0, 3, 118, 139, 200))))
        text = chance.choice((CODE_PREFIX, LINK_PREFIX, "RG2.", "")) + body
        assert phone_code(text) is None or text.startswith((CODE_PREFIX, LINK_PREFIX))


@pytest.mark.parametrize(
    "spoil", [lambda t: t + "=", lambda t: t[:-1], lambda t: t + "A", lambda t: t.lower(), lambda t: " " + t]
)
def test_a_code_of_another_length_or_writing_is_no_code(spoil: object) -> None:
    assert callable(spoil)
    for text in (KEY.code(5), KEY.link(5)):
        assert phone_code(spoil(text)) is None


def test_a_time_beyond_all_clocks_is_no_code() -> None:
    assert phone_code(KEY.code(SECONDS_MAX)) is not None
    assert phone_code(KEY.code(SECONDS_MAX + 1)) is None


def test_a_key_shows_four_bytes_of_its_name_and_nothing_of_itself() -> None:
    assert repr(KEY) == f"<PhoneKey {key_id_of(KEY.public_key).hex()[:8]}…>"
    assert "signature" not in repr(phone_code(KEY.code(5)))
