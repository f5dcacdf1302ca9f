"""Teaching a scale on the virtual chip, bit for bit: what is found, what is refused, and hands that get in the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devices.readings import Measure, SensorRead
from devices.shelf.samples import Unusable
from devices.virtual.faults import FaultKind
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.lesson import (
    ERROR_UNITS_MAX,
    SILENT_S,
    UNSTEADY_S,
    Found,
    Lesson,
    Problem,
    Pupil,
    Step,
    WrongStepError,
)
from tests.unit.devices.cell_bench import CellBench

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CAPACITY = 12


class Teacher:
    """Somebody with goods at a shelf, who does what the lesson says. ``step_s`` is how long they let it weigh."""

    def __init__(self, unit_g: float, *, known_g: float | None, former: Calibration | None = None, **cell: Any) -> None:
        self.bench = CellBench(**cell)
        self.bench.start()
        self.lesson = Lesson(Pupil("bin-1", unit_g, CAPACITY, former), known_g=known_g, began_s=self.now_s)

    @property
    def now_s(self) -> float:
        return self.bench.header.now_s

    @property
    def at(self) -> datetime:
        return NOON + timedelta(seconds=self.now_s)

    def weigh(self, seconds: float, hand: Callable[[], float] = lambda: 0.0) -> None:
        """Let the lesson hear the scale; ``hand`` presses on it with so many grams more at each reading."""
        until_s, load_g = self.now_s + seconds, self.bench.chip.load_g
        while self.now_s < until_s:
            self.bench.chip.load_g = load_g + hand()
            said = self.bench.next()
            if not isinstance(said, Unusable):
                self.lesson.hear(said, self.now_s, self.at)
            self.lesson.look(self.now_s)
        self.bench.chip.load_g = load_g

    def put(self, grams: float) -> None:
        self.bench.chip.load_g = grams

    def say(self, step: Step) -> None:
        self.lesson.go_on(step, self.now_s)

    def teach(self, really_g: float) -> Found:
        """The whole lesson with a weight that really has so many grams."""
        self.weigh(2)
        self.say(Step.EMPTY)
        self.weigh(10)
        self.put(really_g)
        self.weigh(1)
        self.say(Step.LOAD)
        self.weigh(10)
        self.put(0)
        self.weigh(10)
        assert self.lesson.step is Step.CONFIRM, (self.lesson.step, self.lesson.problem)
        assert self.lesson.found is not None
        return self.lesson.found


def test_a_whole_lesson_finds_zero_and_slope() -> None:
    found = Teacher(330.0, known_g=500).teach(500)
    assert found.calibration.zero_counts == pytest.approx(84_000, abs=40)
    assert found.calibration.counts_per_kg == pytest.approx(420_000, rel=0.001)
    assert found.calibration.known_g == 500
    assert found.error_units < 0.05
    assert found.drift_g is None


def test_a_cell_wired_the_other_way_round_is_taught_all_the_same() -> None:
    found = Teacher(330.0, known_g=500, counts_per_g=-420).teach(500)
    assert found.calibration.counts_per_kg == pytest.approx(-420_000, rel=0.001)


@pytest.mark.parametrize("seed", range(12))
def test_a_slot_of_twelve_is_counted_exactly_after_a_lesson_whatever_stands_in_it(seed: int) -> None:
    chance = random.Random(seed)
    unit_g = chance.uniform(60, 1_000)
    cell = {
        "counts_per_g": 420.0 if unit_g < 400 else 105.0,
        "zero_counts": chance.uniform(-200_000, 200_000),
        "noise_counts": chance.uniform(10, 60),
    }
    teacher = Teacher(unit_g, known_g=3 * unit_g, seed=seed, **cell)
    # Goods weigh what they weigh: each a little more or less than by the plan.
    units = [unit_g * chance.gauss(1.0, 0.004) for _ in range(CAPACITY)]
    line = teacher.teach(sum(units[:3])).calibration
    teacher.bench.chip.fail(FaultKind.DRIFT)
    for count in [*range(CAPACITY + 1), *reversed(range(CAPACITY))]:
        teacher.put(sum(units[:count]))
        teacher.bench.next()
        said = teacher.bench.next()
        assert isinstance(said, SensorRead)
        assert round(line.grams_of(said) / unit_g) == count


def test_a_hand_on_the_shelf_teaches_nothing_until_it_is_gone() -> None:
    teacher = Teacher(330.0, known_g=500)
    chance = random.Random(4)
    teacher.say(Step.EMPTY)
    teacher.weigh(30, hand=lambda: chance.uniform(50, 900))
    assert teacher.lesson.step is Step.TARING
    teacher.weigh(8)
    assert teacher.lesson.step is Step.LOAD
    teacher.put(500)
    teacher.say(Step.LOAD)
    teacher.weigh(30, hand=lambda: chance.uniform(50, 900))
    assert teacher.lesson.step is Step.WEIGHING
    teacher.weigh(8)
    teacher.put(0)
    teacher.weigh(20, hand=lambda: chance.uniform(50, 900))
    assert teacher.lesson.step is Step.UNLOADING
    teacher.weigh(8)
    assert teacher.lesson.found is not None
    assert teacher.lesson.found.calibration.counts_per_kg == pytest.approx(420_000, rel=0.001)


def test_what_was_weighed_before_somebody_said_so_does_not_count() -> None:
    teacher = Teacher(330.0, known_g=500)
    teacher.put(2_000)  # not empty yet
    teacher.weigh(10)
    teacher.put(0)
    teacher.say(Step.EMPTY)
    teacher.weigh(8)
    teacher.put(500)
    teacher.weigh(1)
    teacher.say(Step.LOAD)
    teacher.weigh(8)
    teacher.put(0)
    teacher.weigh(8)
    assert teacher.lesson.found is not None
    assert teacher.lesson.found.calibration.zero_counts == pytest.approx(84_000, abs=40)


def test_a_shelf_that_never_rests_is_told_of_and_is_forgiven_once_it_does() -> None:
    teacher = Teacher(330.0, known_g=500)
    chance = random.Random(5)
    teacher.say(Step.EMPTY)
    teacher.weigh(UNSTEADY_S + 2, hand=lambda: chance.uniform(0, 900))
    assert teacher.lesson.problem is Problem.UNSTEADY
    teacher.weigh(8)
    assert (teacher.lesson.step, teacher.lesson.problem) == (Step.LOAD, None)


def test_a_silent_scale_is_told_of_and_goes_on_with_its_next_word() -> None:
    teacher = Teacher(330.0, known_g=500)
    teacher.say(Step.EMPTY)
    teacher.bench.header.pass_time(SILENT_S)
    teacher.lesson.look(teacher.now_s)
    assert teacher.lesson.problem is Problem.SILENT
    teacher.weigh(8)
    assert (teacher.lesson.step, teacher.lesson.problem) == (Step.LOAD, None)


def loaded(teacher: Teacher, really_g: float) -> Lesson:
    teacher.say(Step.EMPTY)
    teacher.weigh(8)
    teacher.put(really_g)
    teacher.weigh(1)
    teacher.say(Step.LOAD)
    teacher.weigh(12)
    return teacher.lesson


def test_a_weight_that_was_never_put_on_is_asked_for_again() -> None:
    teacher = Teacher(330.0, known_g=500)
    lesson = loaded(teacher, 0)
    assert (lesson.step, lesson.problem) == (Step.LOAD, Problem.UNCHANGED)
    teacher.put(500)
    teacher.say(Step.LOAD)
    teacher.weigh(10)
    assert (lesson.step, lesson.problem) == (Step.UNLOADING, None)


def test_a_weight_too_light_to_be_exact_is_refused() -> None:
    lesson = loaded(Teacher(60.0, known_g=3, noise_counts=60), 3)
    assert (lesson.step, lesson.problem) == (Step.LOAD, Problem.TOO_LIGHT)


def test_an_article_lost_in_the_noise_is_refused() -> None:
    lesson = loaded(Teacher(1.0, known_g=2_000, counts_per_g=5.0, noise_counts=120), 2_000)
    assert (lesson.step, lesson.problem) == (Step.LOAD, Problem.TOO_NOISY)


def test_a_shelf_that_does_not_come_back_to_zero_is_refused_until_it_does() -> None:
    teacher = Teacher(100.0, known_g=1_000)
    lesson = loaded(teacher, 1_000)
    teacher.put(70)  # something was left on it
    teacher.weigh(10)
    assert (lesson.step, lesson.problem) == (Step.UNLOADING, Problem.INEXACT)
    assert lesson.found is not None
    assert lesson.found.error_units > ERROR_UNITS_MAX
    teacher.put(0)
    teacher.weigh(10)
    assert (lesson.step, lesson.problem) == (Step.CONFIRM, None)


def test_the_known_weight_still_lying_there_is_waited_for() -> None:
    teacher = Teacher(100.0, known_g=1_000)
    lesson = loaded(teacher, 1_000)
    teacher.weigh(60)
    assert (lesson.step, lesson.problem) == (Step.UNLOADING, None)


def test_weighing_the_empty_shelf_again_tells_how_far_it_drifted_and_how_fast() -> None:
    former = Calibration("bin-1", 84_000 - 4_200, 420_000, NOON - timedelta(days=4), 500)
    teacher = Teacher(330.0, known_g=None, former=former)
    teacher.say(Step.EMPTY)
    teacher.weigh(10)
    found = teacher.lesson.found
    assert teacher.lesson.step is Step.CONFIRM
    assert found is not None
    assert found.drift_g == pytest.approx(10, abs=0.2)
    assert found.drift_g_per_day == pytest.approx(2.5, abs=0.05)
    assert found.calibration.counts_per_kg == 420_000
    assert found.calibration.zero_counts == pytest.approx(84_000, abs=40)
    assert found.calibration.known_g is None


def test_a_scale_that_tells_grams_only_needs_its_zero() -> None:
    lesson = Lesson(Pupil("bin-9", 250.0, CAPACITY), known_g=None, began_s=0)
    lesson.go_on(Step.EMPTY, 0)
    for second in range(30):
        lesson.hear(SensorRead("", Measure.WEIGHT, 312.0 + second % 2), float(second), NOON)
    assert lesson.step is Step.CONFIRM
    assert lesson.found is not None
    read = SensorRead("", Measure.WEIGHT, 312.5 + 750)
    assert lesson.found.calibration.grams_of(read) == pytest.approx(750, abs=0.5)


def test_pressing_twice_counts_once_and_what_is_to_come_cannot_be_pressed() -> None:
    teacher = Teacher(330.0, known_g=500)
    with pytest.raises(WrongStepError):
        teacher.say(Step.LOAD)
    teacher.say(Step.EMPTY)
    teacher.say(Step.EMPTY)
    with pytest.raises(WrongStepError):
        teacher.say(Step.TARING)
    with pytest.raises(WrongStepError):
        teacher.lesson.kept()
    teacher.weigh(8)
    teacher.say(Step.EMPTY)
    assert teacher.lesson.step is Step.LOAD


def test_starting_over_forgets_what_was_found() -> None:
    teacher = Teacher(330.0, known_g=500)
    teacher.teach(500)
    teacher.lesson.again(teacher.now_s)
    assert (teacher.lesson.step, teacher.lesson.found) == (Step.EMPTY, None)
    assert teacher.teach(500).error_units < 0.05
    teacher.lesson.kept()
    assert teacher.lesson.step is Step.DONE


def test_the_live_figure_is_in_grams_as_soon_as_they_are_known() -> None:
    teacher = Teacher(330.0, known_g=500)
    teacher.weigh(2)
    assert teacher.lesson.grams() is None
    assert loaded(teacher, 500).grams() == pytest.approx(500, abs=0.5)
    teacher.lesson.again(teacher.now_s)
    teacher.put(0)
    teacher.teach(500)
    teacher.put(330)
    teacher.weigh(2)
    assert teacher.lesson.grams() == pytest.approx(330, abs=0.5)
