"""One connection of the cloud: receive from every gateway, land in groups, answer each.

One queue, one worker: the store is called by one thread at a time, and answers leave only after
its transaction is durable. Whatever the bytes, nothing here ends but with the connection.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from cloud_bridge import topics
from cloud_bridge.envelope import BATCH_BYTES_MAX
from cloud_bridge.landing.batches import Batch, Refusal, read_batch
from cloud_bridge.landing.poison import UNKNOWN_GATEWAY, PoisonWatch
from cloud_bridge.landing.replica_feed import ReplicaFeed
from cloud_bridge.landing.store import LandingResult, LandingStore, LandingStoreError, Stream
from cloud_bridge.receipts import Applied, Hello, Message, Presence, Quarantined
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Down, Lane, TopicError, Up, UpTopic
from cloud_bridge.transport import Inbound, Wire

GROUP_MESSAGES_MAX = 64
"""Messages landed in one transaction."""
QUEUE_MESSAGES_MAX = 2_000
QUEUE_BYTES_MAX = 64 * 1024 * 1024
"""What waits to be landed; more is dropped and will be sent again by its gateway."""
_SAID: dict[Up, type[Message]] = {Up.HELLO: Hello, Up.APPLIED: Applied, Up.PRESENCE: Presence}

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class Offload(Protocol):
    """Runs a blocking call elsewhere, one at a time."""

    async def __call__(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, or raise what it raises."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What outlives a connection: the store, its thread, and the memory of what was refused."""

    store: LandingStore
    offload: Offload
    poison: PoisonWatch
    on_landed: Callable[[LandingResult], None]


@dataclass(frozen=True, slots=True)
class _Inbound:
    topic: UpTopic
    payload: bytes


