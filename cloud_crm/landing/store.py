"""The database as landing sees it: one transaction per group of batches, with all its effects.

The rules (what is next, known, missing or disputed) are :mod:`cloud_bridge.landing.sequencing`'s;
here is only what is kept, and what a decision of a store does to the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cloud_bridge.envelope import GENESIS_HASH
from cloud_bridge.landing.batches import Batch
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.landing.store import Dispute, Greeted, Landed, LandingResult, LandingStoreError, Stream
from cloud_bridge.receipts import Ack, Applied, Head, Hello, Quarantined, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane
from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.events import repository as events
from cloud_crm.floor.landing import LandedFloors
from cloud_crm.gateways import quarantine
from cloud_crm.gateways import repository as gateways
from cloud_crm.gateways.repository import StreamRow
from cloud_crm.landing import replica_feed
from cloud_crm.landing.loyalty import LoyaltyLanding
from cloud_crm.landing.replica_feed import ReplicaPlace
from cloud_crm.members import repository as members
from cloud_crm.members.chips import CardBook
from cloud_crm.members.repository import MediumRow
from cloud_crm.rights import greeting
from cloud_crm.standing.landing import LandedPeople

_log = structlog.get_logger()

_RETRY_AFTER_S = 2.0


class Watcher(Protocol):
    """Hears, after each commit and in the landing thread, what has changed. Must return at once."""

    def landed(self, landed: Sequence[Landed]) -> None:
        """These events are durable."""

    def stirred(self, gateway_id: str) -> None:
        """Something about this gateway is different now."""


@dataclass(frozen=True, slots=True)
class LandingEffects:
    """What landed events do: to points and rights, to what is known of people, and of shop floors.

    ``cards`` are told to stores.
    """

    loyalty: LoyaltyLanding
    people: LandedPeople | None = None
    cards: CardBook | None = None
    floors: LandedFloors = field(default_factory=LandedFloors)


class CrmLandingStore:
    """Implements :class:`cloud_bridge.landing.store.LandingStore`."""

    def __init__(
        self,
        database: Database,
        *,
        secrets: Mapping[str, bytes],
        clock: Clock,
        watcher: Watcher,
        effects: LandingEffects | None = None,
    ) -> None:
        """``secrets``: the enrolled gateways' secrets by id."""
        self._database = database
        self._effects = effects or LandingEffects(LoyaltyLanding())
        self._secrets = dict(secrets)
        self._clock = clock
        self._watcher = watcher

    def land(self, batches: Sequence[Batch]) -> LandingResult:
        with self._books() as books:
            result = settle(batches, books)
            books.take_effect(self._effects, self._clock())
        if books.disputed_postings:
            _log.error("post", outcome="disputed", postings=books.disputed_postings)
        if books.landed:
            self._watcher.landed(books.landed)
        for gateway_id in result.notices:
            self._watcher.stirred(gateway_id)
        return result

    def greet(self, gateway_id: str, hello: Hello) -> Greeted | None:
        if gateway_id not in self._secrets:
            return None
        with self._books() as books:
            books.hear(gateway_id, hello)
            answer = books.quarantine(gateway_id) or books.ack(gateway_id, hello.incarnation)
            standing = books.greet(gateway_id, hello)
        self._watcher.stirred(gateway_id)
        return Greeted(answer, standing)

    def ack(self, gateway_id: str, incarnation: str) -> Ack:
        """Both heads of an incarnation, as they stand."""
        with self._books() as books:
            return books.ack(gateway_id, incarnation)

    def presence(self, gateway_id: str, *, online: bool) -> None:
        with self._writing() as connection:
            gateways.keep_presence(connection, gateway_id, online=online, at=self._now())
        self._watcher.stirred(gateway_id)

    def quarantine(self, dispute: Dispute) -> None:
        with self._books() as books:
            books.dispute(dispute)
        self._watcher.stirred(dispute.gateway_id)

    def applied(self, gateway_id: str, applied: Applied) -> None:
        with self._writing() as connection:
            gateways.keep_applied(connection, gateway_id, epoch=applied.epoch, version=applied.version, at=self._now())
        self._watcher.stirred(gateway_id)

    def next_step(self, gateway_id: str, *, incarnation: str, epoch: str, version: int) -> ReplicaStep | None:
        if gateway_id not in self._secrets:
            return None
        place = ReplicaPlace(gateway_id, incarnation, epoch, version)
        with _typed_errors(), self._database.read() as connection:
            step = replica_feed.next_step(
                connection, place, as_of=self._now(), card_keys=partial(self._card_keys, gateway_id)
            )
        if step is not None:
            with self._writing() as connection:
                gateways.keep_sent(connection, gateway_id, step.to_version)
        return step

    def _card_keys(self, gateway_id: str, row: MediumRow) -> str | None:
        cards = self._effects.cards
        return cards.keys_for(self._secrets[gateway_id], row) if cards is not None else None

    @contextmanager
    def _books(self) -> Iterator[_Books]:
        with self._writing() as connection:
            yield _Books(connection, self._secrets, self._now())

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _typed_errors(), self._database.write() as connection:
            yield connection

    def _now(self) -> str:
        return rfc3339(self._clock())


