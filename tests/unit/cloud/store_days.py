"""A store as the cloud sees it: sealed events in gapless lanes, as batches ready to land."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_bridge.contract import CardTappedV1, JournalGapV1, PointsPostedV1, PostingV1, ScreenShownV1
from cloud_bridge.envelope import GENESIS_HASH, Position, Sealed, seal
from cloud_bridge.gaps import Gap, sign_gap
from cloud_bridge.landing.batches import Batch, read_batch
from cloud_bridge.payload import EventData
from cloud_bridge.topics import Lane
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, available

SECRET = b"the secret of this store, 32 byt"
MORNING = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class FakeClock:
    """Tells the time it was set to."""

    def __init__(self, at: datetime = MORNING) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class StoreDay:
    """One gateway's journal: ``tap``, ``earn``, ``show`` write rows; ``batch`` sends some."""

    gateway_id: str = "store-1"
    incarnation: str = "a" * 32
    time: str = "2026-05-01T09:00:00.000Z"
    rows: dict[Lane, list[Sealed]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    heads: dict[Lane, tuple[int, str]] = field(default_factory=lambda: dict.fromkeys(Lane, (0, GENESIS_HASH)))

    def write(self, data: EventData) -> Sealed:
        return self.write_raw(data.type, data.model_dump(mode="json", exclude_none=True), data.lane)

    def write_raw(self, event_type: str, data: dict[str, Any], lane: Lane = Lane.LEDGER) -> Sealed:
        sequence, prevhash = self.heads[lane][0] + 1, self.heads[lane][1]
        sealed = seal(event_type, data, self._position(lane, sequence, prevhash))
        self.rows[lane].append(sealed)
        self.heads[lane] = (sequence, sealed.hash)
        return sealed

    def tap(self, medium: str = "0" * 32) -> Sealed:
        return self.write(CardTappedV1(reader="reader-1", medium=medium, technology="ntag213", trust="uid"))

    def show(self) -> Sealed:
        return self.write(ScreenShownV1(kiosk="door", screen="greeting", latency_us=9_000))

    def earn(self, member: str, sale: str, points: int, *, cause: str = "") -> Sealed:
        """Points for a sale; the posting's id is derived as the decision derives it."""
        posting = PostingV1(
            id=posting_id("spend", self.gateway_id, sale),
            debit=PROGRAMME_ISSUED,
            credit=available(MemberId(member)),
            points=points,
        )
        return self.write(
            PointsPostedV1(
                cause=cause or f"{self.incarnation}/ledger/1",
                member=member,
                rule="spend",
                sale=sale,
                postings=(posting,),
            )
        )

    def take_back(self, member: str, refund: str, points: int) -> Sealed:
        posting = PostingV1(
            id=posting_id("refund", self.gateway_id, refund),
            debit=available(MemberId(member)),
            credit=PROGRAMME_ISSUED,
            points=points,
        )
        cause = f"{self.incarnation}/ledger/1"
        return self.write(PointsPostedV1(cause=cause, member=member, rule="refund", sale=refund, postings=(posting,)))

    def lose(self, first: int, last: int, reason: str, lane: Lane = Lane.LEDGER) -> Sealed:
        """The gap statement for rows of this lane; it stands at ``first`` and is no row of the chain."""
        prevhash = self.rows[lane][first - 2].hash if first > 1 else GENESIS_HASH
        last_hash = self.rows[lane][last - 1].hash
        gap = Gap(self.gateway_id, self.incarnation, lane, first, last, last_hash, reason)
        said = JournalGapV1(
            first=first, last=last, last_hash=last_hash, reason=reason, signature=sign_gap(gap, secret=SECRET)
        )
        return seal(said.type, said.model_dump(mode="json"), self._position(lane, first, prevhash))

    def batch(self, first: int = 1, last: int | None = None, *, lane: Lane = Lane.LEDGER) -> Batch:
        """Rows ``first`` to ``last`` (to the end when not given)."""
        return self.batch_of(self.rows[lane][first - 1 : last], lane=lane)

    def batch_of(self, rows: Sequence[Sealed], *, lane: Lane = Lane.LEDGER) -> Batch:
        payload = b"[" + b",".join(row.body for row in rows) + b"]"
        batch = read_batch(self.gateway_id, lane, payload)
        assert batch.refused is None, batch.refused
        return batch

    def reborn(self, incarnation: str = "b" * 32) -> StoreDay:
        """The same gateway after its disk was lost."""
        return StoreDay(self.gateway_id, incarnation)

    def _position(self, lane: Lane, sequence: int, prevhash: str) -> Position:
        return Position(
            gateway_id=self.gateway_id,
            incarnation=self.incarnation,
            lane=lane.value,
            sequence=sequence,
            prevhash=prevhash,
            hlc=f"{1_777_000_000_000 + sequence:015d}-00000",
            time=self.time,
            timequality="synchronised",
            traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        )
