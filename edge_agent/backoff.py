"""How long to wait before trying again: longer each time, never the same twice, never for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_DOUBLINGS_MAX = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits between half and all of the nominal length, so that nobody retries in step.

    ``draw`` returns a float in [0, 1); it is injected so that a run can be repeated.
    """

    draw: Callable[[], float]
    first_s: float = 0.5
    cap_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        """The wait after the ``failures``-th failure in a row (1 is the first)."""
        nominal_s = min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return nominal_s * (0.5 + 0.5 * self.draw())
