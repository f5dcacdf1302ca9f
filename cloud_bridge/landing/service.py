"""The cloud's end of the line: one connection to the broker, kept for ever, for all gateways."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from cloud_bridge import topics
from cloud_bridge.landing.poison import PoisonWatch
from cloud_bridge.landing.session import Desk, Offload, Session
from cloud_bridge.landing.store import LandingResult, LandingStore
from cloud_bridge.receipts import Ack
from cloud_bridge.topics import Down
from cloud_bridge.transport import Backoff, Dial, TransportError, Wire

RECONNECT_FIRST_S = 0.5
RECONNECT_S_MAX = 30.0

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class StoreThread:
    """The one thread that speaks to the store."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing")

    async def __call__(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Wait for the call in progress, then end the thread."""
        self._pool.shutdown(wait=True)


class Landing:
    """Serves every gateway over one broker connection, for ever."""

    def __init__(
        self,
        store: LandingStore,
        dial: Dial,
        *,
        offload: Offload,
        rng: random.Random,
        on_landed: Callable[[LandingResult], None],
    ) -> None:
        self._dial = dial
        self._backoff = Backoff(first_s=RECONNECT_FIRST_S, wait_s_max=RECONNECT_S_MAX, rng=rng)
        self._poison = PoisonWatch()
        self._desk = Desk(store, offload, self._poison, on_landed)
        self._session: Session | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is reached, for readiness probes."""
        return self._session is not None

    @property
    def refusals(self) -> Counter[str]:
        """What could not be taken so far, by reason."""
        return self._poison.refusals

    async def run(self) -> None:
        """Connect, serve, wait, connect again. Ends only by cancellation."""
        while True:
            wait_s = self._backoff.next_s()
            try:
                async with self._dial(None) as wire:
                    await self._serve(wire)
            except* TransportError as group:
                wait_s = _own_wait_s(group) or wait_s
                _log.warning("post", step="no broker", why=str(group.exceptions[0]), retry_after_s=wait_s)
            await asyncio.sleep(wait_s)

    def replica_changed(self) -> None:
        """Members, media or the programme changed: offer it to the gateways. On the event loop only."""
        if self._session is not None:
            self._session.feed.changed()

    def released(self, gateway_id: str, ack: Ack) -> None:
        """An operator ended a quarantine: tell the gateway, with both heads of its incarnation."""
        if self._session is not None:
            self._session.say(gateway_id, Down.ACK, ack)

    async def _serve(self, wire: Wire) -> None:
        async with asyncio.TaskGroup() as tasks:
            session = Session(self._desk, wire, tasks)
            await wire.subscribe(topics.all_up())
            self._backoff.reset()
            self._session = session
            try:
                tasks.create_task(session.work())
                tasks.create_task(session.feed.run())
                async for inbound in wire.messages():
                    session.receive(inbound)
            finally:
                self._session = None


def _own_wait_s(group: BaseExceptionGroup[TransportError]) -> float | None:
    """The wait an error asks for itself, in seconds."""
    for error in group.exceptions:
        own_s = _own_wait_s(error) if isinstance(error, BaseExceptionGroup) else error.retry_after_s
        if own_s is not None:
            return own_s
    return None
