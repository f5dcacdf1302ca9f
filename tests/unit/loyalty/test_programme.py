"""A programme file is read whole or refused with the key at fault."""

from __future__ import annotations

import pytest

from loyalty.identifiers import medium_id, posting_id
from loyalty.ledger import Posting, Rule
from loyalty.programme import Programme, ProgrammeError, programme_from_toml

GOOD = '[programme]\nname = "掌柜会员"\ncurrency = "CNY"\npoints = 2\nper_minor = 100\nminimum_minor = 1000\n'


def test_a_good_file_is_the_programme_it_says() -> None:
    assert programme_from_toml(GOOD) == Programme("掌柜会员", "CNY", 2, 100, 1000)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "programme"),
        ("[programme", "toml"),
        (GOOD.replace('"CNY"', '"yuan"'), "currency"),
        (GOOD.replace('"CNY"', "7"), "currency"),
        (GOOD.replace("points = 2", "points = 0"), "points"),
        (GOOD.replace("points = 2", "points = 1.5"), "points"),
        (GOOD.replace("points = 2", "points = true"), "points"),
        (GOOD.replace("per_minor = 100", "per_minor = 0"), "per_minor"),
        (GOOD.replace("per_minor", "per_cent"), "per_cent"),
        (GOOD.replace("minimum_minor = 1000", "minimum_minor = -1"), "minimum_minor"),
        (GOOD.replace("掌柜会员", ""), "name"),
        (GOOD.replace("掌柜会员", "two\\nlines"), "name"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key_and_a_remedy(text: str, key: str) -> None:
    with pytest.raises(ProgrammeError) as refused:
        programme_from_toml(text)
    assert refused.value.key == key
    assert refused.value.remedy


def test_a_medium_cannot_be_recognised_without_the_key() -> None:
    number = bytes.fromhex("04a1b2c3d4e5f6")
    here, there = (medium_id("card", number, key=key * 32) for key in (b"a", b"b"))
    assert here != there
    assert number.hex() not in here


def test_a_code_of_a_cards_number_is_not_the_card() -> None:
    assert medium_id("card", b"1234", key=b"k" * 32) != medium_id("code", b"1234", key=b"k" * 32)


def test_posting_ids_do_not_run_together() -> None:
    assert posting_id("ab", "c") != posting_id("a", "bc")


@pytest.mark.parametrize("points", [0, -5, 10**9 + 1])
def test_a_posting_moves_a_positive_bounded_number_of_points(points: int) -> None:
    with pytest.raises(ValueError, match="points"):
        Posting(posting_id("x"), "a", "b", points, Rule.SPEND, cause="e")  # type: ignore[arg-type]


def test_a_posting_needs_two_accounts() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        Posting(posting_id("x"), "a", "a", 1, Rule.SPEND, cause="e")  # type: ignore[arg-type]
