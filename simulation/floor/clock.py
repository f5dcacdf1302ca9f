"""The floor's two clocks: a hand takes real seconds, a fridge warms in the shop's own, faster time."""

from __future__ import annotations

import asyncio

SHOP_SPEED_MAX = 60.0
"""The shop's time never runs faster for the fridge: its alarms have to keep their meaning."""


class FloorClock:
    """Starts when it is made, in a running event loop."""

    def __init__(self, *, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._speed = min(speed, SHOP_SPEED_MAX)

    def now_s(self) -> float:
        """Real seconds, from any beginning."""
        return self._loop.time()

    def shop_s(self) -> float:
        """Seconds of the shop's own time since the floor was opened."""
        return (self._loop.time() - self._began_s) * self._speed
