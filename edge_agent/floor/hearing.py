"""The live readings of one sensor, for whoever must see each of them: a person who teaches a scale."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from devices.readings import SensorRead

HEARD_MAX = 256
"""Readings that wait for a slow hearer; the oldest go first."""
HEARERS_MAX = 16


class TooManyHearersError(Exception):
    """:data:`HEARERS_MAX` watch live readings already."""


class Hearing:
    """The readings of one sensor since it was begun, oldest first: an async iterator without an end."""

    def __init__(self, sensor: str) -> None:
        self.sensor = sensor
        self._heard: deque[SensorRead] = deque(maxlen=HEARD_MAX)
        self._news = asyncio.Event()

    def hear(self, read: SensorRead) -> None:
        """One more reading."""
        self._heard.append(read)
        self._news.set()

    def __aiter__(self) -> Hearing:
        return self

    async def __anext__(self) -> SensorRead:
        while not self._heard:
            self._news.clear()
            await self._news.wait()
        return self._heard.popleft()


class Hearers:
    """Everybody who watches live readings now; nobody is the usual case."""

    def __init__(self) -> None:
        self._hearings: list[Hearing] = []

    @contextmanager
    def listen(self, sensor: str) -> Iterator[Hearing]:
        """Watch a sensor while the body runs. Raises :class:`TooManyHearersError`."""
        if len(self._hearings) >= HEARERS_MAX:
            raise TooManyHearersError(f"{HEARERS_MAX} watch live readings already")
        hearing = Hearing(sensor)
        self._hearings.append(hearing)
        try:
            yield hearing
        finally:
            self._hearings.remove(hearing)

    def tell(self, sensor: str, read: SensorRead) -> None:
        """A sensor was read."""
        for hearing in self._hearings:
            if hearing.sensor == sensor:
                hearing.hear(read)
