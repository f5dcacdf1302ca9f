"""PINs: what may be chosen, that only the right one fits, and how wrong ones lock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.codes import ALPHABET, read_code, referral_code, voucher_code
from loyalty.pins import LOCK_S_MAX, TRIES_MAX, fits, is_guessable, lock_s, locked_for_s, verifier_of

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("pin", ["000000", "111111", "123456", "654321", "890123", "121212", "012345", "987654"])
def test_what_anybody_would_try_first_cannot_be_chosen(pin: str) -> None:
    assert is_guessable(pin)


def test_only_the_pin_itself_fits_and_two_members_with_one_pin_have_two_verifiers() -> None:
    one, other = verifier_of("147258", salt=b"1" * 16), verifier_of("147258", salt=b"2" * 16)
    assert one != other
    assert fits("147258", one)
    assert fits("147258", other)
    assert not fits("147259", one)


@pytest.mark.parametrize("kept", ["", "scrypt", "scrypt$$", "md5$a$b", "scrypt$%%%$AAAA", "scrypt$AAAA$AAAA$AAAA"])
def test_a_verifier_nobody_made_here_fits_no_pin(kept: str) -> None:
    assert not fits("147258", kept)


def test_a_short_salt_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="salt"):
        verifier_of("147258", salt=b"short")


def test_four_tries_are_free_and_each_after_the_fifth_locks_twice_as_long_up_to_a_day() -> None:
    locks = [lock_s(failures) for failures in range(1, 40)]
    assert locks[: TRIES_MAX - 1] == [0, 0, 0, 0]
    assert locks[TRIES_MAX - 1 : TRIES_MAX + 3] == [30, 60, 120, 240]
    assert max(locks) == locks[-1] == LOCK_S_MAX
    assert locks == sorted(locks)


def test_a_lock_ends_to_the_second_and_a_clock_set_back_makes_it_longer() -> None:
    assert locked_for_s(5, NOW, now=NOW) == 30
    assert locked_for_s(5, NOW, now=NOW + timedelta(seconds=29, milliseconds=1)) == 1
    assert locked_for_s(5, NOW, now=NOW + timedelta(seconds=30)) == 0
    assert locked_for_s(5, NOW, now=NOW - timedelta(hours=1)) == 3_630


def test_codes_that_people_copy_have_no_letters_that_look_alike() -> None:
    codes = [make(f"member-{n}") for n in range(300) for make in (voucher_code, referral_code)]
    assert not set("".join(codes)) & set("0O1I")
    assert set("".join(codes)) <= set(ALPHABET)
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes} == {6, 8}


def test_a_code_is_read_as_it_was_meant_or_not_at_all() -> None:
    code = referral_code("anna")
    assert read_code(f" {code[:4].lower()}-{code[4:]} ") == code
    assert read_code("O0I1") == read_code("") == read_code("héllo") == ""
