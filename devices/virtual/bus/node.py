"""What virtual things on the store's bus have in common: a connection of their own, a rhythm, and ways to fail."""

from __future__ import annotations

import asyncio
import contextlib
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from devices.device import DeviceFault
from devices.store_bus import BusSettings, LastWill, StoreBus
from devices.virtual.faults import FaultKind, UnsupportedFault

LATE_S = 5.0
FLOOD_TIMES = 200
_RECONNECT_S = 0.2
_HELD_MAX = 10_000
_GARBAGE_BYTES = 24

FAULTS = frozenset(
    {
        FaultKind.SILENT,
        FaultKind.UNPLUGGED,
        FaultKind.FROZEN,
        FaultKind.GARBAGE,
        FaultKind.LATE,
        FaultKind.FLOOD,
    }
)


@dataclass(frozen=True, slots=True)
class Saying:
    """One message to say. ``is_value``: what was measured, so what faults spoil; the rest is an introduction."""

    topic: str
    payload: bytes
    retain: bool = False
    is_value: bool = False


class BusNode(ABC):
    """A thing with firmware of its own on the bus: connects by itself, again after every loss, and says its values.

    ``is_connected`` is set while it is on the bus. Verbs may be called before entering and while it runs, in the event
    loop it was entered in.
    """

    faults = FAULTS

    def __init__(self, settings: BusSettings, *, will: LastWill, interval_s: float = 1.0, seed: int = 1) -> None:
        self.is_connected = asyncio.Event()
        self.fault: FaultKind | None = None
        self._settings = settings
        self._will = will
        self._interval_s = interval_s
        self._chance = random.Random(seed)  # noqa: S311 - noise of a scale, and repeatable
        self._bus: StoreBus | None = None
        self._stirred = asyncio.Event()
        self._held: deque[tuple[float, Saying]] = deque(maxlen=_HELD_MAX)
        self._running: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        state = self.fault.value if self.fault else "healthy" if self.is_connected.is_set() else "away"
        return f"{type(self).__name__}({self._settings.place}, {state})"

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name=repr(self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    def fail(self, fault: FaultKind) -> None:
        """Fail in this way until :meth:`heal`. Raises :class:`UnsupportedFault`."""
        if fault not in self.faults:
            raise UnsupportedFault(f"{self!r} cannot be {fault.value}")
        if fault is FaultKind.FROZEN:
            self._freeze()
        self.fault = fault
        if fault is FaultKind.UNPLUGGED and self._bus is not None:
            self._bus.cut()
        self.stir()

    def heal(self) -> None:
        """Be well again; what was held up is said now."""
        self.fault = None
        self._thaw()
        self.stir()

    def stir(self) -> None:
        """Say what changed now, not at the next beat."""
        self._stirred.set()

    @abstractmethod
    def _introduction(self) -> Sequence[Saying]:
        """What is said on connecting."""

    @abstractmethod
    def _values(self, *, beat: bool) -> Sequence[Saying]:
        """What is to say now: what changed, and at a ``beat`` what is said regularly."""

    @abstractmethod
    def _freeze(self) -> None:
        """Values stick from now on."""

    @abstractmethod
    def _thaw(self) -> None:
        """Values move again."""

    async def _run(self) -> None:
        while True:
            if self.fault is not FaultKind.UNPLUGGED:
                with contextlib.suppress(DeviceFault):
                    await self._live_once()
            self.is_connected.clear()
            self._bus = None
            await asyncio.sleep(_RECONNECT_S)

    async def _live_once(self) -> None:
        async with StoreBus(self._settings, will=self._will) as bus:
            self._bus = bus
            # Nobody speaks to it, but only a connection that is read is known to be gone.
            watching = asyncio.create_task(_drain(bus), name="node reads")
            watching.add_done_callback(lambda _: self.stir())
            try:
                await self._say(bus, self._introduction())
                self.is_connected.set()
                await self._speak(bus, watching)
            finally:
                watching.cancel()
                await asyncio.wait((watching,))
                if not watching.cancelled():
                    watching.exception()

    async def _speak(self, bus: StoreBus, watching: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        next_beat_s = loop.time()
        while not watching.done():
            now_s = loop.time()
            beat = now_s >= next_beat_s
            if beat:
                next_beat_s = max(next_beat_s + self._interval_s, now_s)
            self._stirred.clear()
            await self._say(bus, self._values(beat=beat))
            wait_s = max(0.0, next_beat_s - loop.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stirred.wait()

    async def _say(self, bus: StoreBus, sayings: Iterable[Saying]) -> None:
        now_s = asyncio.get_running_loop().time()
        for saying in sayings:
            for spoilt in self._spoilt(saying, now_s):
                await self._send(bus, spoilt)
        while self._held and (self.fault is not FaultKind.LATE or self._held[0][0] <= now_s):
            await self._send(bus, self._held.popleft()[1])

    def _spoilt(self, saying: Saying, now_s: float) -> Iterable[Saying]:
        if not saying.is_value:
            return (saying,)
        match self.fault:
            case FaultKind.SILENT:
                return ()
            case FaultKind.LATE:
                self._held.append((now_s + LATE_S, saying))
                return ()
            case FaultKind.GARBAGE:
                noise = self._chance.randbytes(_GARBAGE_BYTES)
                return (Saying(saying.topic, noise, saying.retain, is_value=True),)
            case FaultKind.FLOOD:
                return (saying,) * FLOOD_TIMES
            case _:
                return (saying,)

    async def _send(self, bus: StoreBus, saying: Saying) -> None:
        await bus.publish(saying.topic, saying.payload, retain=saying.retain, is_confirmed=not saying.is_value)


async def _drain(bus: StoreBus) -> None:
    async for _ in bus.messages():
        pass
