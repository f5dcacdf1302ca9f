"""Hands replica steps to gateways: one at a time each, the next when the last is durable there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cloud_bridge.receipts import Applied, Hello
from cloud_bridge.replica import ReplicaStep

STEP_PATIENCE_S = 10.0
"""How long a step may stay unanswered before it is offered again."""
CHANGES_PAUSE_S = 1.0
"""Changes are gathered for so long before connected gateways are offered them."""

NextStep = Callable[[str, str, str, int], Awaitable[ReplicaStep | None]]
"""Asks the store: gateway, incarnation, epoch, version."""
SendStep = Callable[[str, ReplicaStep], None]


@dataclass(slots=True)
class _Place:
    """Where one gateway's replica stands, and the step it was offered last."""

    incarnation: str
    epoch: str
    version: int
    offered: tuple[str, int] | None = None
    offered_at_s: float = field(default=0.0)
    behind: bool = False
    """The step offered last does not reach the latest version: the next follows at once."""
    missed: bool = False
    """Something changed while a step was on its way."""


class ReplicaFeed:
    """Knows the gateways that said hello on this connection."""

    def __init__(self, next_step: NextStep, send: SendStep) -> None:
        self._next_step = next_step
        self._send = send
        self._places: dict[str, _Place] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Offer changes to every gateway known, at most once per pause."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for gateway_id in tuple(self._places):
                await self._offer(gateway_id)
            await asyncio.sleep(CHANGES_PAUSE_S)

    def changed(self) -> None:
        """Members, media, balances or the programme changed. To be called on the event loop."""
        self._changed.set()

    async def greeted(self, gateway_id: str, hello: Hello) -> None:
        """An enrolled gateway said where it stands."""
        before = self._places.get(gateway_id)
        if before is not None and (before.epoch, before.version) == (hello.replica_epoch, hello.replica_version):
            before.incarnation = hello.incarnation
        else:
            self._places[gateway_id] = _Place(hello.incarnation, hello.replica_epoch, hello.replica_version)
        await self._offer(gateway_id)

    async def applied(self, gateway_id: str, applied: Applied) -> None:
        """A step is durable at a gateway: time for the next."""
        place = self._places.get(gateway_id)
        if place is not None:
            place.epoch, place.version, place.offered = applied.epoch, applied.version, None
            if place.behind:
                await self._offer(gateway_id)
            elif place.missed:
                self._changed.set()  # a backlog that lands changes balances all the time: one step per pause

    def left(self, gateway_id: str) -> None:
        """A gateway went offline; it will say hello when it is back."""
        self._places.pop(gateway_id, None)

    async def _offer(self, gateway_id: str) -> None:
        place = self._places.get(gateway_id)
        now_s = asyncio.get_running_loop().time()
        if place is None:
            return
        if place.offered is not None and now_s < place.offered_at_s + STEP_PATIENCE_S:
            place.missed = True
            return
        place.missed = False
        step = await self._next_step(gateway_id, place.incarnation, place.epoch, place.version)
        if step is not None:
            place.offered, place.offered_at_s = (step.epoch, step.to_version), now_s
            place.behind = step.to_version < step.latest_version
            self._send(gateway_id, step)