@contextmanager
def _typed_errors() -> Iterator[None]:
    """A database that is away or locked is the operator's business, and worth another try."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        reason = str(error).splitlines()[0]
        raise LandingStoreError(f"the database does not take it: {reason}", retry_after_s=_RETRY_AFTER_S) from error


class _Books:
    """One open transaction, dressed as :class:`cloud_bridge.landing.store.LandingBooks`."""

    def __init__(self, connection: Connection, secrets: Mapping[str, bytes], at: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._at = at
        self._rows: dict[Stream, StreamRow | None] = {}
        self.landed: list[Landed] = []
        self.disputed_postings = 0

    def secret(self, gateway_id: str) -> bytes | None:
        return self._secrets.get(gateway_id)

    def quarantine(self, gateway_id: str) -> Quarantined | None:
        return quarantine.open_dispute(self._connection, gateway_id)

    def head(self, stream: Stream) -> Head:
        row = self._row(stream)
        return Head(sequence=row.high, hash=row.hash) if row else Head(sequence=0, hash=GENESIS_HASH)

    def hashes(self, stream: Stream, first: int, last: int) -> dict[int, str]:
        row = self._row(stream)
        return events.hashes(self._connection, row.stream_id, first, last) if row else {}

    def store(self, landed: Landed) -> None:
        stream_id = gateways.advance_stream(self._connection, landed, self._row(landed.stream))
        gateways.keep_heard(self._connection, landed.stream.gateway_id, self._at)
        gateways.add_gaps(self._connection, stream_id, landed, self._at)
        events.keep(self._connection, stream_id, landed.events)
        self.landed.append(landed)

    def take_effect(self, effects: LandingEffects, now: datetime) -> None:
        """What all that was stored does beyond being kept, once for the whole transaction."""
        if not self.landed:
            return
        done = effects.loyalty.effects(self._connection, self.landed, now=now)
        if effects.people is not None:
            effects.people.apply(self._connection, self.landed, now)
        effects.floors.apply(self._connection, self.landed)
        members.touch(self._connection, done.members)
        self.disputed_postings = len(done.disputed)

    def greet(self, gateway_id: str, hello: Hello) -> RightsStanding:
        return greeting.greet(self._connection, gateway_id, hello, at=self._at)

    def hear(self, gateway_id: str, hello: Hello) -> None:
        gateways.keep_hello(
            self._connection,
            gateway_id,
            incarnation=hello.incarnation,
            hello=hello.model_dump_json(),
            at=self._at,
        )

    def ack(self, gateway_id: str, incarnation: str) -> Ack:
        heads = {lane: self.head(Stream(gateway_id, incarnation, lane)) for lane in Lane}
        return Ack(incarnation=incarnation, lanes=heads)

    def dispute(self, dispute: Dispute) -> None:
        quarantine.begin(self._connection, dispute, self._at)

    def _row(self, stream: Stream) -> StreamRow | None:
        if stream not in self._rows:
            self._rows[stream] = gateways.find_stream(self._connection, stream)
        return self._rows[stream]