class Session:
    """One connection: its queue, its worker, its answers."""

    def __init__(self, desk: Desk, wire: Wire, tasks: asyncio.TaskGroup) -> None:
        self._desk = desk
        self._store, self._poison = desk.store, desk.poison
        self._wire = wire
        self._tasks = tasks
        self._turn = asyncio.Lock()
        self._queue: deque[_Inbound] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._greeted: set[str] = set()
        self.feed = ReplicaFeed(self._next_step, lambda gateway_id, step: self.say(gateway_id, Down.REPLICA, step))

    def receive(self, inbound: Inbound) -> None:
        """Queue a message; what fits no topic of ours, or finds the queue full, is counted and dropped."""
        try:
            topic = topics.parse(inbound.topic)
        except TopicError as error:
            self._refuse("bad_topic", str(error))
            return
        if not isinstance(topic, UpTopic):
            self._refuse("bad_topic", "spoken on a topic that is ours to speak on")
        elif len(inbound.payload) > BATCH_BYTES_MAX and not isinstance(topic.channel, Lane):
            self._refuse("oversized", f"{topic.channel}: {len(inbound.payload)} bytes")
        elif len(self._queue) >= QUEUE_MESSAGES_MAX or self._queued_bytes + len(inbound.payload) > QUEUE_BYTES_MAX:
            self._refuse("queue_full", f"{len(self._queue)} messages wait")
        else:
            self._queue.append(_Inbound(topic, inbound.payload))
            self._queued_bytes += len(inbound.payload)
            self._arrived.set()

    def say(self, gateway_id: str, kind: Down, message: BaseModel) -> None:
        """Publish to one gateway, in the order of the calls. Acknowledgements are retained."""
        topic, payload = topics.down(gateway_id, kind), message.model_dump_json().encode()
        self._tasks.create_task(self._wire.publish(topic, payload, retain=kind is Down.ACK))

    async def work(self) -> None:
        """Land what is queued, in order, a group at a time."""
        while True:
            await self._arrived.wait()
            group = self._take_group()
            if not group:
                self._arrived.clear()
                continue
            try:
                await self._handle(group)
            except LandingStoreError as error:
                self._refuse("store_unavailable", str(error), times=len(group))
                await asyncio.sleep(error.retry_after_s)

    def _take_group(self) -> list[_Inbound]:
        """Batches that follow each other, or one message of another kind."""
        group: list[_Inbound] = []
        while self._queue and len(group) < GROUP_MESSAGES_MAX:
            is_batch = isinstance(self._queue[0].topic.channel, Lane)
            if group and not is_batch:
                break
            group.append(self._queue.popleft())
            self._queued_bytes -= len(group[-1].payload)
            if not is_batch:
                break
        return group

    async def _handle(self, group: list[_Inbound]) -> None:
        topic, payload = group[0].topic, group[0].payload
        if isinstance(topic.channel, Lane):
            await self._land(group)
            return
        try:
            message = _SAID[topic.channel].model_validate_json(payload)
        except ValidationError as error:
            self._refuse("malformed", f"{topic.gateway_id} {topic.channel}: {error.error_count()} faults")
            return
        match message:
            case Hello():
                await self._greet(topic.gateway_id, message)
            case Applied():
                await self._ask(lambda: self._store.applied(topic.gateway_id, message))
                await self.feed.applied(topic.gateway_id, message)
            case Presence():
                await self._note_presence(topic.gateway_id, online=message.online)

    async def _land(self, group: list[_Inbound]) -> None:
        batches, result = await self._ask(lambda: _land(self._store, group))
        for (gateway_id, _), ack in result.acks.items():
            self.say(gateway_id, Down.ACK, ack)
        for stream, nack in result.nacks.items():
            self.say(stream.gateway_id, Down.NACK, nack)
        for gateway_id, notice in result.notices.items():
            self.say(gateway_id, Down.QUARANTINE, notice)
        for stream, refusal in result.refusals:
            _log.warning(
                "post", step="refused", gateway=stream.gateway_id, reason=refusal.reason, detail=refusal.detail
            )
        for dispute in self._poison.observe(batches, result):
            await self._ask(lambda dispute=dispute: self._store.quarantine(dispute))  # type: ignore[misc]
            self.say(dispute.gateway_id, Down.QUARANTINE, dispute.notice)
        if result.applied:
            self.feed.changed()
        self._desk.on_landed(result)

    async def _greet(self, gateway_id: str, hello: Hello) -> None:
        greeted = await self._ask(lambda: self._store.greet(gateway_id, hello))
        if greeted is None:
            self._refuse(UNKNOWN_GATEWAY, f"{gateway_id} is not enrolled here")
            return
        if gateway_id not in self._greeted:
            self._greeted.add(gateway_id)
            await self._note_presence(gateway_id, online=True)
        answer = greeted.answer
        self.say(gateway_id, Down.QUARANTINE if isinstance(answer, Quarantined) else Down.ACK, answer)
        self.say(gateway_id, Down.RIGHTS, greeted.standing)
        await self.feed.greeted(gateway_id, hello)

    async def _note_presence(self, gateway_id: str, *, online: bool) -> None:
        await self._ask(lambda: self._store.presence(gateway_id, online=online))
        if not online:
            self._greeted.discard(gateway_id)
            self.feed.left(gateway_id)

    async def _next_step(self, gateway_id: str, incarnation: str, epoch: str, version: int) -> ReplicaStep | None:
        return await self._ask(
            lambda: self._store.next_step(gateway_id, incarnation=incarnation, epoch=epoch, version=version)
        )

    async def _ask(self, call: Callable[[], T]) -> T:
        async with self._turn:
            return await self._desk.offload(call)

    def _refuse(self, reason: str, detail: str, *, times: int = 1) -> None:
        self._poison.refusals[reason] += times
        _log.warning("post", step="refused", reason=reason, detail=detail)


def _land(store: LandingStore, group: Sequence[_Inbound]) -> tuple[list[Batch], LandingResult]:
    """Read and land a group in the store's thread; if it fails as a whole, batch by batch.

    So one batch that a bug cannot digest stops nobody but itself, and is counted like a bad one.
    """
    batches = [read_batch(item.topic.gateway_id, Lane(item.topic.channel), item.payload) for item in group]
    try:
        return batches, store.land(batches)
    except LandingStoreError:
        raise
    except Exception:  # noqa: BLE001 - a bulkhead: what fails here is told apart below
        _log.exception("post", step="a group failed; its batches are landed one by one")
    whole = LandingResult()
    for batch in batches:
        try:
            whole.add(store.land([batch]))
        except LandingStoreError:
            raise
        except Exception as error:  # noqa: BLE001 - counted, logged, and quarantined when it persists
            _log.exception("post", step="a batch failed", gateway=batch.gateway_id, lane=batch.lane.value)
            stream = Stream(batch.gateway_id, batch.incarnation, batch.lane)
            whole.refusals.append((stream, Refusal("failed", type(error).__name__)))
    return batches, whole
