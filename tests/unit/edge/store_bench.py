"""A store on a bench: real journal, real decisions, a clock that is moved by hand, screens that remember."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.contract import PointsPostedV1
from cloud_bridge.payload import EventData
from cloud_bridge.replica import ReplicaMedium, ReplicaMember, ReplicaProgramme, ReplicaStep
from cloud_bridge.topics import Lane
from devices.card_channel import CardGone
from devices.ntag424.keys import CardKeys
from devices.observations import CardTapped, CardUid, ChoiceMade, CodeScanned, SaleCompleted, SaleLine, SaleReceipt
from edge_agent.cards import CardDesk, CardSecrets
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.counters import Counter, Counters
from edge_agent.decisions import Decisions, Shop
from edge_agent.journal import Journal, JournalSettings
from edge_agent.members import Replica
from edge_agent.outcomes import Outcome
from edge_agent.tap_path import Pass, TapPath, log_passage
from loyalty.identifiers import StoreId, medium_id

KEY = b"m" * 32
SECRET = b"s" * 32
META_KEY = b"meta key of 16 b"
ANNA_CARD = CardUid.from_hex("04A1B2C3D4E5F6")
BEN_CARD = CardUid.from_hex("04112233445566")
NOBODYS_CARD = CardUid.from_hex("04FFFFFFFFFFFF")
ANNA_CODE = "member:anna:7431"
COUNTER = Counter(name="front", kiosk="kiosk-1", till="till-1", readers=("reader-1",), scanners=("scanner-1",))
SOLD_AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class Card(Protocol):
    """A card that answers commands."""

    uid: bytes

    def apply(self, apdu: bytes) -> bytes: ...


class HandLine:
    """A line to a card without a reader in between; it is cut after ``answers_left`` answers."""

    def __init__(self, card: Card, *, answers_left: int = 1_000) -> None:
        self._card = card
        self._answers_left = answers_left
        self.is_closed = False

    async def transceive(self, command: bytes) -> bytes:
        self._answers_left -= 1
        if self.is_closed or self._answers_left < 0:
            raise CardGone("taken away")
        return self._card.apply(command)

    def close(self) -> None:
        self.is_closed = True


class HandClock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.ns = (BUILD_DATE_MS + 86_400_000) * 1_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)

    def hybrid(self) -> HybridClock:
        return HybridClock(lambda: self.ns, lambda: self.ns, BUILD_DATE_MS, lambda: True, boot_id="bench")


def medium(card: CardUid) -> str:
    return medium_id("card", card.number, key=KEY)


class StoreBench:
    """One counter of one store, walked observation by observation."""

    def __init__(self, journal: Journal, clock: HandClock, passing: Pass, decisions: Decisions | None) -> None:
        self.journal = journal
        self.clock = clock
        self.shown: list[Outcome] = []
        self.receipts: list[SaleReceipt] = []
        self._version = 0
        deciding = decisions or bench_decisions()
        self.replica = Replica(journal, deciding)
        cards = CardDesk(journal, CardSecrets(KEY, SECRET, META_KEY))
        self.path = TapPath(journal, deciding, self.shown.append, medium_key=KEY, cards=cards, passing=passing)

    async def tap(self, card: CardUid) -> Outcome | None:
        return await self.path.walk("reader-1", CardTapped(card, "NTAG213"))

    async def hold(self, card: Card, *, technology: str = "nfc-a", reader: str = "reader-1") -> Outcome | None:
        """A card that takes commands is held to the reader."""
        line = HandLine(card)
        try:
            return await self.path.walk(reader, CardTapped(CardUid(card.uid), technology, channel=line))
        finally:
            assert line.is_closed

    async def scan(self, text: str, symbology: str = "QRCode") -> Outcome | None:
        return await self.path.walk("scanner-1", CodeScanned(text, symbology))

    async def touch(self, choice: str, subject: str = "") -> Outcome | None:
        return await self.path.walk("kiosk-1", ChoiceMade("kiosk-1", choice, subject))

    async def sell(
        self, sale: str, minor: int, *, refund_of: str | None = None, till: str = "till-1", card: CardUid | None = None
    ) -> Outcome | None:
        line = SaleLine("tea", "Tea", 1 if minor >= 0 else -1, abs(minor))
        receipt = SaleCompleted(
            sale, till, "CNY", minor, (line,), SOLD_AT, refund_of=refund_of, card=card, reply=self.receipts.append
        )
        return await self.path.walk("till-feed", receipt)

    async def learn(
        self,
        *,
        members: tuple[tuple[str, str, int], ...] = (),
        media: tuple[tuple[str, str | None], ...] = (),
        cards: tuple[tuple[CardUid, str, CardKeys], ...] = (),
        programme: bool = False,
        included: int = 0,
    ) -> None:
        """The cloud's next word: members as (id, name, balance), media as (medium, member), strong cards with keys."""
        before, self._version = self._version, self._version + 1
        await self.replica.apply(
            ReplicaStep(
                epoch="one",
                from_version=before,
                to_version=self._version,
                latest_version=self._version,
                as_of="2026-06-02T09:00:00.000Z",
                incarnation=self.journal.incarnation,
                included={Lane.LEDGER: {"sequence": included, "hash": "0" * 64}} if included else {},
                programme=ReplicaProgramme(
                    name="Regulars", currency="CNY", points=1, per_minor=100, minimum_minor=0, version=self._version
                )
                if programme
                else None,
                members=tuple(
                    ReplicaMember(member=m, name=name, language="en", balance=balance, version=self._version)
                    for m, name, balance in members
                ),
                media=(
                    *(ReplicaMedium(medium=m, member=who, version=self._version) for m, who in media),
                    *(self._strong(*card) for card in cards),
                ),
            )
        )

    def _strong(self, card: CardUid, member: str, keys: CardKeys) -> ReplicaMedium:
        sealed = CardKeySeal(SECRET).seal(medium(card), keys)
        return ReplicaMedium(medium=medium(card), member=member, version=self._version, card_keys=sealed)

    async def facts(self, kind: type[EventData], *, limit: int = 1_000) -> list[dict[str, object]]:
        """The payloads of one type in the ledger lane, oldest first."""
        import orjson

        rows = await self.journal.read(lambda reader: list(reader.tail(Lane.LEDGER, limit)))
        events = sorted((orjson.loads(row.body) for row in rows), key=lambda event: event["sequence"])
        return [event["data"] for event in events if event["type"] == kind.type]

    async def points_of(self, member: str) -> int:
        balance = await self.journal.read(lambda reader: reader.balance(member))
        assert balance is not None
        return balance.points

    async def postings(self) -> list[int]:
        """The points of every posting event, in order."""
        return [posting["points"] for fact in await self.facts(PointsPostedV1) for posting in fact["postings"]]  # type: ignore[attr-defined]


