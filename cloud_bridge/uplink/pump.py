"""The edge side of the lanes on one open connection: send, listen, go back, never lose, never wedge.

The journal is the queue; a broker's confirmation only paces. Nothing is sent before the cloud has
said where it stands, so that a rolled-back disk is noticed before it speaks. Asleep when there is
nothing to send.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence

import orjson
import structlog

from cloud_bridge import topics
from cloud_bridge.downlink import RightsSink
from cloud_bridge.envelope import BATCH_EVENTS_MAX
from cloud_bridge.receipts import Ack, Head, Nack, Quarantined, RightsStanding
from cloud_bridge.topics import Lane
from cloud_bridge.transport import Wire
from cloud_bridge.uplink.outbox import Advanced, Changed, Foreign, Mismatch, Outbox, OutboxRow, Place, RolledBack
from cloud_bridge.uplink.state import Link, LinkBoard
from cloud_bridge.uplink.window import WINDOW_BATCHES_MAX, LaneWindow

TELEMETRY_WINDOW_MAX = WINDOW_BATCHES_MAX // 3
"""Telemetry leaves room in the window, so that the ledger never waits for it."""
TELEMETRY_FLUSH_S = 15.0
FETCH_BATCHES_MAX = 8
"""Batches read from the journal at once."""
HEARD_MESSAGES_MAX = 1_000

_Said = Ack | Nack | Quarantined | RightsStanding
_Heard = tuple[_Said, bool]

_log = structlog.get_logger(__name__)


class Pump:
    """Moves both lanes over one connection. Made anew for each; ``windows`` outlive it.

    They remember what does not get through: a broker may answer a large message by hanging up.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        gateway_id: str,
        wire: Wire,
        board: LinkBoard,
        windows: dict[Lane, LaneWindow],
        rights: RightsSink | None = None,
    ) -> None:
        self._outbox = outbox
        self._rights = rights
        self._gateway_id = gateway_id
        self._wire = wire
        self._board = board
        self._windows = windows
        for window in windows.values():
            window.reconnected()
        self._stirred = asyncio.Event()
        self._heard: deque[_Heard] = deque(maxlen=HEARD_MESSAGES_MAX)
        self._spoken = asyncio.Event()
        self.greeted = False
        """Whether the cloud has said, on this connection, where it stands; nothing is sent before."""
        self._halted = ""
        self._rewound: set[str] = set()
        self._flush_at_s: float | None = None
        self.hello_wanted = asyncio.Event()
        """Set when the cloud should be asked where it stands; the heartbeat clears it."""

    async def run(self) -> None:
        """Send until the connection ends (raises an exception group with the ``TransportError``)."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._notice(self._outbox.changed()))
            tasks.create_task(self._answer())
            while True:
                self._stirred.clear()
                if not await self._send_next(tasks):
                    await self._rest()

    def hear(self, said: _Said, *, retained: bool) -> None:
        """The cloud said something; ``retained`` when it did so before this connection."""
        self._heard.append((said, retained))
        self._spoken.set()

    async def _answer(self) -> None:
        """Act on what was heard, in order; of several acknowledgements in a row the last says it all."""
        while True:
            await self._spoken.wait()
            self._spoken.clear()
            while self._heard:
                said, retained = self._heard.popleft()
                if not (isinstance(said, Ack) and self._heard and _supersedes(self._heard[0], said, retained=retained)):
                    await self._act_on(said, retained=retained)
                    self._stirred.set()

    async def _act_on(self, said: _Said, *, retained: bool) -> None:
        match said:
            case Ack():
                await self._heard_ack(said, retained=retained)
            case Nack():
                self._heard_nack(said)
            case Quarantined():
                await self._halt(said.reason)
            case RightsStanding():
                await self._heard_standing(said)

    async def _heard_ack(self, ack: Ack, *, retained: bool) -> None:
        match await self._outbox.acknowledge(ack):
            case Foreign():
                _log.info("uplink", step="an ack of another journal ignored", incarnation=ack.incarnation)
            case Mismatch(lane, sequence):
                await self._halt(f"the cloud holds another body for {lane} row {sequence}")
            case RolledBack(lane, sequence):
                await self._rolled_back(ack, lane, sequence)
            case Advanced():
                self._advanced(ack, retained=retained)

    def _heard_nack(self, nack: Nack) -> None:
        """The cloud misses rows: go back to the first of them."""
        window = self._windows[nack.lane]
        window.cloud_spoke(_now_s())
        if window.missed(nack):
            _log.info("uplink", step="going back", lane=nack.lane.value, sequence=nack.first)

    def _advanced(self, ack: Ack, *, retained: bool) -> None:
        now_s = _now_s()
        for lane, window in self._windows.items():
            if lane in ack.lanes:
                window.acknowledged(ack.incarnation, ack.lanes[lane].sequence, now_s)
            if not retained:
                window.cloud_spoke(now_s)
        if self._halted and not retained:
            self._halted = ""
            self._go_back()
            self.hello_wanted.set()  # its answer says whether redeeming may go on
        self.greeted = self.greeted or ack.incarnation == self._outbox.incarnation
        self._show()

    async def _rolled_back(self, ack: Ack, lane: Lane, sequence: int) -> None:
        """The cloud holds more than this journal ever wrote in an incarnation: an old disk came back.

        What that incarnation still has queued is sent on, one batch at a time: the cloud compares
        it with what it holds, so that its answer, not its head, acknowledges the batch.
        """
        if ack.incarnation == self._outbox.incarnation:
            _log.warning("uplink", step="the disk was rolled back", lane=lane.value, sequence=sequence)
            await self._outbox.begin_incarnation(f"the cloud holds {lane} row {sequence}, which is not here")
            self.greeted = False
            self.hello_wanted.set()
        if ack.incarnation not in self._rewound:
            self._rewound.add(ack.incarnation)
            self._go_back()
            return
        for each, window in self._windows.items():
            oldest = window.in_flight[0] if window.in_flight else None
            if oldest and oldest.incarnation == ack.incarnation:
                head = Head(sequence=oldest.last, hash=orjson.loads(oldest.body)["hash"])
                await self._outbox.acknowledge(Ack(incarnation=ack.incarnation, lanes={each: head}))
                window.acknowledged(ack.incarnation, oldest.last, _now_s())

    async def _heard_standing(self, said: RightsStanding) -> None:
        """Act on it, behind an acknowledgement only: that tells whether the disk was rolled back.

        An old disk holds rights that its lost rows have spent, so before that nothing is thawed and nothing given back.
        A quarantined gateway hears no acknowledgement: it stays frozen until the head office lets it go.
        """
        if self._rights is None or said.incarnation != self._outbox.incarnation:
            return
        if not self.greeted or self._halted:
            if said.standing != "welcome":
                await self._rights.freeze(f"{said.standing}, and the cloud has not confirmed what this disk holds")
            return
        before = self._outbox.incarnation
        await self._rights.heard(said)
        if self._outbox.incarnation != before:
            self.greeted = False
            self._go_back()
            self.hello_wanted.set()

    def _go_back(self) -> None:
        for window in self._windows.values():
            window.go_back()

    async def _halt(self, why: str) -> None:
        """Send nothing, and redeem nothing: another copy of this disk may be spending the same rights."""
        self._halted = why
        _log.error("uplink", step="halted", why=why)
        self._show()
        if self._rights is not None:
            await self._rights.freeze(why)

    async def _notice(self, changed: Changed) -> None:
        while True:
            await changed.wait()
            self._stirred.set()

    async def _rest(self) -> None:
        """Wait for a commit, a word of the cloud, or the next moment something is due."""
        now_s = _now_s()
        dues = [due for window in self._windows.values() if (due := window.deadline_s(now_s)) is not None]
        if self._flush_at_s is not None and self._flush_at_s > now_s and self._may_send():
            dues.append(self._flush_at_s)
        try:
            async with asyncio.timeout_at(min(dues) if dues else None):
                await self._stirred.wait()
        except TimeoutError:
            self._expire()

    def _expire(self) -> None:
        """Too long without an answer: ask the cloud where it stands before sending again."""
        overdue = [lane.value for lane, window in self._windows.items() if window.expire(_now_s())]
        if overdue:
            _log.info("uplink", step="no answer", lanes=overdue)
            self.greeted = False
            self.hello_wanted.set()
            self._show()

    def _may_send(self) -> bool:
        if not self.greeted or self._halted:
            return False
        in_flight = [sent for window in self._windows.values() for sent in window.in_flight]
        return not any(sent.incarnation in self._rewound for sent in in_flight)

    def _room(self, lane: Lane) -> int:
        """How many batches of this lane may be sent now."""
        in_flight = sum(len(window.in_flight) for window in self._windows.values())
        shared = WINDOW_BATCHES_MAX - in_flight
        if lane is Lane.TELEMETRY:
            shared = min(shared, TELEMETRY_WINDOW_MAX - len(self._windows[lane].in_flight))
        return max(0, min(shared, self._windows[lane].room(_now_s()), FETCH_BATCHES_MAX)) if self._may_send() else 0

    async def _send_next(self, tasks: asyncio.TaskGroup) -> bool:
        """Send what is next, of the ledger if it has any. False when there is nothing to send now."""
        for lane in Lane:
            rows = await self._next_rows(lane)
            for batch in _batches(rows, self._windows[lane].bytes_max):
                self._windows[lane].sent(batch, _now_s())
                payload = b"[" + b",".join([row.body for row in batch]) + b"]"
                tasks.create_task(self._wire.publish(topics.up(self._gateway_id, lane), payload))
            if rows:
                return True
        return False

    async def _next_rows(self, lane: Lane) -> Sequence[OutboxRow]:
        room, window = self._room(lane), self._windows[lane]
        if not room:
            return ()
        place, head = window.place, self._outbox.heads().get(lane)
        here = Place(self._outbox.incarnation, head.sequence if head else 0)
        if place is not None and place.incarnation == here.incarnation and not self._is_due(lane, here, place):
            return ()
        rows = await self._outbox.unsent(
            lane, after=place, events_max=room * BATCH_EVENTS_MAX, bytes_max=room * window.bytes_max
        )
        if place is not window.place or not self._may_send():
            return ()  # the cloud spoke meanwhile: begin again from what it said
        if not rows:
            window.place = here
        return rows

    def _is_due(self, lane: Lane, here: Place, place: Place) -> bool:
        """Whether rows behind ``place`` are worth sending now: telemetry waits for company, or 15 s."""
        waiting = here.sequence - place.sequence
        if lane is not Lane.TELEMETRY:
            return waiting > 0
        if waiting <= 0:
            self._flush_at_s = None
            return False
        now_s = _now_s()
        if self._flush_at_s is None:
            self._flush_at_s = now_s + TELEMETRY_FLUSH_S
        if waiting < BATCH_EVENTS_MAX and now_s < self._flush_at_s:
            return False
        self._flush_at_s = None
        return True

    def _show(self) -> None:
        """Tell the board how things stand; the first of these that is true."""
        stuck = [lane.value for lane, window in self._windows.items() if window.is_stuck]
        if self._halted:
            self._board.show(Link.QUARANTINED, self._halted)
        elif stuck:
            self._board.show(Link.STUCK, f"the cloud answers, but does not confirm the next row of: {', '.join(stuck)}")
        elif self.greeted:
            self._board.show(Link.ONLINE)
        else:
            self._board.show(Link.UNANSWERED, "connected; the cloud has not answered yet")


def _supersedes(later: _Heard, earlier: Ack, *, retained: bool) -> bool:
    """Whether a later acknowledgement says all that the earlier one did."""
    said, kept = later
    return isinstance(said, Ack) and said.incarnation == earlier.incarnation and kept == retained


def _batches(rows: Sequence[OutboxRow], bytes_max: int) -> Iterator[Sequence[OutboxRow]]:
    """Rows in messages of at most 100 events and ``bytes_max`` bytes, brackets and commas included."""
    begin, size = 0, 1
    for index, row in enumerate(rows):
        grown = size + len(row.body) + 1
        if index > begin and (grown > bytes_max or index - begin == BATCH_EVENTS_MAX):
            yield rows[begin:index]
            begin, grown = index, len(row.body) + 2
        size = grown
    if rows:
        yield rows[begin:]


def _now_s() -> float:
    return asyncio.get_running_loop().time()
