"""One tap is one tap, however a card lies, trembles or shares the field."""

from __future__ import annotations

import pytest

from devices.card_readers.field import CardField
from devices.observations import CardUid

_ANNA = CardUid.from_hex("04A1B2C3D4E580")
_BEN = CardUid.from_hex("04B1B2C3D4E580")


def _comings(field: CardField, polls: list[CardUid | None]) -> list[CardUid | None]:
    return [found for found in polls if field.polled(found)]


def test_a_card_that_lies_still_has_come_once() -> None:
    assert _comings(CardField(misses_max=2), [_ANNA] * 5) == [_ANNA]


def test_a_card_trembling_at_the_edge_has_come_once() -> None:
    assert _comings(CardField(misses_max=2), [_ANNA, None, _ANNA, None, _ANNA]) == [_ANNA]


def test_a_card_that_left_may_come_again() -> None:
    assert _comings(CardField(misses_max=2), [_ANNA, None, None, _ANNA]) == [_ANNA, _ANNA]


def test_two_cards_found_in_turns_have_both_come_once() -> None:
    assert _comings(CardField(misses_max=2), [_ANNA, _BEN, _ANNA, _BEN, _ANNA]) == [_ANNA, _BEN]


def test_the_next_card_is_told_before_the_last_one_has_left() -> None:
    assert _comings(CardField(misses_max=3), [_ANNA, _BEN]) == [_ANNA, _BEN]


def test_a_phone_that_changes_its_number_at_every_poll_has_come_once() -> None:
    numbers: list[CardUid | None] = [CardUid(b"\x08" + bytes([0, 0, draw])) for draw in range(50)]
    assert len(_comings(CardField(misses_max=2), numbers)) == 1


@pytest.mark.parametrize("misses_max", [1, 2, 5])
def test_the_field_is_empty_only_after_the_last_miss(misses_max: int) -> None:
    field = CardField(misses_max=misses_max)
    assert field.empty
    field.polled(_ANNA)
    for _ in range(misses_max - 1):
        field.polled(None)
        assert not field.empty
    field.polled(None)
    assert field.empty


def test_it_never_shows_a_card_number() -> None:
    field = CardField(misses_max=2)
    field.polled(_ANNA)
    assert "a1b2" not in repr(field).lower()
