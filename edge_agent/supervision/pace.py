"""Time as supervision sees it: waits between attempts, limits of opening and closing. All injected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

_DOUBLINGS_MAX = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits between half and all of the nominal length, so that nobody retries in step.

    ``draw`` returns a float in [0, 1); it is injected so that a run can be repeated. With ``cap_s`` and the time
    that opening may take, a device that works again is back within half a minute however long it was away.
    """

    draw: Callable[[], float]
    first_s: float = 0.5
    cap_s: float = 15.0

    def wait_s(self, failures: int) -> float:
        """The wait after the ``failures``-th failure in a row (1 is the first)."""
        nominal_s = min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return nominal_s * (0.5 + 0.5 * self.draw())


@dataclass(frozen=True, slots=True)
class Pace:
    """Time, as the supervisor sees it. ``monotonic`` in seconds; all injected, so that tests need not wait."""

    backoff: Backoff
    sleep: Callable[[float], Awaitable[None]]
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    healthy_s: float = 60.0
    """After this long online, earlier failures are forgiven."""
    open_s: float = 10.0
    """How long opening may take."""
    close_s: float = 0.8
    """How long closing may take, one device alone or all together; then it is left behind."""
    alert_after_s: float = 60.0
    """How long a device may be offline before somebody is called, wherever it stands on the ladder."""
    words_per_s_max: int = 5_000
    """What is taken of one device in a second; more of it waits, and the device is called degraded."""
    hold_up_s_max: float = 1.0
    """A driver that keeps the event loop to itself for longer is closed, for it stops every other device, too."""
