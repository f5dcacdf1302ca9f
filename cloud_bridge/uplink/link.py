"""The gateway's end of the line: connect, say hello, pump, listen; and again, for ever."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import BaseModel, ValidationError

from cloud_bridge import topics
from cloud_bridge.downlink import Downlink, ReplicaSink, RightsSink
from cloud_bridge.receipts import Ack, Hello, Nack, Presence, Quarantined, RightsStanding
from cloud_bridge.replica import STEP_BYTES_MAX, ReplicaStep
from cloud_bridge.topics import Down, DownTopic, Lane, TopicError, Up
from cloud_bridge.transport import Backoff, Dial, Inbound, TransportError, Will, Wire
from cloud_bridge.uplink.outbox import Outbox
from cloud_bridge.uplink.pump import Pump
from cloud_bridge.uplink.state import Link, LinkBoard, LinkState
from cloud_bridge.uplink.window import LaneWindow

HEARTBEAT_S = 15.0
UNANSWERED_HEARTBEAT_S = 3.0
"""While the cloud has not answered: it may have come to the broker after the last hello."""
HELLO_PAUSE_S = 0.2
"""The least time between two hellos, however often one is wanted."""
RECONNECT_FIRST_S = 0.5
RECONNECT_S_MAX = 30.0
_GOODBYE_S = 1.0
_KINDS: dict[Down, type[BaseModel]] = {
    Down.ACK: Ack,
    Down.NACK: Nack,
    Down.REPLICA: ReplicaStep,
    Down.QUARANTINE: Quarantined,
    Down.RIGHTS: RightsStanding,
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the heartbeat tells beside the lanes: software version, and state by device name."""

    software: str
    devices: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gateway:
    """What this gateway brings to the line."""

    gateway_id: str
    outbox: Outbox
    replica: ReplicaSink
    vitals: Callable[[], Vitals]
    now: Callable[[], datetime]
    """UTC, for the time since when a state lasts."""
    on_state: Callable[[LinkState], None]
    """Called on each change of the link's state."""
    rights: RightsSink | None = None
    """Told whether this gateway may redeem; ``None``: it never does."""


