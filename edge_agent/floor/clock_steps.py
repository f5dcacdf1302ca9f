"""Tells when the clock was set: a time server was reached, or the machine slept.

Everything on the floor that waits (a dwell, a claim, a snooze, a basket) waits for time in which somebody could have
come. What a clock skips is none, so all of it is moved along; nothing is due at once, and nothing years later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

STEP_MIN = timedelta(seconds=5)
"""A smaller difference is a clock being trimmed, or a busy machine."""


class ClockSteps:
    """Compares the wall clock with the seconds that elapsed."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._now, self._monotonic = now, monotonic
        self._last: tuple[datetime, float] | None = None

    def look(self) -> timedelta:
        """By how much the clock was set forward (or back: negative) since the last look; zero nearly always."""
        now, now_s = self._now(), self._monotonic()
        last, self._last = self._last, (now, now_s)
        if last is None:
            return timedelta()
        step = now - last[0] - timedelta(seconds=now_s - last[1])
        return step if abs(step) >= STEP_MIN else timedelta()
