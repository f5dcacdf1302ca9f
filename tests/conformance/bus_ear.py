"""The driver of the store's bus on a real broker, and everything it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from devices.observations import Observation
from devices.sensors.mqtt_sensors import MqttSensors, MqttSensorsSettings
from devices.store_bus import BusSettings, StoreBus

WITHIN_S = 20.0


class Ear:
    """``async with Ear(settings) as ear``: the driver runs, and what it says is kept in ``heard``."""

    def __init__(self, settings: MqttSensorsSettings) -> None:
        self.heard: list[Observation] = []
        self.driver = MqttSensors(settings)
        self._told = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.driver.__aenter__()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        self._listening.cancel()
        await asyncio.wait((self._listening,))
        await self.driver.__aexit__(None, None, None)

    async def ended(self) -> BaseException | None:
        """Why the driver ended, once it did."""
        assert self._listening is not None
        async with asyncio.timeout(WITHIN_S):
            await asyncio.wait((self._listening,))
        return self._listening.exception()

    async def until(self, fits: Callable[[Observation], bool], *, since: int = 0) -> Observation:
        """The first of what was said since, that fits."""
        async with asyncio.timeout(WITHIN_S), self._told:
            await self._told.wait_for(lambda: any(fits(one) for one in self.heard[since:]))
        return next(one for one in self.heard[since:] if fits(one))

    async def _listen(self) -> None:
        async for told in self.driver.observations():
            async with self._told:
                self.heard.append(told)
                self._told.notify_all()


async def say(settings: BusSettings, *messages: tuple[str, bytes], retain: bool = False) -> None:
    """Say something on the bus and go."""
    async with StoreBus(settings) as bus:
        for topic, payload in messages:
            await bus.publish(topic, payload, retain=retain)
