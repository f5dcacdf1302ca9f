"""The writer's thread: units of work queue up, and what is queued when it is free commits together.

A batch never waits for more. A unit that raises is undone alone and its exception reaches its
caller only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from edge_agent.journal.committer import Committer, Outcome, Unit
from edge_agent.journal.values import JournalClosed

BATCH_UNITS_MAX = 512

_log = structlog.get_logger(__name__)

Deliver = Callable[[list[tuple[Any, Outcome]]], None]


class Writer:
    """The thread around a :class:`Committer`. ``deliver`` is called in it after each commit."""

    def __init__(self, committer: Committer, deliver: Deliver) -> None:
        self._committer = committer
        self._deliver = deliver
        self._queue: deque[tuple[Unit, Any]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self.stopped_by = ""
        """Why the thread ended by itself; empty while it has not."""
        self._thread = threading.Thread(target=self._work, name="journal writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, unit: Unit, token: Any) -> None:
        """Queue a unit; ``token`` comes back with its outcome. Raises :class:`JournalClosed`."""
        with self._wake:
            if self._closing:
                raise JournalClosed("the journal is closed", place="journal", remedy="Start the gateway again")
            self._queue.append((unit, token))
            self._wake.notify()

    def stop(self) -> None:
        """Commit what is queued and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                outcomes = self._committer.commit([unit for unit, _ in batch])
            except Exception as bug:  # noqa: BLE001  whatever it is, those who wait must hear of it
                self._fail(batch, bug)
                return
            if rest := batch[len(outcomes) :]:
                with self._wake:
                    self._queue.extendleft(reversed(rest))
            self._deliver([(token, outcome) for (_, token), outcome in zip(batch, outcomes, strict=False)])
            if not self._queue:
                # Behind those who waited, not in the commit of the next tap.
                self._committer.checkpoint_when_due()

    def _fail(self, batch: list[tuple[Unit, Any]], bug: Exception) -> None:
        """A bug ends the writer, loudly: nobody may wait for it for ever."""
        _log.error("commit", problem="the journal's writer has stopped", exc_info=bug)
        self.stopped_by = f"the writer has stopped: {type(bug).__name__}"
        with self._wake:
            self._closing = True
            batch = [*batch, *self._queue]
            self._queue.clear()
        self._deliver([(token, Outcome(error=bug)) for _, token in batch])

    def _next_batch(self) -> list[tuple[Unit, Any]]:
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            return [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_UNITS_MAX))]
