"""What is tried to bring a device back, in which order: a ladder, as data, climbed one failure at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Rung(StrEnum):
    """One way to heal a device."""

    RETRY = "retry"
    """Ask the same opening again: only where nothing but the last question failed."""
    REOPEN = "reopen"
    """Close it and open a fresh one."""
    POWER = "power"
    """Switch its power off and on, then open a fresh one: only where the configuration says how."""
    ALERT = "alert"
    """Call somebody, and go on reopening."""


@dataclass(frozen=True, slots=True)
class Step:
    """``times`` failures in a row are answered in this way before the next step is climbed."""

    rung: Rung
    times: int


LADDER = (
    Step(Rung.RETRY, 1),
    Step(Rung.REOPEN, 4),
    Step(Rung.POWER, 1),
    Step(Rung.REOPEN, 3),
    Step(Rung.POWER, 1),
    Step(Rung.REOPEN, 3),
)
"""Beyond its end stands :attr:`Rung.ALERT`, for as long as it takes.

Power is cut twice and no more: what two cold starts did not mend is no matter of its firmware, and relays wear out.
"""


class Climb:
    """Where one device stands on the ladder, and how often each rung was used since the start."""

    def __init__(self, ladder: tuple[Step, ...] = LADDER, *, has_power: bool = False) -> None:
        self._ladder = ladder
        self._has_power = has_power
        self._used: Counter[int] = Counter()
        self.failures = 0
        """Failures in a row."""
        self.rung: Rung | None = None
        """What answers the last failure; ``None`` while all is well."""
        self.counts: Counter[Rung] = Counter()

    def fail(self, *, is_still_open: bool) -> Rung:
        """Note one more failure; returns what to do about it."""
        self.failures += 1
        self.rung = self._next(is_still_open=is_still_open)
        self.counts[self.rung] += 1
        return self.rung

    def forgive(self) -> None:
        """It was healthy for long enough: the next failure starts at the bottom."""
        self.failures = 0
        self.rung = None
        self._used.clear()

    def _next(self, *, is_still_open: bool) -> Rung:
        for place, step in enumerate(self._ladder):
            if self._used[place] >= step.times or not self._applies(step.rung, is_still_open=is_still_open):
                continue
            self._used[place] += 1
            return step.rung
        return Rung.ALERT

    def _applies(self, rung: Rung, *, is_still_open: bool) -> bool:
        match rung:
            case Rung.RETRY:
                return is_still_open
            case Rung.POWER:
                return self._has_power
            case _:
                return True
