"""What a scale was taught: the straight line, and how the journal keeps it and what was before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud_bridge.floor_contract import ScaleCalibratedV1
from devices.readings import Measure, SensorRead
from edge_agent.journal import Journal, Transaction
from edge_agent.journal.floor.scales import CALIBRATIONS_KEPT_MAX
from edge_agent.shelves.calibration import COUNTS_MAX, Calibration
from tests.unit.edge.journal_bench import opened

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def taught(scale: str = "shelf-1", *, zero: int = 84_000, slope: int = 420_000, days: int = 0) -> Calibration:
    return Calibration(scale, zero, slope, NOON + timedelta(days=days), 500)


async def keep(journal: Journal, *calibrations: Calibration) -> None:
    def unit(tx: Transaction) -> None:
        for one in calibrations:
            event = ScaleCalibratedV1(
                scale=one.scale, zero_counts=one.zero_counts, counts_per_kg=one.counts_per_kg, known_g=one.known_g
            )
            tx.keep_calibration(one, tx.record(event))

    await journal.write(unit)


def test_counts_become_grams_along_a_straight_line() -> None:
    assert taught().grams(84_000) == 0
    assert taught().grams(84_000 + 210_000) == 500
    assert taught().grams(84_000 - 42_000) == -100
    assert taught().span_g(-420) == 1


def test_a_cell_wired_the_other_way_round_weighs_all_the_same() -> None:
    assert taught(slope=-420_000).grams(84_000 - 210_000) == 500
    assert taught(slope=-420_000).span_g(420) == 1


def test_a_scale_that_tells_grams_is_read_in_milligrams() -> None:
    tared = Calibration("bin", 12_250, 1_000_000, NOON)
    assert tared.grams_of(SensorRead("", Measure.WEIGHT, 512.25, noise=0.5)) == 500
    assert tared.noise_g_of(SensorRead("", Measure.WEIGHT, 512.25, noise=0.5)) == 0.5


def test_raw_readings_are_taken_as_counts() -> None:
    read = SensorRead("", Measure.WEIGHT, 294_000, is_raw=True, noise=42)
    assert taught().grams_of(read) == 500
    assert taught().noise_g_of(read) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"counts_per_kg": 0}, "cannot be 0"),
        ({"counts_per_kg": COUNTS_MAX + 1}, "between"),
        ({"zero_counts": -COUNTS_MAX - 1}, "between"),
        ({"known_g": 0}, "known weight"),
        ({"scale": ""}, "names its scale"),
        ({"at": datetime(2026, 7, 1, 12)}, "UTC offset"),  # noqa: DTZ001 - what is refused
    ],
)
def test_a_line_that_cannot_be_is_refused(changes: dict[str, object], why: str) -> None:
    fields = {"scale": "shelf-1", "zero_counts": 0, "counts_per_kg": 1, "at": NOON, "known_g": 500}
    with pytest.raises(ValueError, match=why):
        Calibration(**(fields | changes))  # type: ignore[arg-type]


async def test_the_last_calibration_of_each_scale_counts_and_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await keep(journal, taught(zero=1), taught("shelf-2", slope=-7), taught(zero=2, days=3))
    async with opened(tmp_path) as journal:
        now = await journal.read(lambda reader: reader.calibrations())
        before = await journal.read(lambda reader: reader.calibrations_of("shelf-1"))
    assert now == {"shelf-1": taught(zero=2, days=3), "shelf-2": taught("shelf-2", slope=-7)}
    assert before == [taught(zero=2, days=3), taught(zero=1)]


async def test_of_many_calibrations_the_newest_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await keep(journal, taught("shelf-2", zero=5), *(taught(zero=n) for n in range(CALIBRATIONS_KEPT_MAX + 3)))
        kept = await journal.read(lambda reader: reader.calibrations_of("shelf-1"))
        other = await journal.read(lambda reader: reader.calibrations_of("shelf-2"))
    assert [one.zero_counts for one in kept] == list(range(CALIBRATIONS_KEPT_MAX + 2, 2, -1))
    assert len(other) == 1