class GatewayLink:
    """Keeps one gateway connected. ``run`` ends only by cancellation, or by a fault of the journal."""

    def __init__(self, gateway: Gateway, dial: Dial, *, rng: random.Random) -> None:
        self._gateway = gateway
        self._dial = dial
        self._backoff = Backoff(first_s=RECONNECT_FIRST_S, wait_s_max=RECONNECT_S_MAX, rng=rng)
        self._board = LinkBoard(gateway.now, gateway.on_state)
        self._windows = {lane: LaneWindow() for lane in Lane}
        self._boot = secrets.token_hex(16)
        self.malformed = 0
        """Messages from the cloud that could not be read, and were ignored."""

    @property
    def state(self) -> LinkState:
        """How the link stands now."""
        return self._board.current

    async def run(self) -> None:
        """Connect, serve, wait, connect again."""
        while True:
            wait_s = await self._connect_once()
            await asyncio.sleep(wait_s)

    async def _connect_once(self) -> float:
        """One connection, from dialling to its end. Returns how long to wait before the next, in s."""
        presence = topics.up(self._gateway.gateway_id, Up.PRESENCE)
        try:
            async with self._dial(Will(presence, _json(Presence(online=False)))) as wire:
                await self._serve(wire, presence)
        except* TransportError as group:
            fault = _first(group)
            self._board.show(Link.OFFLINE, str(fault))
            _log.info("uplink", step="offline", why=str(fault))
            own_s = getattr(fault, "retry_after_s", None)
            return_s = own_s if own_s is not None else self._backoff.next_s()
        else:
            return_s = self._backoff.next_s()
        return return_s

    async def _serve(self, wire: Wire, presence: str) -> None:
        await wire.subscribe(topics.all_down(self._gateway.gateway_id))
        await wire.publish(presence, _json(Presence(online=True)), retain=True)
        self._backoff.reset()
        self._board.show(Link.UNANSWERED, "connected; the cloud has not answered yet")
        pump = Pump(
            self._gateway.outbox,
            gateway_id=self._gateway.gateway_id,
            wire=wire,
            board=self._board,
            windows=self._windows,
            rights=self._gateway.rights,
        )
        downlink = Downlink(self._gateway.replica, gateway_id=self._gateway.gateway_id, wire=wire)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(wire, pump, downlink))
                tasks.create_task(self._beat(wire, pump))
                tasks.create_task(pump.run())
        except asyncio.CancelledError:
            await _say_goodbye(wire, presence)
            raise

    async def _beat(self, wire: Wire, pump: Pump) -> None:
        """Say hello now, as a heartbeat, and whenever the cloud should say where it stands."""
        while True:
            pump.hello_wanted.clear()
            await wire.publish(topics.up(self._gateway.gateway_id, Up.HELLO), _json(await self._hello()))
            await asyncio.sleep(HELLO_PAUSE_S)
            try:
                async with asyncio.timeout(HEARTBEAT_S if pump.greeted else UNANSWERED_HEARTBEAT_S):
                    await pump.hello_wanted.wait()
            except TimeoutError:
                continue

    async def _hello(self) -> Hello:
        gateway = self._gateway
        cursor, vitals = await gateway.replica.cursor(), gateway.vitals()
        return Hello(
            incarnation=gateway.outbox.incarnation,
            replica_epoch=cursor.epoch,
            replica_version=cursor.version,
            lanes=await gateway.outbox.figures(),
            heads=gateway.outbox.heads(),
            software=vitals.software,
            boot=self._boot,
            devices=vitals.devices,
        )

    async def _listen(self, wire: Wire, pump: Pump, downlink: Downlink) -> None:
        async for inbound in wire.messages():
            message = self._read(inbound)
            match message:
                case Ack() | Nack() | Quarantined():
                    pump.hear(message, retained=inbound.retained)
                case RightsStanding():
                    # An answer to an earlier start, kept by the broker, says nothing of the disk that speaks now.
                    if message.boot == self._boot and not inbound.retained:
                        pump.hear(message, retained=False)
                case ReplicaStep():
                    if not await downlink.take(message):
                        pump.hello_wanted.set()

    def _read(self, inbound: Inbound) -> BaseModel | None:
        """The message, or ``None`` when it cannot be read: then it is counted and named in the log."""
        try:
            return _KINDS[self._kind_of(inbound)].model_validate_json(inbound.payload)
        except ValidationError as error:
            self._ignore(inbound.topic, f"{error.error_count()} faults, first: {_fault(error)}")
        except TopicError as error:
            self._ignore(inbound.topic, str(error))
        return None

    def _kind_of(self, inbound: Inbound) -> Down:
        topic = topics.parse(inbound.topic)
        if not isinstance(topic, DownTopic) or topic.gateway_id != self._gateway.gateway_id:
            raise TopicError("not spoken to this gateway")
        if len(inbound.payload) > STEP_BYTES_MAX:
            raise TopicError(f"{len(inbound.payload)} bytes; at most {STEP_BYTES_MAX}")
        return topic.kind

    def _ignore(self, topic: str, problem: str) -> None:
        self.malformed += 1
        _log.warning("uplink", step="message ignored", topic=topic[:120], problem=problem)


async def _say_goodbye(wire: Wire, presence: str) -> None:
    """An orderly end takes the last will back, so the gateway itself says that it leaves."""
    try:
        async with asyncio.timeout(_GOODBYE_S):
            await wire.publish(presence, _json(Presence(online=False)), retain=True)
    except (TransportError, TimeoutError) as error:
        _log.debug("uplink", step="no goodbye", why=str(error))


def _json(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'message'} {fault['type']}"


def _first(group: BaseExceptionGroup[TransportError]) -> BaseException:
    """The innermost first cause of a failed connection."""
    cause: BaseException = group
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return cause
