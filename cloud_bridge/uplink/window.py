"""Go-back-N for one lane, pure: what is in flight, when it is overdue, from where to send again.

No I/O and no clock: times are passed in, in seconds of any steady clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_bridge.envelope import BATCH_BYTES_MAX
from cloud_bridge.receipts import Nack
from cloud_bridge.uplink.outbox import OutboxRow, Place

WINDOW_BATCHES_MAX = 48
"""Batches in flight: enough that the cloud lands one group while the next is on its way."""
ACK_TIMEOUT_S = 5.0
PAUSE_S_MAX = 60.0
_STRIKES_BEFORE_SHRINKING = 2
_STRIKES_BEFORE_PAUSING = 6
_SHRINK = 4
_DOUBLINGS_MAX = 8
_BATCHES_BEFORE_GROWING = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch in flight: its incarnation and the sequence and body of its last row."""

    incarnation: str
    last: int
    body: bytes


class LaneWindow:
    """One lane.

    ``place`` is where sending continues; ``None`` means at the first unacknowledged row. ``bytes_max``
    shrinks when the cloud is alive but batches vanish (a broker that drops large messages says
    nothing), down to one row per batch, and grows again slowly.
    """

    def __init__(self) -> None:
        self.place: Place | None = None
        self.in_flight: deque[Sent] = deque()
        self.bytes_max = BATCH_BYTES_MAX
        self.strikes = 0
        self._overdue = False
        self._waiting_since_s = 0.0
        self._not_before_s = 0.0
        self._batches_max = WINDOW_BATCHES_MAX
        self._repaired: tuple[str, int] | None = None
        self._good_batches = 0

    def room(self, now_s: float) -> int:
        """How many more batches may be sent now: one at a time while batches do not get through."""
        if now_s < self._not_before_s:
            return 0
        room = self._batches_max - len(self.in_flight)
        return room if self.bytes_max == BATCH_BYTES_MAX else min(room, 1)

    def sent(self, rows: Sequence[OutboxRow], now_s: float) -> None:
        """These rows (at least one) are on their way."""
        last = rows[-1]
        if not self.in_flight:
            self._waiting_since_s = now_s
        self.in_flight.append(Sent(last.incarnation, last.sequence, last.body))
        self.place = Place(last.incarnation, last.sequence)

    def acknowledged(self, incarnation: str, sequence: int, now_s: float) -> None:
        """The cloud has applied everything up to here."""
        done = 0
        while self.in_flight and self._is_covered(self.in_flight[0], incarnation, sequence):
            self.in_flight.popleft()
            done += 1
        if done:
            self._waiting_since_s, self._not_before_s = now_s, 0.0
            self.strikes, self._overdue, self._repaired = 0, False, None
            self._batches_max = min(WINDOW_BATCHES_MAX, self._batches_max * 2)
            self._grow(done)

    def missed(self, nack: Nack) -> bool:
        """Rows are missing at the cloud. True when sending goes back to them.

        Each batch behind a hole brings the same complaint: one repair answers them all, until
        something is acknowledged or the wait is over.
        """
        hole = (nack.incarnation, nack.first)
        if hole == self._repaired or not any(sent.incarnation == nack.incarnation for sent in self.in_flight):
            return False
        self.go_back()
        self._repaired = hole
        self.place = Place(nack.incarnation, nack.first - 1)
        return True

    def deadline_s(self, now_s: float) -> float | None:
        """When something is to be done even if nothing happens; ``None`` for never."""
        if self.in_flight:
            return self._waiting_since_s + ACK_TIMEOUT_S
        return self._not_before_s if self._not_before_s > now_s else None

    def expire(self, now_s: float) -> bool:
        """Give up waiting for what is in flight when its time is over; True when it was."""
        if not self.in_flight or now_s < self._waiting_since_s + ACK_TIMEOUT_S:
            return False
        self.go_back()
        self._overdue = True
        return True

    def cloud_spoke(self, now_s: float) -> None:
        """The cloud is alive. If batches are overdue nonetheless, it is they that do not get through."""
        if not self._overdue:
            return
        self._overdue = False
        self.strikes += 1
        self._batches_max = 1
        if self.strikes >= _STRIKES_BEFORE_SHRINKING:
            self.bytes_max = max(1, self.bytes_max // _SHRINK)
        if self.strikes >= _STRIKES_BEFORE_PAUSING:
            doublings = min(self.strikes - _STRIKES_BEFORE_PAUSING, _DOUBLINGS_MAX)
            self._not_before_s = now_s + min(PAUSE_S_MAX, ACK_TIMEOUT_S * 2**doublings)

    def reconnected(self) -> None:
        """A new connection begins; what was in flight on the old one counts as overdue."""
        self._overdue = self._overdue or bool(self.in_flight)
        self.go_back()

    def go_back(self) -> None:
        """Forget what is in flight; sending continues at the first unacknowledged row."""
        self.in_flight.clear()
        self.place = self._repaired = None

    @property
    def is_stuck(self) -> bool:
        """Single rows do not get through either."""
        return self.strikes >= _STRIKES_BEFORE_PAUSING

    def _is_covered(self, sent: Sent, incarnation: str, sequence: int) -> bool:
        return sent.incarnation == incarnation and sent.last <= sequence

    def _grow(self, done: int) -> None:
        if self.bytes_max == BATCH_BYTES_MAX:
            return
        self._good_batches += done
        if self._good_batches >= _BATCHES_BEFORE_GROWING:
            self._good_batches = 0
            self.bytes_max = min(BATCH_BYTES_MAX, self.bytes_max * 2)
