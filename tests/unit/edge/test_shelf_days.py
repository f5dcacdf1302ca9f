"""A slice of the seeded days of ``python -m benchmarks stock``, short enough for every run."""

from __future__ import annotations

from benchmarks._shelf_days import DayRules
from benchmarks.stock import OUT_S_MAX, live_days

BUSY = DayRules(opens_s=3_600.0, visits=30.0, steals=0.06, leaves_something=0.006, dropouts=0.5)
"""As much as on a whole day happens within an hour, of which the last half is quiet."""


def test_busy_shelves_are_counted_right_and_staff_are_called_rightly() -> None:
    figures = live_days(1, seed=11, slots=8, rules=BUSY)
    assert figures.judged > 2_000
    # What weighs a whole number of units cannot be told from goods; an hour as busy as this has more of it than a day.
    assert figures.within_one / (figures.judged - figures.untellable) >= 0.99
    assert figures.raised["stock_out"] >= 3
    assert figures.rightly["stock_out"] == figures.raised["stock_out"]
    assert figures.told["stock_out"] == figures.episodes["stock_out"]
    assert figures.rightly["wrong_item"] == figures.raised["wrong_item"]
    assert max(figures.seconds_to_out) <= OUT_S_MAX
    assert figures.flaps == 0


def test_a_day_without_thieves_and_strange_things_accuses_nobody() -> None:
    honest = DayRules(opens_s=2_700.0, visits=30.0, steals=0.0, leaves_something=0.0, dropouts=0.0)
    figures = live_days(1, seed=3, slots=5, rules=honest)
    assert (figures.missing, figures.phantom) == (0, 0)
    assert figures.exact == figures.judged
