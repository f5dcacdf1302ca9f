"""From single samples to a reading one can believe: median and spread, and what is wrong where there is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from devices.device import Trouble
from devices.shelf.hx711_frames import Flaw

FLAWED_WINDOWS_MAX = 5
"""Windows in a row without the chip's own signs, after which it is given up and opened anew."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The median of a window of samples, and their median absolute deviation; both in counts."""

    counts: float
    noise: float


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why there is no reading. ``is_fault``: the chip does not answer as one, and should be opened anew."""

    key: Trouble
    reason: str
    is_fault: bool = False


class Samples:
    """Gathers samples of one chip into readings.

    ``count`` good samples make a reading; as many bad ones before that make none. The same count ``stuck_after`` times
    in a row is no measurement either, as a live chip's noise moves its last bits; 0 believes it.
    """

    def __init__(self, count: int, *, stuck_after: int) -> None:
        self.dropped = 0
        """Samples that were none, since the start."""
        self._count = count
        self._stuck_after = stuck_after
        self._good: list[int] = []
        self._flaws: Counter[Flaw] = Counter()
        self._flawed_windows = 0
        self._last: int | None = None
        self._same = 0

    def take(self, found: int | Flaw) -> Reading | Unusable | None:
        """Take one more; returns what that completed."""
        if isinstance(found, Flaw):
            return self._take_flaw(found)
        self._same = self._same + 1 if found == self._last else 1
        self._last = found
        self._good.append(found)
        if len(self._good) < self._count:
            return None
        window = self._begin_anew()
        self._flawed_windows = 0
        if self._stuck_after and self._same >= self._stuck_after:
            reason = f"it has said exactly {found} {self._same} times: a live chip's last bits move"
            return Unusable(Trouble.STUCK, reason)
        return reading_of(window)

    def _take_flaw(self, flaw: Flaw) -> Unusable | None:
        self.dropped += 1
        self._flaws[flaw] += 1
        if self._flaws.total() < self._count:
            return None
        [(worst, _)] = self._flaws.most_common(1)
        self._begin_anew()
        self._flawed_windows = self._flawed_windows + 1 if worst is Flaw.NO_CHIP else 0
        return Unusable(*_CAUSES[worst], is_fault=self._flawed_windows >= FLAWED_WINDOWS_MAX)

    def _begin_anew(self) -> list[int]:
        window, self._good = self._good, []
        self._flaws.clear()
        return window


def reading_of(window: list[int]) -> Reading:
    """The median, and the median of the distances from it. Raises ``statistics.StatisticsError`` for no samples."""
    middle = median(window)
    return Reading(float(middle), float(median(abs(one - middle) for one in window)))


_CAUSES = {
    Flaw.LATE: (Trouble.TOO_SLOW, "this machine is too busy to read it: its samples come too slowly"),
    Flaw.NO_CHIP: (Trouble.GARBLED, "its samples are not a chip's: check the wires of data and clock, and its power"),
    Flaw.SATURATED: (
        Trouble.OVERLOADED,
        "more than it can measure: too heavy a load, or a wire of the load cell is loose",
    ),
}
