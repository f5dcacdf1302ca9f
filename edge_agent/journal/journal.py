"""The journal as the rest of the gateway sees it: write, read, and the outbox an uplink drains."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Self, TypeVar
from weakref import WeakSet

from cloud_bridge.receipts import Ack, Head, LaneFigures
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import AckResult, OutboxRow, Place
from edge_agent.clock import HybridClock
from edge_agent.journal.books import to_ms
from edge_agent.journal.committer import Committer, Outcome
from edge_agent.journal.database import Statements, open_reader, unreadable
from edge_agent.journal.lanes import outbox
from edge_agent.journal.lanes.chain import verify_chains
from edge_agent.journal.transaction import Reader, Transaction
from edge_agent.journal.values import Damage, JournalClosed, JournalSettings, VerifyReport
from edge_agent.journal.writer import Writer

QUEUE_UNITS_MAX = 4_096
"""Units of work waiting for the writer; further callers wait before they queue."""

READERS_MAX = 2

T = TypeVar("T")


class Changed:
    """A listener for commits; each has its own memory, so that no commit is ever missed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.event = asyncio.Event()

    async def wait(self) -> None:
        """Return once something was committed to a lane since this listener was made or last returned."""
        await self.event.wait()
        self.event.clear()


class Journal:
    """The store's memory. One per gateway; made by :meth:`open`, used from one event loop."""

    def __init__(self, settings: JournalSettings, *, clock: HybridClock) -> None:
        self._settings = settings
        self._clock = clock
        self._committer = Committer(settings, clock=clock)
        self._incarnation, self._heads = self._committer.incarnation, self._committer.heads()
        self._listeners: WeakSet[Changed] = WeakSet()
        self._listening = threading.Lock()
        self._room = asyncio.Semaphore(QUEUE_UNITS_MAX)
        self._readers = ThreadPoolExecutor(READERS_MAX, thread_name_prefix="journal reader")
        self._spare: list[sqlite3.Connection] = []
        self._writer = Writer(self._committer, self._deliver)
        self._closed = False
        self._writer.start()

    @classmethod
    def open(cls, settings: JournalSettings, *, clock: HybridClock) -> Self:
        """Open or create the journal, verify its chains, mend what is damaged, start the writer.

        Raises :class:`JournalError` naming the place and the remedy.
        """
        return cls(settings, clock=clock)

    @property
    def incarnation(self) -> str:
        """The incarnation new rows are written under."""
        return self._incarnation

    @property
    def mended(self) -> tuple[Damage, ...]:
        """What was found damaged when the journal opened, and has been stated as lost."""
        return self._committer.mended

    def durability(self) -> str:
        """``full`` when every commit reaches the disk, or what is wrong."""
        return self._writer.stopped_by or self._committer.durability()

    def fill(self) -> float:
        """The used share, 0 to 1, of the room that the journal has and could still get."""
        return self._committer.disk.fill

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit of work in the writer and return its result once it is durable.

        All or nothing: when the unit raises, nothing of it remains and the exception is raised
        here. Raises :class:`JournalFull`, :class:`JournalClosed`.
        """
        async with self._room:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[T] = loop.create_future()
            self._writer.submit(unit, future)
            return await future

    async def read(self, query: Callable[[Reader], T]) -> T:
        """Run a query on a read-only snapshot in a thread of its own."""
        if self._closed:
            raise _closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)

    def changed(self) -> Changed:
        """A new listener; call it on the event loop that will wait."""
        listener = Changed(asyncio.get_running_loop())
        with self._listening:
            self._listeners.add(listener)
        return listener

    async def verify(self) -> VerifyReport:
        """Look at every row."""
        return await self._ask(verify_chains)

    async def figures(self) -> dict[Lane, LaneFigures]:
        """The loss ledger: recorded = acked + queued + dropped, per lane."""
        now_ms = to_ms(self._clock.now())
        return await self._ask(lambda connection: outbox.figures(connection, now_ms=now_ms))

    def heads(self) -> dict[Lane, Head]:
        """The last durable row of each lane of the current incarnation; without I/O."""
        return dict(self._heads)

    async def unsent(self, lane: Lane, *, after: Place | None, events_max: int, bytes_max: int) -> list[OutboxRow]:
        """Unacknowledged rows behind ``after``, oldest first; at least one when there is any."""
        request = outbox.Request(lane, after, events_max, bytes_max)
        try:
            return await self._ask(lambda connection: outbox.unsent(connection, request))
        except outbox.HoleFound:
            await self.write(lambda _: self._committer.mend())
            return await self._ask(lambda connection: outbox.unsent(connection, request))

    async def acknowledge(self, ack: Ack) -> AckResult:
        """Take rows out of the queue when every head in ``ack`` fits; durable on return."""
        return await self.write(lambda _: self._committer.acknowledge(ack))

    async def begin_incarnation(self, reason: str) -> None:
        """Number all lanes from 1 again under a new incarnation; unacknowledged rows move into it."""
        await self.write(lambda _: self._committer.begin_incarnation(reason))

    async def close(self) -> None:
        """Commit what is queued, checkpoint and close. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._shut)

    def _shut(self) -> None:
        self._writer.stop()
        self._readers.shutdown()
        for connection in self._spare:
            connection.close()
        self._committer.close()

    async def _ask(self, query: Callable[[Statements], T]) -> T:
        return await self.read(lambda reader: query(reader._connection))  # noqa: SLF001

    def _query(self, query: Callable[[Reader], T]) -> T:
        try:
            connection = self._spare.pop()
        except IndexError:
            connection = open_reader(self._settings.path)
        try:
            connection.execute("BEGIN")
            try:
                return query(Reader(connection, self._committer.shelf))
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise unreadable(self._settings.path, error) from error
        finally:
            self._spare.append(connection)

    def _deliver(self, done: list[tuple[Any, Outcome]]) -> None:
        """In the writer thread, after a commit: hand results to the loops that wait for them."""
        heads = self._committer.heads()
        moved = heads != self._heads
        self._heads, self._incarnation = heads, self._committer.incarnation
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Outcome]]] = {}
        for future, outcome in done:
            by_loop.setdefault(future.get_loop(), []).append((future, outcome))
        for loop, results in by_loop.items():
            _call(loop, partial(_resolve, results))
        if moved:
            with self._listening:
                listeners = list(self._listeners)
            for listener in listeners:
                _call(listener.loop, listener.event.set)


def _resolve(results: list[tuple[asyncio.Future[Any], Outcome]]) -> None:
    for future, outcome in results:
        if future.done():
            continue
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    """Run something on a loop, unless that loop is gone."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)


def _closed() -> JournalClosed:
    return JournalClosed("the journal is closed", place="journal", remedy="Start the gateway again")
