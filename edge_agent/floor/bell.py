"""Tells whoever shows the floor that it looks different now: the board, Home Assistant, shelf lights."""

from __future__ import annotations

import asyncio
from weakref import WeakSet


class Listener:
    """Hears a bell, with a memory of its own: nothing rung while it was busy is missed."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        """Return once the bell was rung since this listener was made, or last returned."""
        await self._rung.wait()
        self._rung.clear()

    def rung(self) -> None:
        """The bell was rung."""
        self._rung.set()


class Bell:
    """Rung when something changed; never waits for those who listen. For the event loop's own thread only."""

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener] = WeakSet()

    def ring(self) -> None:
        """Something changed."""
        for listener in self._listeners:
            listener.rung()

    def listener(self) -> Listener:
        """A new listener; keep it, a bell forgets whoever is gone."""
        listener = Listener()
        self._listeners.add(listener)
        return listener
