"""The rules of landing, pure: which events are next, known already, too early, or in conflict.

One :func:`settle` serves one transaction of the cloud's store. It reads through
:class:`~cloud_bridge.landing.store.LandingBooks`, stores once per stream, and returns what to
answer after the commit. Nothing here knows a database, a clock or a broker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cloud_bridge.contract import JournalGapV1
from cloud_bridge.envelope import GENESIS_HASH
from cloud_bridge.gaps import Gap, gap_is_signed
from cloud_bridge.landing.batches import Batch, Received, Refusal
from cloud_bridge.landing.store import Dispute, Landed, LandingBooks, LandingResult, Loss, Stream
from cloud_bridge.receipts import SEQUENCE_MAX, Ack, Head, Nack, Quarantined
from cloud_bridge.topics import Lane


def settle(batches: Sequence[Batch], books: LandingBooks) -> LandingResult:
    """Decide a group of batches in order, store what follows, and say what to answer.

    A conflict ends what is taken from that gateway, in this call and, through the books, in later ones.
    """
    desk = _Desk(books)
    for batch in batches:
        desk.take(batch)
    return desk.close()


class _Ledge:
    """One stream within the transaction: its head as it moves, and what is to be stored."""

    __slots__ = (
        "asked_last",
        "batch",
        "books",
        "duplicates",
        "events",
        "fresh",
        "hash",
        "known",
        "losses",
        "sequence",
        "stream",
        "unseen",
    )

    def __init__(self, stream: Stream, books: LandingBooks) -> None:
        head = books.head(stream)
        self.stream, self.books = stream, books
        self.sequence, self.hash = head.sequence, head.hash
        self.events: list[Received] = []
        self.losses: list[Loss] = []
        self.fresh: dict[int, str] = {}
        self.known: dict[int, str] = {}
        self.duplicates = 0
        self.asked_last = 0
        self.batch: tuple[Received, ...] = ()
        self.unseen: tuple[Received, ...] = ()

    def append(self, event: Received) -> None:
        self.events.append(event)
        self.fresh[event.sequence] = event.hash
        self.sequence, self.hash = event.sequence, event.hash

    def hash_at(self, sequence: int) -> str | None:
        """The hash of a row applied before; ``None`` when it was lost in a gap and never known."""
        if sequence == 0:
            return GENESIS_HASH
        if sequence == self.sequence:
            return self.hash
        if sequence not in self.fresh and self.unseen:
            self._recall()
        return self.fresh.get(sequence) or self.known.get(sequence)

    def begin(self, batch: Batch) -> None:
        """A batch comes; its rows are compared with stored ones only when some were seen before."""
        self.batch = self.unseen = batch.events

    def _recall(self) -> None:
        """Fetch, in one query per run of sequences, the stored hashes this batch is compared with."""
        asked = {sequence for event in self.unseen for sequence in _compared(event) if sequence <= self.sequence}
        for first, last in _runs(sorted(asked - self.fresh.keys() - {0})):
            self.known.update(self.books.hashes(self.stream, first, last))
        self.unseen = ()

    def ask_for(self, last: int) -> None:
        """Rows behind the head are to be sent again; the last of them that was seen is ``last``."""
        self.asked_last = max(self.asked_last, last)

    def missing(self) -> Nack | None:
        """What to ask for once the group is done; ``None`` when what was early has come after all."""
        if self.asked_last <= self.sequence:
            return None
        stream, first = self.stream, self.sequence + 1
        return Nack(incarnation=stream.incarnation, lane=stream.lane, first=first, last=self.asked_last)

    def head(self) -> Head:
        return Head(sequence=self.sequence, hash=self.hash)


class _BatchEndedError(Exception):
    """No more of this batch: what remains is missing something, refused, or disputed."""


class _Desk:
    """The batches of one transaction, taken one after the other."""

    def __init__(self, books: LandingBooks) -> None:
        self._books = books
        self._result = LandingResult()
        self._ledges: dict[Stream, _Ledge] = {}
        self._undisputed: set[str] = set()

    def take(self, batch: Batch) -> None:
        stream = Stream(batch.gateway_id, batch.incarnation, batch.lane)
        secret = self._books.secret(batch.gateway_id)
        if secret is None:
            self._result.refusals.append((stream, Refusal("unknown_gateway", "not enrolled here")))
            return
        if self._is_quarantined(batch.gateway_id):
            return
        if not batch.incarnation:
            self._refuse(stream, batch.refused)
            return
        ledge = self._ledges.get(stream) or self._ledges.setdefault(stream, _Ledge(stream, self._books))
        ledge.begin(batch)
        try:
            for event in batch.events:
                self._place(ledge, event, secret)
        except _BatchEndedError:
            return
        if batch.refused is not None:
            self._refuse(stream, batch.refused)
            ledge.ask_for(ledge.sequence + 1)

    def close(self) -> LandingResult:
        result = self._result
        for stream, ledge in self._ledges.items():
            missing = ledge.missing()
            if missing is not None:
                result.nacks[stream] = missing
            if not (ledge.events or ledge.duplicates):
                continue
            self._books.store(Landed(stream, ledge.events, ledge.losses, ledge.duplicates, ledge.head()))
            result.applied += len(ledge.events)
            result.duplicates += ledge.duplicates
            result.lost += sum(loss.last - loss.first + 1 for loss in ledge.losses)
            if self._may_acknowledge(ledge):
                result.acks[(stream.gateway_id, stream.incarnation)] = self._ack(stream)
        return result

    def _may_acknowledge(self, ledge: _Ledge) -> bool:
        """A disputed or refused repeat is not acknowledged: to a rolled-back gateway that would mean "all known"."""
        if ledge.stream.gateway_id in self._result.notices:
            return False
        refused = any(stream == ledge.stream for stream, _ in self._result.refusals)
        return bool(ledge.events) or not refused

    def _ack(self, stream: Stream) -> Ack:
        """Both lanes in one: the message is retained, so it must always say everything."""
        heads: dict[Lane, Head] = {}
        for lane in Lane:
            sibling = replace(stream, lane=lane)
            ledge = self._ledges.get(sibling)
            heads[lane] = ledge.head() if ledge else self._books.head(sibling)
        return Ack(incarnation=stream.incarnation, lanes=heads)

    def _is_quarantined(self, gateway_id: str) -> bool:
        """Asked of the books once per transaction; what is disputed in it is among the notices."""
        if gateway_id in self._result.notices:
            return True
        if gateway_id in self._undisputed:
            return False
        notice = self._books.quarantine(gateway_id)
        if notice is None:
            self._undisputed.add(gateway_id)
            return False
        self._result.notices[gateway_id] = notice
        return True

    def _refuse(self, stream: Stream, refusal: Refusal | None) -> None:
        if refusal is not None:
            self._result.refusals.append((stream, refusal))

    def _place(self, ledge: _Ledge, event: Received, secret: bytes) -> None:
        if isinstance(event.effect, JournalGapV1):
            self._place_gap(ledge, event, event.effect, secret)
        elif event.sequence == ledge.sequence + 1:
            if event.prevhash != ledge.hash:
                self._dispute(ledge, event, "does not continue the chain")
            ledge.append(event)
        elif event.sequence > ledge.sequence:
            self._miss(ledge)
        else:
            if ledge.hash_at(event.sequence) not in (None, event.hash):
                self._dispute(ledge, event, "is not the body accepted before")
            ledge.duplicates += 1

    def _place_gap(self, ledge: _Ledge, event: Received, said: JournalGapV1, secret: bytes) -> None:
        """Rows first..last are gone. Those applied here before they were lost there are no loss."""
        self._check_statement(ledge, event, said, secret)
        if said.first > ledge.sequence + 1:
            self._miss(ledge)
        if ledge.hash_at(said.first - 1) not in (None, event.prevhash):
            self._dispute(ledge, event, "does not continue the chain")
        if said.last <= ledge.sequence:
            if ledge.hash_at(said.last) not in (None, said.last_hash):
                self._dispute(ledge, event, "names another last row than the one accepted before")
            ledge.duplicates += 1
            return
        first = ledge.sequence + 1
        ledge.events.append(event._replace(sequence=first))
        ledge.losses.append(Loss(first, said.last, said.reason))
        ledge.sequence, ledge.hash = said.last, said.last_hash

    def _check_statement(self, ledge: _Ledge, event: Received, said: JournalGapV1, secret: bytes) -> None:
        stream = ledge.stream
        gap = Gap(
            gateway_id=stream.gateway_id,
            incarnation=stream.incarnation,
            lane=stream.lane,
            first=said.first,
            last=said.last,
            last_hash=said.last_hash,
            reason=said.reason,
        )
        place = f"{stream.lane}/{event.sequence}"
        if said.first != event.sequence or not said.first <= said.last <= SEQUENCE_MAX:
            self._refuse(stream, Refusal("malformed", f"{place}: a gap stands at its first row"))
            ledge.ask_for(ledge.sequence + 1)
            raise _BatchEndedError
        if not gap_is_signed(gap, said.signature, secret=secret):
            self._refuse(stream, Refusal("bad_signature", f"{place}: the gap is not signed by this gateway"))
            ledge.ask_for(ledge.sequence + 1)
            raise _BatchEndedError

    def _miss(self, ledge: _Ledge) -> None:
        """This and the rest of the batch came too early, and is not kept."""
        ledge.ask_for(ledge.batch[-1].sequence)
        raise _BatchEndedError

    def _dispute(self, ledge: _Ledge, event: Received, why: str) -> None:
        stream = ledge.stream
        notice = Quarantined(
            incarnation=stream.incarnation,
            lane=stream.lane,
            sequence=event.sequence,
            reason=f"{stream.lane} row {event.sequence} {why}",
        )
        self._books.dispute(Dispute(stream.gateway_id, notice, event.body))
        self._result.notices[stream.gateway_id] = notice
        raise _BatchEndedError


def _compared(event: Received) -> Iterator[int]:
    """The sequences whose stored hashes decide whether this event is a repeat."""
    yield event.sequence
    if isinstance(event.effect, JournalGapV1):
        yield event.sequence - 1
        yield event.effect.last


def _runs(sequences: list[int]) -> Iterator[tuple[int, int]]:
    """Ascending numbers as unbroken runs, first and last, so that no query spans more than was asked."""
    start = 0
    for index, sequence in enumerate(sequences):
        if index + 1 == len(sequences) or sequences[index + 1] != sequence + 1:
            yield sequences[start], sequence
            start = index + 1
