"""Time at the edge, where no clock can be trusted at boot.

Rows are ordered by their sequence; time is only a label, so it must never go backwards and must say
how good it is. The stamp is a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014,
reduced to one node): wall time while that moves forward, the last stamp and a counter while not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

BUILD_DATE_MS = 1_780_272_000_000
"""2026-06-01: this software did not exist before, so no row of it happened before."""

AHEAD_MS_MAX = 5 * 365 * 86_400_000
"""A clock nobody has set is not believed further than this beyond what is known."""

BACKWARD_MS_MAX = 1_000
"""A step back by less is the clock being trimmed; by more, it is wrong and elapsed time is counted instead."""

_COUNTER_MAX = 99_999
_QUALITY_REFRESH_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")

SYNCHRONISED = "synchronised"
UNSYNCHRONISED = "unsynchronised"
FLOOR = "floor"


class Stamp(NamedTuple):
    """When something was recorded, as far as this gateway knows.

    ``hlc`` orders like the rows do; ``time`` is RFC 3339 UTC with milliseconds; ``timequality`` is
    ``synchronised``, ``unsynchronised`` or, when the wall clock is not believed, ``floor``.
    """

    hlc: str
    ms: int
    time: str
    timequality: str
    boot_id: str
    monotonic_ns: int


def ms_of(hlc: str) -> int:
    """The milliseconds since 1970 in a hybrid logical clock's text."""
    return int(hlc[:15])


def datetime_of(ms: int) -> datetime:
    """Milliseconds since 1970 as a datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


class HybridClock:
    """A clock that never goes backwards. Only the journal's writer ticks it; anybody may read :meth:`now`.

    ``floor_ms`` is raised to the last stamp of the journal when that opens. ``synchronised`` is asked
    at most once a second.
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        monotonic_ns: Callable[[], int],
        floor_ms: int,
        synchronised: Callable[[], bool],
        *,
        boot_id: str = "",
    ) -> None:
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns
        self._synchronised = synchronised
        self.boot_id = boot_id
        self._last_ms = floor_ms
        self._last_ns = monotonic_ns()
        self._counter = 0
        self._is_synchronised = False
        self._refresh_ns = self._last_ns
        self._ms_text = self._time_text = self._second_text = ""
        self._second = -1

    def tick(self) -> Stamp:
        """A stamp above every earlier one."""
        elapsed_ns = self._monotonic_ns()
        ms, quality = self._reading(elapsed_ns)
        self._counter += 1
        if ms <= self._last_ms and self._counter > _COUNTER_MAX:
            ms = self._last_ms + 1
        if ms > self._last_ms or not self._ms_text:
            self._counter = 0 if ms > self._last_ms else self._counter
            self._ms_text, self._time_text = f"{ms:015d}-", self._rfc3339(ms)
        self._last_ms, self._last_ns = ms, elapsed_ns
        return Stamp(f"{self._ms_text}{self._counter:05d}", ms, self._time_text, quality, self.boot_id, elapsed_ns)

    def _rfc3339(self, ms: int) -> str:
        second, rest = divmod(ms, 1000)
        if second != self._second:
            self._second, self._second_text = second, f"{datetime_of(second * 1000):%Y-%m-%dT%H:%M:%S}"
        return f"{self._second_text}.{rest:03d}Z"

    def tick_again(self) -> str:
        """A hybrid logical clock above every earlier one, at the instant of the last stamp: no clock is read."""
        if self._counter == _COUNTER_MAX:
            return self.tick().hlc
        self._counter += 1
        return f"{self._last_ms:015d}-{self._counter:05d}"

    def now(self) -> datetime:
        """The time, for display and for ages; never before the last stamp. Does not tick."""
        return datetime_of(self._reading(self._monotonic_ns())[0])

    def knows_time(self) -> bool:
        """Whether the wall clock is believed now; not while time is only counted on from the last stamp."""
        return self._reading(self._monotonic_ns())[1] != FLOOR

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; for measuring how long something takes."""
        return self._monotonic_ns() / 1e9

    def never_before(self, hlc: str) -> None:
        """Raise the floor: no later stamp is at or below ``hlc``."""
        ms, counter = ms_of(hlc), int(hlc[16:])
        if (ms, counter) > (self._last_ms, self._counter):
            self._last_ms, self._counter = ms, counter
            self._last_ns = self._monotonic_ns()
            self._ms_text = ""

    def _reading(self, elapsed_ns: int) -> tuple[int, str]:
        """Milliseconds since 1970, never below the last stamp, and how much they are worth."""
        if elapsed_ns >= self._refresh_ns:
            self._is_synchronised = self._synchronised()
            self._refresh_ns = elapsed_ns + _QUALITY_REFRESH_NS
        wall_ms = self._now_ns() // 1_000_000
        last_ms = self._last_ms
        quality = SYNCHRONISED if self._is_synchronised else UNSYNCHRONISED
        if last_ms <= wall_ms and (self._is_synchronised or wall_ms - last_ms <= AHEAD_MS_MAX):
            return wall_ms, quality
        if 0 < last_ms - wall_ms <= BACKWARD_MS_MAX:
            return last_ms, quality
        return last_ms + max(0, elapsed_ns - self._last_ns) // 1_000_000, FLOOR


def system_clock() -> HybridClock:
    """This machine's clock: wall, monotonic, boot id and whether a time server has set it."""
    try:
        boot_id = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot_id = ""
    return HybridClock(time.time_ns, time.monotonic_ns, BUILD_DATE_MS, _SYNCHRONISED.exists, boot_id=boot_id)
