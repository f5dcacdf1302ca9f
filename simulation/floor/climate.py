"""The store's fridge: a compressor that comes and goes, a door that lets the warmth in.

Pure: the shop's own time is passed in, in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ROOM_C = 21.5
_STEP_S_MAX = 10.0
_CATCH_UP_S_MAX = 6 * 3_600.0


@dataclass(frozen=True, slots=True)
class FridgeTraits:
    """How fast it warms and cools."""

    starts_at_c: float = 5.2
    """The thermostat switches the compressor on above this …"""
    stops_at_c: float = 2.8
    """… and off below this."""
    leak_s: float = 9_000.0
    """Time in which a shut fridge without current comes two thirds of the way to the room's temperature …"""
    open_leak_s: float = 900.0
    """… and an open one."""
    cooling_c_per_s: float = 0.006


class Fridge:
    """``at(now_s)`` is its temperature then. ``is_open`` and ``is_broken`` are what happens to it."""

    def __init__(self, *, now_s: float, traits: FridgeTraits | None = None) -> None:
        self.traits = FridgeTraits() if traits is None else traits
        self.is_open = False
        self.is_broken = False
        """Its compressor has died."""
        self._temperature_c = (self.traits.starts_at_c + self.traits.stops_at_c) / 2
        self._is_cooling = False
        self._now_s = now_s

    def at(self, now_s: float) -> float:
        """The temperature inside in °C; times do not go back."""
        ahead_s = min(max(0.0, now_s - self._now_s), _CATCH_UP_S_MAX)
        self._now_s = max(self._now_s, now_s)
        steps = math.ceil(ahead_s / _STEP_S_MAX)
        for _ in range(steps):
            self._step(ahead_s / steps)
        return self._temperature_c

    def _step(self, seconds: float) -> None:
        traits = self.traits
        if self._temperature_c > traits.starts_at_c:
            self._is_cooling = True
        elif self._temperature_c < traits.stops_at_c:
            self._is_cooling = False
        leak_s = traits.open_leak_s if self.is_open else traits.leak_s
        self._temperature_c += (ROOM_C - self._temperature_c) * (1.0 - math.exp(-seconds / leak_s))
        if self._is_cooling and not self.is_broken:
            self._temperature_c -= traits.cooling_c_per_s * seconds
