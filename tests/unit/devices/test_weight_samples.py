"""From samples to readings: the median, its spread, and what is no reading."""

from __future__ import annotations

import pytest

from devices.shelf.hx711_frames import Flaw
from devices.shelf.samples import FLAWED_WINDOWS_MAX, Reading, Samples, Unusable, reading_of
from devices.virtual.faults import FaultKind
from tests.unit.devices.cell_bench import CellBench


def take(samples: Samples, *found: int | Flaw) -> list[Reading | Unusable]:
    return [taken for one in found if (taken := samples.take(one)) is not None]


@pytest.mark.parametrize(
    ("window", "reading"),
    [
        ([5], Reading(5, 0)),
        ([1, 2, 3, 4, 100], Reading(3, 1)),
        ([10, 12], Reading(11, 1)),
        ([-3, -3, -3], Reading(-3, 0)),
    ],
)
def test_a_reading_is_the_median_and_the_median_distance_from_it(window: list[int], reading: Reading) -> None:
    assert reading_of(window) == reading


def test_one_wild_sample_changes_nothing() -> None:
    samples = Samples(5, stuck_after=0)
    assert take(samples, 100, 102, 8_000_000, 99, 101) == [Reading(101, 1)]


def test_flaws_between_good_samples_are_passed_over_and_counted() -> None:
    samples = Samples(3, stuck_after=0)
    assert take(samples, 1, Flaw.LATE, 2, Flaw.LATE, 3) == [Reading(2, 1)]
    assert samples.dropped == 2


@pytest.mark.parametrize(
    ("flaw", "why"), [(Flaw.LATE, "too busy"), (Flaw.SATURATED, "too heavy a load"), (Flaw.NO_CHIP, "check the wires")]
)
def test_as_many_flaws_as_samples_make_no_reading_and_say_why(flaw: Flaw, why: str) -> None:
    [taken] = take(Samples(3, stuck_after=0), 1, flaw, flaw, 2, flaw)
    assert isinstance(taken, Unusable)
    assert why in taken.reason
    assert not taken.is_fault


def test_a_line_that_is_no_chips_for_long_is_given_up() -> None:
    samples = Samples(3, stuck_after=0)
    taken = take(samples, *[Flaw.NO_CHIP] * 3 * FLAWED_WINDOWS_MAX)
    assert [one.is_fault for one in taken if isinstance(one, Unusable)] == [False] * (FLAWED_WINDOWS_MAX - 1) + [True]


def test_one_good_reading_forgives_a_bad_line() -> None:
    samples = Samples(3, stuck_after=0)
    for _ in range(3):
        taken = take(samples, *[Flaw.NO_CHIP] * 3 * (FLAWED_WINDOWS_MAX - 1), 1, 2, 3)
        assert taken[-1] == Reading(2, 1)
        assert not any(isinstance(one, Unusable) and one.is_fault for one in taken)


def test_an_overload_however_long_is_no_fault_of_the_chip() -> None:
    taken = take(Samples(3, stuck_after=0), *[Flaw.SATURATED] * 3 * 100)
    assert len(taken) == 100
    assert not any(isinstance(one, Unusable) and one.is_fault for one in taken)


def test_a_chip_that_says_exactly_the_same_for_long_is_not_believed() -> None:
    bench = CellBench(noise_counts=25)
    bench.start()
    bench.next()
    bench.chip.fail(FaultKind.FROZEN)
    said = [bench.next() for _ in range(12)]
    assert isinstance(said[0], Unusable) is False
    assert all(isinstance(one, Unusable) for one in said[-2:])
    bench.chip.heal()
    bench.next()
    assert not isinstance(bench.next(), Unusable)


def test_without_a_limit_the_same_is_believed_for_ever() -> None:
    samples = Samples(5, stuck_after=0)
    assert take(samples, *[7] * 500) == [Reading(7, 0)] * 100


def test_the_noise_told_is_the_chips() -> None:
    bench = CellBench(noise_counts=25, samples=20)
    bench.start()
    noises = [said.noise for said in (bench.next() for _ in range(50)) if not isinstance(said, Unusable)]
    # The median absolute deviation of normal noise is 0.67 of its standard deviation.
    assert sum(noises) / len(noises) == pytest.approx(0.67 * 25, rel=0.15)
