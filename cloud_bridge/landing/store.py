"""What landing needs of the cloud's database. Implemented by ``cloud_crm``, rules excluded.

``LandingStore.land`` opens one transaction and hands it, dressed as :class:`LandingBooks`, to
:func:`cloud_bridge.landing.sequencing.settle`, which decides everything. All methods are
synchronous and are called from one worker thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloud_bridge.landing.batches import Batch, Received, Refusal
from cloud_bridge.receipts import Ack, Applied, Head, Hello, Nack, Quarantined, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane


@dataclass(frozen=True, slots=True)
class Stream:
    """One lane of one incarnation of one gateway: what has a head."""

    gateway_id: str
    incarnation: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows ``first`` to ``last`` will never come: a signed gap statement said so."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Landed:
    """What one group of batches adds to one stream, to be stored with its effects.

    ``events`` ascend; a gap statement is among them (at the sequence of its first row). Store the
    rows, post what they say, count ``losses`` by reason and ``duplicates``, and set the head.
    """

    stream: Stream
    events: Sequence[Received]
    losses: Sequence[Loss]
    duplicates: int
    head: Head


@dataclass(frozen=True, slots=True)
class Dispute:
    """Why a gateway is quarantined, with the body that is not believed (empty when unreadable)."""

    gateway_id: str
    notice: Quarantined
    body: bytes


@dataclass(frozen=True, slots=True)
class Greeted:
    """What a gateway that said hello is told: its heads, or why nothing lands; and whether it may redeem."""

    answer: Ack | Quarantined
    standing: RightsStanding


class LandingStoreError(Exception):
    """The database cannot be used now; nothing was stored. What was sent will be sent again."""

    def __init__(self, reason: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class LandingBooks(Protocol):
    """One open transaction. On PostgreSQL ``head`` locks the stream's row until it ends."""

    def secret(self, gateway_id: str) -> bytes | None:
        """The gateway's secret; ``None`` when no such gateway is enrolled."""

    def quarantine(self, gateway_id: str) -> Quarantined | None:
        """The notice in force, if the gateway is quarantined."""

    def head(self, stream: Stream) -> Head:
        """The last row applied; sequence 0 and ``GENESIS_HASH`` for a stream not seen before."""

    def hashes(self, stream: Stream, first: int, last: int) -> dict[int, str]:
        """The stored events' hashes by sequence within a range; sequences lost in a gap are absent.

        A gap statement is not a row of the chain: leave it out.
        """

    def store(self, landed: Landed) -> None:
        """Keep the events, their effects and the head. Called once per stream and transaction."""

    def dispute(self, dispute: Dispute) -> None:
        """Quarantine the gateway and keep the disputed body for an operator."""


@dataclass(slots=True)
class LandingResult:
    """What to tell the gateways once the transaction is committed. In order: acks, nacks, notices."""

    acks: dict[tuple[str, str], Ack] = field(default_factory=dict)
    """By gateway and incarnation."""
    nacks: dict[Stream, Nack] = field(default_factory=dict)
    notices: dict[str, Quarantined] = field(default_factory=dict)
    applied: int = 0
    duplicates: int = 0
    lost: int = 0
    refusals: list[tuple[Stream, Refusal]] = field(default_factory=list)
    """Each batch that was not taken whole, and why."""

    def add(self, other: LandingResult) -> None:
        """Take in the result of a later transaction."""
        self.acks.update(other.acks)
        self.nacks.update(other.nacks)
        self.notices.update(other.notices)
        self.applied += other.applied
        self.duplicates += other.duplicates
        self.lost += other.lost
        self.refusals.extend(other.refusals)


class LandingStore(Protocol):
    """The cloud's database as landing sees it. Raises :class:`LandingStoreError` when it is away."""

    def land(self, batches: Sequence[Batch]) -> LandingResult:
        """``settle(batches, books)`` within one transaction; durable on return."""

    def greet(self, gateway_id: str, hello: Hello) -> Greeted | None:
        """Keep what the heartbeat says; answer both lanes' heads of ``hello.incarnation``, and its standing.

        The notice instead of the heads when quarantined; ``None`` when no such gateway is enrolled.
        """

    def presence(self, gateway_id: str, *, online: bool) -> None:
        """Keep whether the gateway is connected. Unknown gateways are ignored."""

    def quarantine(self, dispute: Dispute) -> None:
        """As :meth:`LandingBooks.dispute`, in a transaction of its own."""

    def applied(self, gateway_id: str, applied: Applied) -> None:
        """Keep the replica version that is durable at the gateway."""

    def next_step(self, gateway_id: str, *, incarnation: str, epoch: str, version: int) -> ReplicaStep | None:
        """The step that follows ``version`` (from 0 when the epoch differs); ``None`` when up to date."""
