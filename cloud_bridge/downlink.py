"""The edge side of what the cloud sends down: replica steps in order, and whether this gateway may redeem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from cloud_bridge import topics
from cloud_bridge.receipts import Applied, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Up
from cloud_bridge.transport import Wire

_log = structlog.get_logger(__name__)


class StepOutcome(StrEnum):
    """What became of a step."""

    APPLIED = "applied"
    """Durable here now (or already before: the same step twice is no harm)."""
    OUT_OF_STEP = "out_of_step"
    """``from_version`` or ``epoch`` is not where this gateway stands: nothing changed."""


@dataclass(frozen=True, slots=True)
class ReplicaCursor:
    """Where the replica stands. ``epoch`` is empty and ``version`` 0 before the first step."""

    epoch: str
    version: int
    as_of: str
    members: int


class ReplicaSink(Protocol):
    """The gateway's copy of members, media and programme. Implemented by ``edge_agent``."""

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        """Apply a whole step in one transaction, durable on return.

        A step with ``from_version`` 0 replaces everything; any other applies only when its epoch
        and ``from_version`` are the cursor's. Raises ``ValueError`` for a step that nobody could use.
        """

    async def cursor(self) -> ReplicaCursor:
        """Where the replica stands now."""


class RightsSink(Protocol):
    """What a gateway does when the cloud says whether it may redeem. Implemented by ``edge_agent``."""

    async def heard(self, said: RightsStanding) -> None:
        """Thaw, or freeze and give back; durable on return. A new incarnation may have begun then."""

    async def freeze(self, why: str) -> None:
        """Redeem nothing until the next welcome, and keep what is held: nobody knows now whether it is all still here.

        Said of a disk that the cloud disputes, or has not compared with its own yet; durable on return.
        """


class Downlink:
    """Takes the steps of one connection, one after the other."""

    def __init__(self, replica: ReplicaSink, *, gateway_id: str, wire: Wire) -> None:
        self._replica = replica
        self._topic = topics.up(gateway_id, Up.APPLIED)
        self._wire = wire

    async def take(self, step: ReplicaStep) -> bool:
        """Apply a step and say so; False when it does not fit, so that the cloud is told where we stand.

        One that nobody could use changes nothing and is not confirmed: the store goes on with what it has.
        """
        try:
            outcome = await self._replica.apply(step)
        except ValueError as error:
            _log.error("downlink", problem=f"a step nobody can use: {error}", to_version=step.to_version)
            return True
        if outcome is StepOutcome.OUT_OF_STEP:
            _log.info("downlink", step="out of step", from_version=step.from_version, to_version=step.to_version)
            return False
        applied = Applied(epoch=step.epoch, version=step.to_version)
        await self._wire.publish(self._topic, applied.model_dump_json().encode())
        return True
