"""A cloud's store in memory: keeps what the rules say, and nothing of its own invention."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_bridge.contract import JournalGapV1
from cloud_bridge.envelope import GENESIS_HASH
from cloud_bridge.landing.batches import Batch, Received
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.landing.store import Dispute, Greeted, Landed, LandingResult, Loss, Stream
from cloud_bridge.receipts import Ack, Applied, Head, Hello, Quarantined, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane
from tests.unit.bridge.memory_outbox import SECRET


class MemoryBooks:
    """What is stored, and one transaction's view of it."""

    def __init__(self, *gateways: str) -> None:
        self.secrets = dict.fromkeys(gateways or ("store-1",), SECRET)
        self.heads: dict[Stream, Head] = {}
        self.rows: dict[Stream, dict[int, Received]] = {}
        self.losses: dict[Stream, list[Loss]] = {}
        self.duplicates = 0
        self.disputes: list[Dispute] = []
        self.quarantines: dict[str, Quarantined] = {}

    def secret(self, gateway_id: str) -> bytes | None:
        return self.secrets.get(gateway_id)

    def quarantine(self, gateway_id: str) -> Quarantined | None:
        return self.quarantines.get(gateway_id)

    def head(self, stream: Stream) -> Head:
        return self.heads.get(stream, Head(sequence=0, hash=GENESIS_HASH))

    def hashes(self, stream: Stream, first: int, last: int) -> dict[int, str]:
        return {
            sequence: row.hash
            for sequence, row in self.rows.get(stream, {}).items()
            if first <= sequence <= last and not isinstance(row.data, JournalGapV1)
        }

    def store(self, landed: Landed) -> None:
        rows = self.rows.setdefault(landed.stream, {})
        for event in landed.events:
            assert event.sequence not in rows, "a sequence was applied twice"
            rows[event.sequence] = event
        self.losses.setdefault(landed.stream, []).extend(landed.losses)
        self.duplicates += landed.duplicates
        self.heads[landed.stream] = landed.head

    def dispute(self, dispute: Dispute) -> None:
        self.disputes.append(dispute)
        self.quarantines[dispute.gateway_id] = dispute.notice

    def stored(self, stream: Stream) -> list[Received]:
        return [row for _, row in sorted(self.rows.get(stream, {}).items())]


class MemoryStore:
    """The store as the landing sees it."""

    def __init__(self, *gateways: str) -> None:
        self.books = MemoryBooks(*gateways)
        self.transactions = 0
        self.hellos: list[Hello] = []
        self.online: dict[str, bool] = {}
        self.versions: dict[str, Applied] = {}
        self.steps: list[ReplicaStep] = []

    def land(self, batches: Sequence[Batch]) -> LandingResult:
        self.transactions += 1
        return settle(batches, self.books)

    def greet(self, gateway_id: str, hello: Hello) -> Greeted | None:
        if gateway_id not in self.books.secrets:
            return None
        self.hellos.append(hello)
        answer = self.books.quarantines.get(gateway_id) or self.standing(gateway_id, hello.incarnation)
        return Greeted(answer, RightsStanding(incarnation=hello.incarnation, standing="welcome", boot=hello.boot))

    def standing(self, gateway_id: str, incarnation: str) -> Ack:
        heads = {lane: self.books.head(Stream(gateway_id, incarnation, lane)) for lane in Lane}
        return Ack(incarnation=incarnation, lanes=heads)

    def presence(self, gateway_id: str, *, online: bool) -> None:
        self.online[gateway_id] = online

    def quarantine(self, dispute: Dispute) -> None:
        self.books.dispute(dispute)

    def applied(self, gateway_id: str, applied: Applied) -> None:
        self.versions[gateway_id] = applied

    def next_step(self, gateway_id: str, *, incarnation: str, epoch: str, version: int) -> ReplicaStep | None:
        at = version if self.steps and epoch == self.steps[0].epoch else 0
        return next((step for step in self.steps if step.from_version == at), None)

    def release(self, gateway_id: str) -> None:
        """An operator has looked."""
        del self.books.quarantines[gateway_id]
