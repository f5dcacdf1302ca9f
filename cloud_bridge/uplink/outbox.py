"""What the uplink needs of a journal. Implemented by ``edge_agent.journal``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cloud_bridge.receipts import Ack, Head, LaneFigures
from cloud_bridge.topics import Lane


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a lane (the lane itself is known from the context)."""

    incarnation: str
    sequence: int


class OutboxRow(NamedTuple):
    """One journal row ready to send: ``body`` is the sealed event, sent byte for byte.

    A gap statement is a row too; its ``sequence`` is the first of the rows it stands for.
    """

    incarnation: str
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Advanced:
    """The acknowledgement fits. ``rows`` left the queue through it (0 when it was an old one)."""

    rows: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """The acknowledgement names an incarnation this journal never had; nothing changed."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The cloud holds another body where both had agreed before: neither side may go on. Nothing changed."""

    lane: Lane
    sequence: int


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The cloud holds rows this incarnation never wrote: the disk was rolled back, perhaps lived on. Nothing changed.

    It holds more than this journal, or (behind what was acknowledged) another body in the place of one written since.
    """

    lane: Lane
    sequence: int


AckResult = Advanced | Foreign | Mismatch | RolledBack


class Changed(Protocol):
    """A listener for commits. Each has its own memory, so that no commit is ever missed."""

    async def wait(self) -> None:
        """Return once something was committed to a lane since this listener was made or last returned."""


class Outbox(Protocol):
    """The unacknowledged rows of a journal. Its coroutines may be called from the event loop only."""

    @property
    def incarnation(self) -> str:
        """The incarnation new rows are written under."""

    def changed(self) -> Changed:
        """A new listener, to be made on the event loop that waits on it."""

    def heads(self) -> dict[Lane, Head]:
        """The last row written per lane of the current incarnation; from memory, without I/O."""

    async def unsent(self, lane: Lane, *, after: Place | None, events_max: int, bytes_max: int) -> list[OutboxRow]:
        """Unacknowledged rows behind ``after`` (``None``: from the first one), oldest first.

        Rows of older incarnations come before those of newer ones, and one answer holds rows of one
        incarnation only. At most ``events_max`` rows and ``bytes_max`` bytes of bodies, but at
        least one row when there is any. Empty when there is none.
        """

    async def acknowledge(self, ack: Ack) -> AckResult:
        """Take rows out of the queue when every head in ``ack`` fits this journal, hash included.

        Durable on return; pruning is the journal's own business. An acknowledgement lower than one
        before it changes nothing (``Advanced(0)``).
        """

    async def begin_incarnation(self, reason: str) -> None:
        """Write all further rows under a new incarnation, each lane from sequence 1."""

    async def figures(self) -> dict[Lane, LaneFigures]:
        """The loss ledger, for the heartbeat."""
