"""A journal in memory, with the outbox of a real one: records, loses, is rolled back."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field
from typing import Any

from cloud_bridge.contract import CardTappedV1, JournalGapV1, ScreenShownV1
from cloud_bridge.envelope import GENESIS_HASH, Position, seal
from cloud_bridge.gaps import Gap, sign_gap
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import Ack, Head, LaneFigures
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import AckResult, Advanced, Foreign, Mismatch, OutboxRow, Place, RolledBack

SECRET = b"s" * 32
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@dataclass
class Row:
    sequence: int
    last: int
    """Equal to ``sequence`` but for a gap."""
    hash: str
    """The chain's hash after this row."""
    body: bytes
    lost: bool = False


@dataclass
class Book:
    rows: dict[Lane, list[Row]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    heads: dict[Lane, Head] = field(
        default_factory=lambda: {lane: Head(sequence=0, hash=GENESIS_HASH) for lane in Lane}
    )
    acked: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))


class Listener:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()

    def tell(self) -> None:
        self._event.set()


def tap(number: int) -> CardTappedV1:
    return CardTappedV1(reader="r1", medium=f"{number:032x}", technology="nfc", trust="weak")


def shown(number: int) -> ScreenShownV1:
    return ScreenShownV1(kiosk="k1", screen="greeting", latency_us=number)


class MemoryOutbox:
    """Keeps everything it ever wrote, so that a test can compare."""

    def __init__(self, gateway_id: str = "store-1", *, secret: bytes = SECRET) -> None:
        self.gateway_id = gateway_id
        self.secret = secret
        self.incarnation = f"{1:032x}"
        self.books: dict[str, Book] = {self.incarnation: Book()}
        self._listeners: list[Listener] = []
        self.unsent_calls = 0

    # what a store does
    def record(self, data: EventData) -> Row:
        return self._write(data.type, data.model_dump(mode="json", exclude_none=True), data.lane)

    def lose(self, lane: Lane, first: int, last: int, reason: str = "corrupt") -> None:
        """Rows vanish from the disk; a signed statement stands in their place."""
        rows = self.books[self.incarnation].rows[lane]
        gone = [row for row in rows if first <= row.sequence <= last]
        before = [row for row in rows if row.sequence < first]
        after = [row for row in rows if row.sequence > last]
        prevhash = before[-1].hash if before else GENESIS_HASH
        gap = Gap(self.gateway_id, self.incarnation, lane, first, last, gone[-1].hash, reason)
        said = JournalGapV1(
            first=first,
            last=last,
            last_hash=gone[-1].hash,
            reason=reason,
            signature=sign_gap(gap, secret=self.secret),
        )
        sealed = seal(said.type, said.model_dump(mode="json"), self._position(lane, first, prevhash))
        self.books[self.incarnation].rows[lane] = [
            *before,
            Row(first, last, gone[-1].hash, sealed.body, lost=True),
            *after,
        ]
        self._tell()

    def forge(self, lane: Lane, sequence: int, data: EventData) -> None:
        """A row is replaced by another one, with a hash of its own."""
        rows = self.books[self.incarnation].rows[lane]
        prevhash = rows[sequence - 2].hash if sequence > 1 else GENESIS_HASH
        sealed = seal(
            data.type, data.model_dump(mode="json", exclude_none=True), self._position(lane, sequence, prevhash)
        )
        rows[sequence - 1] = Row(sequence, sequence, sealed.hash, sealed.body)

    def picture(self) -> Any:
        """A copy of the disk."""
        return copy.deepcopy((self.incarnation, self.books))

    def restore(self, picture: Any) -> None:
        """The disk is the copy again."""
        self.incarnation, self.books = copy.deepcopy(picture)
        self._tell()

    @property
    def drained(self) -> bool:
        return all(
            not rows or rows[-1].last <= book.acked[lane]
            for book in self.books.values()
            for lane, rows in book.rows.items()
        )

    # what the uplink asks
    def changed(self) -> Listener:
        listener = Listener()
        self._listeners.append(listener)
        return listener

    def heads(self) -> dict[Lane, Head]:
        return dict(self.books[self.incarnation].heads)

    async def unsent(self, lane: Lane, *, after: Place | None, events_max: int, bytes_max: int) -> list[OutboxRow]:
        self.unsent_calls += 1
        incarnations = list(self.books)
        begin = incarnations.index(after.incarnation) if after else 0
        for incarnation in incarnations[begin:]:
            book = self.books[incarnation]
            floor = after.sequence if after and after.incarnation == incarnation else 0
            floor = max(floor, book.acked[lane])
            rows = [row for row in book.rows[lane] if row.last > floor][:events_max]
            found: list[OutboxRow] = []
            for row in rows:
                if found and sum(len(r.body) for r in found) + len(row.body) > bytes_max:
                    break
                found.append(OutboxRow(incarnation, row.sequence, row.body))
            if found:
                return found
        return []

    async def acknowledge(self, ack: Ack) -> AckResult:
        book = self.books.get(ack.incarnation)
        if book is None:
            return Foreign()
        for lane, head in ack.lanes.items():
            if head.sequence > book.heads[lane].sequence:
                return RolledBack(lane, head.sequence)
            here = [row.hash for row in book.rows[lane] if row.last == head.sequence]
            if here and here[0] != head.hash:
                is_new = head.sequence > book.acked[lane]
                return RolledBack(lane, head.sequence) if is_new else Mismatch(lane, head.sequence)
        rows = 0
        for lane, head in ack.lanes.items():
            rows += max(0, head.sequence - book.acked[lane])
            book.acked[lane] = max(book.acked[lane], head.sequence)
        return Advanced(rows)

    async def begin_incarnation(self, reason: str) -> None:
        self.incarnation = f"{len(self.books) + 1:032x}"
        self.books[self.incarnation] = Book()

    async def figures(self) -> dict[Lane, LaneFigures]:
        book = self.books[self.incarnation]
        return {
            lane: LaneFigures(
                recorded=head.sequence, acked=book.acked[lane], queued=head.sequence - book.acked[lane], dropped=0
            )
            for lane, head in book.heads.items()
        }

    def _write(self, event_type: str, data: dict[str, Any], lane: Lane) -> Row:
        book = self.books[self.incarnation]
        head = book.heads[lane]
        sealed = seal(event_type, data, self._position(lane, head.sequence + 1, head.hash))
        row = Row(sealed.sequence, sealed.sequence, sealed.hash, sealed.body)
        book.rows[lane].append(row)
        book.heads[lane] = Head(sequence=sealed.sequence, hash=sealed.hash)
        self._tell()
        return row

    def _position(self, lane: Lane, sequence: int, prevhash: str) -> Position:
        return Position(
            gateway_id=self.gateway_id,
            incarnation=self.incarnation,
            lane=lane.value,
            sequence=sequence,
            prevhash=prevhash,
            hlc="001700000000000-00001",
            time="2026-01-01T00:00:00.000Z",
            timequality="synchronised",
            traceparent=TRACE,
        )

    def _tell(self) -> None:
        for listener in self._listeners:
            listener.tell()
