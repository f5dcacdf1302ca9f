"""The edge side of replica steps: apply in order, answer what is durable, ask again when out of step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cloud_bridge.replica import ReplicaStep


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
        and ``from_version`` are the cursor's.
        """

    async def cursor(self) -> ReplicaCursor:
        """Where the replica stands now."""
