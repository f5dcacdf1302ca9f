"""The HX711's 24 bits, every one of them."""

from __future__ import annotations

import random

import pytest

from devices.shelf.hx711_frames import BITS, HIGHEST, LOWEST, PULSES, Flaw, Frame, sample, signed, unsigned

TOTAL_S_MAX = 0.05


def frame(bits: int, *, high_s: float = 2e-6, total_s: float = 3e-4, ends_high: bool = True) -> Frame:
    return Frame(bits, high_s, total_s, ends_high)


@pytest.mark.parametrize("bit", range(BITS))
def test_each_bit_has_its_place(bit: int) -> None:
    assert signed(1 << bit) == (-(1 << 23) if bit == 23 else 1 << bit)


@pytest.mark.parametrize(
    ("bits", "counts"),
    [(0x000000, 0), (0x000001, 1), (0x7FFFFF, HIGHEST), (0x800000, LOWEST), (0xFFFFFF, -1), (0xFEB7E0, -84_000)],
)
def test_the_highest_bit_is_the_sign(bits: int, counts: int) -> None:
    assert signed(bits) == counts
    assert unsigned(counts) == bits


def test_counts_survive_the_wire_both_ways() -> None:
    chance = random.Random(1)
    for counts in [chance.randint(LOWEST, HIGHEST) for _ in range(5_000)]:
        assert signed(unsigned(counts)) == counts


def test_what_is_beyond_the_chip_is_told_as_its_end() -> None:
    assert unsigned(HIGHEST + 1) == unsigned(HIGHEST)
    assert unsigned(LOWEST - 1) == unsigned(LOWEST)


@pytest.mark.parametrize("bits", [-1, 1 << 24])
def test_more_than_24_bits_are_no_reading(bits: int) -> None:
    with pytest.raises(ValueError, match="not 24 bits"):
        signed(bits)


def test_pulses_choose_input_and_gain() -> None:
    assert PULSES == {128: 25, 32: 26, 64: 27}


def test_a_good_frame_is_its_counts() -> None:
    assert sample(frame(0x0148A0), total_s_max=TOTAL_S_MAX) == 84_128


@pytest.mark.parametrize(
    ("spoilt", "flaw"),
    [
        (frame(0x0148A0, high_s=60.1e-6), Flaw.LATE),
        (frame(0x0148A0, total_s=0.0501), Flaw.LATE),
        (frame(0x0148A0, ends_high=False), Flaw.NO_CHIP),
        (frame(0x000000, ends_high=False), Flaw.NO_CHIP),
        (frame(0xFFFFFF), Flaw.NO_CHIP),
        (frame(0x7FFFFF), Flaw.SATURATED),
        (frame(0x800000), Flaw.SATURATED),
    ],
)
def test_what_is_no_measurement_says_why(spoilt: Frame, flaw: Flaw) -> None:
    assert sample(spoilt, total_s_max=TOTAL_S_MAX) is flaw


def test_a_pulse_of_exactly_60_microseconds_still_counts() -> None:
    assert sample(frame(5, high_s=60e-6), total_s_max=TOTAL_S_MAX) == 5
