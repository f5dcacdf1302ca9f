"""Places, heads and the hash chain: how a row proves that it is whole and stands where it was written."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cloud_bridge.envelope import GENESIS_HASH
from cloud_bridge.topics import Lane
from edge_agent.journal.database import Statements
from edge_agent.journal.values import Damage, VerifyReport

TABLES = {Lane.LEDGER: "events_ledger", Lane.TELEMETRY: "events_telemetry"}
"""The table of each lane."""

ROW_MISSING = "row_missing"
ROW_CORRUPT = "row_corrupt"
TAIL_MISSING = "tail_missing"

_HASH_KEY = b',"hash":"'
_SEAL_BYTES = len(_HASH_KEY) + 64 + 2


def place_of(number: int, sequence: int) -> int:
    """One integer for a row: it orders rows of all incarnations of one lane."""
    return number << 32 | sequence


def number_in(place: int) -> int:
    """The incarnation number of a place."""
    return place >> 32


def sequence_in(place: int) -> int:
    """The sequence of a place."""
    return place & 0xFFFFFFFF


class Seal(NamedTuple):
    """What a whole row carries: its own hash and that of the row before it."""

    hash: str
    prevhash: str


def seal_of(body: object) -> Seal | None:
    """The seal of a sealed body, checked against its bytes; ``None`` when a single bit, or its type, is off.

    Works on the bytes, because the canonical form is what was hashed: parsing would be slower and
    would forgive what the hash does not.
    """
    if (
        not isinstance(body, bytes)
        or len(body) <= _SEAL_BYTES
        or not body.endswith(b'"}')
        or body[-_SEAL_BYTES:-66] != _HASH_KEY
    ):
        return None
    digest = hashlib.sha256(body[:-_SEAL_BYTES])
    digest.update(b"}")
    carried = body[-66:-2]
    if digest.hexdigest().encode() != carried:
        return None
    prevhash = text_in(body, "prevhash")
    return Seal(carried.decode(), prevhash) if prevhash is not None else None


_NO_BYTES = hashlib.sha256()


def is_whole(body: object) -> bool:
    """Whether a sealed body carries the hash of its bytes: :func:`seal_of` for who sends it on as it is."""
    if not isinstance(body, bytes) or body[-_SEAL_BYTES:-66] != _HASH_KEY or body[-2:] != b'"}':
        return False
    digest = _NO_BYTES.copy()  # cheaper than asking OpenSSL for a new one
    digest.update(body[:-_SEAL_BYTES])
    digest.update(b"}")
    return digest.hexdigest().encode() == body[-66:-2]


def text_in(body: bytes, key: str) -> str | None:
    """A text attribute of a canonical event, read from its bytes.

    The last occurrence is the attribute: in canonical order ``data`` comes before all attributes
    asked for here, and none of those after them can hold a quote.
    """
    mark = b'"%b":"' % key.encode()
    start = body.rfind(mark)
    if start < 0:
        return None
    start += len(mark)
    return body[start : body.find(b'"', start)].decode(errors="replace")


@dataclass(slots=True)
class LaneState:
    """Where one lane of one incarnation stands. ``pruned`` is the anchor: rows up to it may be gone."""

    head: int = 0
    head_hash: str = GENESIS_HASH
    hlc: str = ""
    acked: int = 0
    acked_hash: str = GENESIS_HASH
    pruned: int = 0
    pruned_hash: str = GENESIS_HASH
    lost_unacked: int = 0
    """Rows above ``acked`` that gap statements stand for."""

    def copy(self) -> LaneState:
        return LaneState(
            self.head,
            self.head_hash,
            self.hlc,
            self.acked,
            self.acked_hash,
            self.pruned,
            self.pruned_hash,
            self.lost_unacked,
        )

    def stands_as(self, other: LaneState) -> bool:
        """Whether nothing but the head has moved."""
        return (self.acked, self.pruned, self.lost_unacked) == (other.acked, other.pruned, other.lost_unacked)

    @property
    def queued(self) -> int:
        """Rows waiting for an acknowledgement."""
        return self.head - self.acked - self.lost_unacked


@dataclass(frozen=True, slots=True)
class LaneKey:
    """One lane of one incarnation."""

    number: int
    incarnation: str
    lane: Lane


def lanes_in(connection: Statements) -> Iterator[tuple[LaneKey, LaneState]]:
    """Every lane of every incarnation, oldest first."""
    rows = connection.execute(
        """SELECT number, incarnation, lane, head, head_hash, hlc, acked, acked_hash, pruned, pruned_hash,
            (SELECT coalesce(sum(last - (place & 0xFFFFFFFF) + 1), 0) FROM gaps
              WHERE gaps.lane = lanes.lane AND place >> 32 = number AND (place & 0xFFFFFFFF) > acked)
           FROM lanes JOIN incarnations USING (number) ORDER BY number, lane"""
    ).fetchall()
    for number, incarnation, lane, *state in rows:
        yield LaneKey(number, incarnation, Lane(lane)), LaneState(*state)


class _Piece(NamedTuple):
    """Something that stands in a lane: a row, a gap statement, or the anchor. ``bad`` when its seal is broken."""

    first: int
    last: int
    prevhash: str
    hash: str
    bad: bool = False


class LaneScan:
    """Reads every row of one lane, newest first, and finds those that are missing or do not fit.

    Backwards, because the newest hash is known (it was written with the head) and each good row
    says what the one before it must hash to; so the first row that does not fit is the wrong one.
    """

    def __init__(self, connection: Statements, key: LaneKey, state: LaneState) -> None:
        self._connection = connection
        self._key = key
        self._state = state
        self.rows = 0
        self.gaps = 0

    def damages(self) -> list[Damage]:
        """The damaged stretches, oldest first; adjacent damaged rows are one stretch."""
        found: list[Damage] = []
        wanted, wanted_hash = self._state.head, self._state.head_hash
        above = wanted_hash
        saw_bad = False
        for piece in self._pieces():
            if piece.bad or (piece.last == wanted and piece.hash != wanted_hash):
                saw_bad = True
                continue
            if piece.last < wanted:
                found.append(self._damage(piece, wanted, wanted_hash, saw_bad=saw_bad))
            saw_bad = False
            wanted, wanted_hash, above = piece.first - 1, piece.prevhash, piece.hash
        found.extend(self._foot(wanted, wanted_hash, above, saw_bad=saw_bad))
        return found[::-1]

    def _foot(self, wanted: int, wanted_hash: str, above: str, *, saw_bad: bool) -> Iterator[Damage]:
        """Whether the oldest piece stands on the anchor; a row that does not is the wrong one."""
        anchor = _Piece(0, self._state.pruned, "", self._state.pruned_hash)
        if anchor.last < wanted:
            yield self._damage(anchor, wanted, wanted_hash, saw_bad=saw_bad)
        elif wanted_hash != anchor.hash and self._state.head > anchor.last:
            yield self._damage(anchor, anchor.last + 1, above, saw_bad=True)

    def _damage(self, below: _Piece, last: int, last_hash: str, *, saw_bad: bool) -> Damage:
        missing = TAIL_MISSING if last == self._state.head else ROW_MISSING
        return Damage(
            number=self._key.number,
            incarnation=self._key.incarnation,
            lane=self._key.lane,
            first=below.last + 1,
            last=last,
            before_hash=below.hash,
            last_hash=last_hash,
            reason=ROW_CORRUPT if saw_bad else missing,
        )

    def _pieces(self) -> Iterator[_Piece]:
        gaps = list(self._gap_statements())
        # Merging costs as much as reading, and a lane without a loss is the usual case.
        return heapq.merge(self._rows(), gaps, key=lambda piece: -piece.last) if gaps else self._rows()

    def _range(self) -> tuple[int, int]:
        return place_of(self._key.number, self._state.pruned), place_of(self._key.number, self._state.head)

    def _rows(self) -> Iterator[_Piece]:
        rows = self._connection.execute(
            f"SELECT place, body FROM {TABLES[self._key.lane]} WHERE place > ? AND place <= ? ORDER BY place DESC",  # noqa: S608
            self._range(),
        )
        for place, body in rows:
            self.rows += 1
            sequence = sequence_in(place)
            seal = seal_of(body)
            if seal is None or text_in(body, "id") != f"{self._key.incarnation}/{self._key.lane}/{sequence}":
                yield _Piece(sequence, sequence, "", "", bad=True)
            else:
                yield _Piece(sequence, sequence, seal.prevhash, seal.hash)

    def _gap_statements(self) -> Iterator[_Piece]:
        rows = self._connection.execute(
            """SELECT place, last, last_hash, body FROM gaps
                WHERE lane = ? AND place > ? AND place <= ? ORDER BY place DESC""",
            (self._key.lane.value, *self._range()),
        )
        for place, last, last_hash, body in rows:
            self.gaps += 1
            yield _Piece(sequence_in(place), last, text_in(body, "prevhash") or "", last_hash)


def verify_chains(connection: Statements) -> VerifyReport:
    """Look at every row of every lane."""
    rows, gaps = 0, 0
    damages: list[Damage] = []
    for key, state in lanes_in(connection):
        scan = LaneScan(connection, key, state)
        damages.extend(scan.damages())
        rows += scan.rows
        gaps += scan.gaps
    return VerifyReport(rows, gaps, tuple(damages))
