"""A thread that reads blocking hardware and hands what it read to the event loop, in order."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Generic, TypeVar

_WAITING_MAX = 256
_STOP_CHECK_S = 0.2
_JOIN_S = 5.0

Item = TypeVar("Item")


class ReadingThread(Generic[Item]):
    """Calls ``read()`` again and again in a thread of its own until stopped or until it raises.

    ``read`` blocks for a bounded time and returns what it got, possibly nothing. A consumer that
    falls behind is waited for once 256 items are waiting: nothing is dropped here. What ``read``
    raises comes out of :meth:`items`. ``interrupt`` makes a blocked ``read`` return early.
    """

    def __init__(
        self, read: Callable[[], Iterable[Item]], *, name: str, interrupt: Callable[[], None] = lambda: None
    ) -> None:
        self._read = read
        self._interrupt = interrupt
        self._waiting: queue.Queue[Item] = queue.Queue(_WAITING_MAX)
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def items(self) -> AsyncGenerator[Item, None]:
        """What was read, oldest first; raises what ended the reading once everything read is out."""
        while True:
            self._told.clear()
            # Looked at before the queue: what was read before the failure still comes out first.
            failure, ended = self._failure, self._ended
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                if failure is not None:
                    raise failure from None
                if ended:
                    return
                await self._told.wait()
            else:
                yield item

    async def stop(self) -> bool:
        """End the thread; returns whether it ended (one stuck in a system call is left behind, a daemon)."""
        self._stopping.set()
        self._interrupt()
        await asyncio.to_thread(self._thread.join, _JOIN_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                for item in self._read():
                    self._hand_over(item)
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, where it is raised
            self._failure = error
        self._ended = True
        self._wake()

    def _hand_over(self, item: Item) -> None:
        while not self._stopping.is_set():
            try:
                self._waiting.put(item, timeout=_STOP_CHECK_S)
            except queue.Full:
                continue
            self._wake()
            return

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)
