"""The HX711 on its pins: gains, late pulses, silence, and that nothing read in between is ever believed."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from devices.device import DeviceFault
from devices.shelf.hx711_frames import Flaw
from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.gpio_header import VirtualHeader
from tests.unit.devices.cell_bench import CLOCK, CellBench


def test_every_count_arrives_bit_by_bit() -> None:
    bench = CellBench(noise_counts=0)
    bench.start()
    for grams in (0, 1, 500, -200, 5_000):
        bench.chip.load_g = grams
        bench.counts()  # may have been converted before the hand moved
        assert bench.counts() == 84_000 + 420 * grams


def test_what_is_not_settled_after_the_start_is_passed_over() -> None:
    bench = CellBench(noise_counts=0)
    bench.chip.load_g = 500
    bench.start()
    assert bench.counts() == 84_000 + 210_000


@pytest.mark.parametrize(("gain", "counts"), [(128, 294_000), (64, 147_000)])
def test_the_gain_is_chosen_by_pulses_and_only_its_own_samples_count(gain: int, counts: int) -> None:
    bench = CellBench(noise_counts=0, gain=gain)
    bench.chip.load_g = 500
    bench.start()
    assert [bench.counts() for _ in range(3)] == [counts] * 3


def test_gain_32_reads_the_other_input() -> None:
    bench = CellBench(noise_counts=0, gain=32)
    bench.chip.load_g = 500
    bench.start()
    assert bench.counts() == 0


def test_ten_samples_a_second_take_a_second() -> None:
    bench = CellBench()
    bench.start()
    bench.counts()
    began_s = bench.header.now_s
    for _ in range(10):
        bench.counts()
    assert bench.header.now_s - began_s == pytest.approx(1.0, abs=0.02)


def test_late_pulses_are_dropped_counted_and_never_believed() -> None:
    bench = CellBench(seed=3)
    bench.chip.load_g = 500
    bench.start()
    bench.chip.fail(FaultKind.LATE)
    found = [bench.sample() for _ in range(2_000)]
    believed = [one for one in found if isinstance(one, int)]
    assert bench.line.late == Counter(found)[Flaw.LATE] > 500
    assert len(believed) > 500
    assert max(abs(one - 294_000) for one in believed) < 25 * 6


def test_late_pulses_at_another_gain_never_let_the_power_up_gain_through() -> None:
    bench = CellBench(seed=3, gain=64)
    bench.chip.load_g = 500
    bench.start()
    bench.chip.fail(FaultKind.LATE)
    believed = [one for one in (bench.sample() for _ in range(1_000)) if isinstance(one, int)]
    assert len(believed) > 200
    assert max(abs(one - 147_000) for one in believed) < 25 * 6


def test_a_machine_that_was_away_for_seconds_reads_on() -> None:
    bench = CellBench(noise_counts=0)
    bench.start()
    bench.counts()
    bench.header.pass_time(7.3)
    assert bench.counts() == bench.counts() == 84_000


@pytest.mark.parametrize("kind", [FaultKind.SILENT, FaultKind.UNPLUGGED])
def test_a_silent_or_missing_chip_is_a_fault_with_a_remedy(kind: FaultKind) -> None:
    bench = CellBench()
    bench.start()
    bench.counts()
    bench.chip.fail(kind)
    with pytest.raises(DeviceFault, match="said nothing for 2 s") as caught:
        bench.sample()
    assert "GPIO numbers" in caught.value.remedy
    bench.chip.heal()
    bench.start()
    assert bench.counts() == pytest.approx(84_000, abs=200)


def test_garbage_is_seen_through_at_the_end_of_a_frame_or_by_the_median() -> None:
    bench = CellBench()
    bench.start()
    bench.chip.fail(FaultKind.GARBAGE)
    found = Counter(bench.sample() for _ in range(200))
    assert found[Flaw.NO_CHIP] > 70


def test_it_stops_waiting_when_told_to() -> None:
    bench = CellBench()
    bench.start()
    bench.chip.fail(FaultKind.SILENT)
    stop = threading.Event()
    stop.set()
    assert bench.line.read(stop, timeout_s=60) is None


def test_a_silent_chip_is_given_up_by_the_clock_however_long_each_look_takes() -> None:
    class BusyHeader(VirtualHeader):
        def wait(self, seconds: float, stop: threading.Event) -> bool:
            return super().wait(seconds + 0.1, stop)

    bench = CellBench(header=BusyHeader(pace=0))
    bench.start()
    bench.chip.fail(FaultKind.SILENT)
    began_s = bench.header.now_s
    with pytest.raises(DeviceFault, match="said nothing"):
        bench.sample()
    assert 2.0 <= bench.header.now_s - began_s < 2.5


def test_both_pins_are_free_again_after_closing() -> None:
    bench = CellBench()
    bench.start()
    bench.line.close()
    bench.line.close()
    assert bench.header.pin(CLOCK).function == "input"


def test_a_load_cell_has_no_cards_to_tear() -> None:
    with pytest.raises(UnsupportedFault):
        CellBench().chip.fail(FaultKind.TORN_CARD)
