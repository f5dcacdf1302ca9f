"""Every parser of outside bytes, with inputs that hypothesis thinks of; ``make fuzz`` does the same a million times."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS, Target

_INPUT_BYTES_MAX = 600


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_it_takes_what_it_is_made_for(target: Target) -> None:
    for seed in target.seeds:
        target.feed(seed)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_bytes_break_it_and_none_leave_a_trace(target: Target) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=_INPUT_BYTES_MAX))
    def feed(data: bytes) -> None:
        target.feed(data)

    feed()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_damage_to_a_good_message_breaks_it(target: Target) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(target.seeds), st.integers(0, 2**32))
    def feed(seed: bytes, damage: int) -> None:
        target.feed(mutated(seed, damage))

    feed()
