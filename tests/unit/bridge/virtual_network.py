"""A broker and the air around it, in memory and in virtual time: loses, repeats, delays and breaks by seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cloud_bridge.transport import BrokerUnreachable, ConnectionLost, Dial, Inbound, Will, Wire


@dataclass
class Weather:
    """Chances per message, and the longest delay in seconds."""

    loss: float = 0.0
    repeat: float = 0.0
    delay_s_max: float = 0.0


class VirtualBroker:
    """Delivers by topic filter; keeps retained messages; can be cut and mended."""

    def __init__(self, rng: random.Random, weather: Weather | None = None) -> None:
        self.weather = weather or Weather()
        self.drop: Callable[[str, bytes], bool] = lambda topic, payload: False
        self.up = True
        self.published: list[tuple[str, bytes]] = []
        self.retained: dict[str, bytes] = {}
        self._rng = rng
        self._wires: set[_VirtualWire] = set()

    def dial(self) -> Dial:
        @asynccontextmanager
        async def connect(will: Will | None) -> AsyncIterator[Wire]:
            if not self.up:
                raise BrokerUnreachable("the virtual broker is cut off")
            wire = _VirtualWire(self, will)
            self._wires.add(wire)
            try:
                yield wire
            finally:
                self._wires.discard(wire)

        return connect

    def cut(self) -> None:
        """Every connection breaks, and none can be made."""
        self.up = False
        for wire in tuple(self._wires):
            self._wires.discard(wire)
            wire.lose()
            if wire.will is not None:
                self.spread(wire.will.topic, wire.will.payload, retain=True)

    def mend(self) -> None:
        self.up = True

    def spread(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published.append((topic, payload))
        if retain:
            self.retained[topic] = payload
        for wire in self._wires:
            if not wire.wants(topic) or self._rng.random() < self.weather.loss or self.drop(topic, payload):
                continue
            for _ in range(2 if self._rng.random() < self.weather.repeat else 1):
                delay_s = self._rng.random() * self.weather.delay_s_max
                loop, inbound = asyncio.get_running_loop(), Inbound(topic, payload, retained=False)
                if delay_s:
                    loop.call_later(delay_s, wire.arrive, inbound)
                else:
                    loop.call_soon(wire.arrive, inbound)


class _VirtualWire:
    def __init__(self, broker: VirtualBroker, will: Will | None) -> None:
        self.will = will
        self._broker = broker
        self._filters: list[list[str]] = []
        self._inbox: asyncio.Queue[Inbound | None] = asyncio.Queue()
        self._lost = False

    def wants(self, topic: str) -> bool:
        parts = topic.split("/")
        return any(
            len(parts) == len(each) and all(e in ("+", p) for e, p in zip(each, parts, strict=True))
            for each in self._filters
        )

    def arrive(self, inbound: Inbound) -> None:
        if not self._lost:
            self._inbox.put_nowait(inbound)

    def lose(self) -> None:
        self._lost = True
        self._inbox.put_nowait(None)

    async def subscribe(self, topics: str) -> None:
        self._check()
        self._filters.append(topics.split("/"))
        for topic, payload in self._broker.retained.items():
            if self.wants(topic):
                self.arrive(Inbound(topic, payload, retained=True))

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._check()
        self._broker.spread(topic, payload, retain=retain)

    async def messages(self) -> AsyncIterator[Inbound]:
        while (inbound := await self._inbox.get()) is not None:
            yield inbound
        raise ConnectionLost("the virtual broker hung up")

    def _check(self) -> None:
        if self._lost:
            raise ConnectionLost("the virtual broker hung up")