def bench_shop(timezone: str = "UTC", *, pin_above_points: int = 0) -> Shop:
    return Shop(StoreId("harbour"), Counters([COUNTER]), KEY, timezone=timezone, pin_above_points=pin_above_points)


def bench_decisions(timezone: str = "UTC") -> Decisions:
    return Decisions(bench_shop(timezone))


@asynccontextmanager
async def store_bench(
    folder: Path,
    *,
    clock: HandClock | None = None,
    passing: Pass = log_passage,
    decisions: Decisions | None = None,
    stocked: bool = True,
) -> AsyncIterator[StoreBench]:
    """Open the store's journal in ``folder`` (again, if it is there) and close it behind the test."""
    clock = clock or HandClock()
    journal = Journal.open(JournalSettings(folder / "journal.db", "harbour-1", SECRET), clock=clock.hybrid())
    try:
        bench = StoreBench(journal, clock, passing, decisions)
        if stocked:
            await bench.learn(
                members=(("anna", "Anna", 100), ("ben", "Ben", 0)),
                media=(
                    (medium(ANNA_CARD), "anna"),
                    (medium(BEN_CARD), "ben"),
                    (medium_id("code", ANNA_CODE.encode(), key=KEY), "anna"),
                ),
                programme=True,
            )
        yield bench
    finally:
        await journal.close()
