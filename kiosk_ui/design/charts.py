"""Geometry for small charts. The macros in ``components.html`` draw it and put the numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LINE_VALUES_MIN = 2
POINTS_MAX = 500
_DECIMALS = 2


class ChartError(ValueError):
    """Numbers that cannot be drawn."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line and the area under it, in a box of ``width`` by ``height`` user units."""

    width: int
    height: int
    line: str
    area: str
    last_x: float
    last_y: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, from the bottom of the box up."""

    x: float
    y: float
    width: float
    height: float
    value: float


def sparkline(values: Sequence[float], *, width: int = 240, height: int = 48, inset: int = 3) -> Sparkline:
    """Lay ``values`` (2 to ``POINTS_MAX``) out left to right; the scale starts at 0, so heights do not exaggerate."""
    if not LINE_VALUES_MIN <= len(values) <= POINTS_MAX:
        raise ChartError(f"a sparkline has {LINE_VALUES_MIN} to {POINTS_MAX} values, not {len(values)}")
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    step = (width - 2 * inset) / (len(values) - 1)
    rise = (height - 2 * inset) / span
    points = [
        (round(inset + step * i, _DECIMALS), round(height - inset - (value - low) * rise, _DECIMALS))
        for i, value in enumerate(values)
    ]
    line = "M" + " L".join(f"{x:g},{y:g}" for x, y in points)
    bottom = height - inset
    area = f"{line} L{points[-1][0]:g},{bottom:g} L{points[0][0]:g},{bottom:g} Z"
    return Sparkline(width, height, line, area, *points[-1])


def bars(values: Sequence[float], *, width: int = 240, height: int = 48, gap: float = 2.0) -> list[Bar]:
    """Lay non-negative ``values`` (1 to ``POINTS_MAX``) out as bars of equal width; a value above 0 stays visible."""
    if not 1 <= len(values) <= POINTS_MAX:
        raise ChartError(f"a bar chart has 1 to {POINTS_MAX} values, not {len(values)}")
    if min(values) < 0:
        raise ChartError(f"a bar chart shows values of 0 or more, not {min(values)}")
    highest = max(values) or 1.0
    each = (width - gap * (len(values) - 1)) / len(values)
    return [
        Bar(
            x=round(i * (each + gap), _DECIMALS),
            y=round(height - tall, _DECIMALS),
            width=round(each, _DECIMALS),
            height=round(tall, _DECIMALS),
            value=value,
        )
        for i, value in enumerate(values)
        for tall in [max(1.0, value / highest * height) if value else 0.0]
    ]
