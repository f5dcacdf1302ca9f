"""Chart geometry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.design.charts import POINTS_MAX, ChartError, bars, sparkline


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=40))
def test_a_line_stays_in_its_box(values: list[float]) -> None:
    chart = sparkline(values)
    for point in chart.line.removeprefix("M").split(" L"):
        x, y = map(float, point.split(","))
        assert 0 <= x <= chart.width
        assert 0 <= y <= chart.height


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_bars_stay_in_their_box_and_nothing_but_zero_is_invisible(values: list[float]) -> None:
    for bar in bars(values):
        assert bar.y + bar.height == pytest.approx(48, abs=0.02)
        assert (bar.height >= 1) == (bar.value > 0)


def test_a_line_scales_from_zero_so_that_small_changes_look_small() -> None:
    assert sparkline([100, 101]).line == "M3,3.42 L237,3"


@pytest.mark.parametrize("values", [[], [1.0], [0.0] * (POINTS_MAX + 1)])
def test_a_line_needs_two_values_and_not_too_many(values: list[float]) -> None:
    with pytest.raises(ChartError):
        sparkline(values)


@pytest.mark.parametrize("values", [[], [-1.0], [0.0] * (POINTS_MAX + 1)])
def test_bars_need_values_of_zero_or_more(values: list[float]) -> None:
    with pytest.raises(ChartError):
        bars(values)
