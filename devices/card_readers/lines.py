"""Lines from the event loop to the cards on a reader. Requests are served by the reader's own thread, one at a time."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from devices.card_channel import APDU_BYTES_MAX, CardGone
from devices.observations import CardUid

REQUESTS_MAX = 8
"""Commands of one card that may wait for the reader."""


class CardLine:
    """To one card, for as long as it lies there: a :class:`~devices.card_channel.CardChannel`."""

    def __init__(self, uid: CardUid, lines: CardLines) -> None:
        self.uid = uid
        self.was_used = False
        self.is_open = True
        self._lines = lines

    def __repr__(self) -> str:
        return f"CardLine({self.uid!r}, {'open' if self.is_open else 'closed'})"

    async def transceive(self, command: bytes) -> bytes:
        """As the protocol says. Raises ``ValueError`` for a command that no card takes."""
        if not 1 <= len(command) <= APDU_BYTES_MAX:
            raise ValueError(f"a command has 1 to {APDU_BYTES_MAX} bytes, not {len(command)}")
        return await asyncio.wrap_future(self._lines.ask(self, command))

    def close(self) -> None:
        """As the protocol says."""
        self._lines.end(self)


class CardRequest:
    """One command on its way to a card."""

    def __init__(self, line: CardLine, command: bytes) -> None:
        self.line = line
        self.command = command
        self.answer: Future[bytes] = Future()

    def serve(self, exchange: Callable[[bytes], bytes]) -> bool:
        """Carry it out; returns whether the card is still there. What else ``exchange`` raises goes through."""
        if not self.answer.set_running_or_notify_cancel():
            return True
        try:
            told = exchange(self.command)
        except CardGone as gone:
            self.answer.set_exception(gone)
            return False
        except BaseException:
            self.answer.set_exception(CardGone("the reader failed"))
            raise
        self.answer.set_result(told)
        return True


class CardLines:
    """All lines of one reader. ``ask`` and ``end`` are called from any thread, the rest from the reader's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[CardRequest] = deque()
        self._open: list[CardLine] = []
        self._is_stopped = False

    def open(self, uid: CardUid) -> CardLine:
        """A line to a card that has come."""
        line = CardLine(uid, self)
        with self._changed:
            line.is_open = not self._is_stopped
            self._open.append(line)
        return line

    def ask(self, line: CardLine, command: bytes) -> Future[bytes]:
        """Send a command to a card. Raises :class:`CardGone` where it is not there any more."""
        request = CardRequest(line, command)
        with self._changed:
            if not line.is_open:
                raise CardGone("the card is not there any more")
            if len(self._waiting) >= REQUESTS_MAX:
                raise CardGone("too many commands are waiting for the reader")
            line.was_used = True
            self._waiting.append(request)
            self._changed.notify_all()
        return request.answer

    def end(self, line: CardLine) -> None:
        """Close a line; what waits on it is told that the card is gone."""
        self._end_where(lambda each: each is line)

    def keep(self, is_here: Callable[[CardUid], bool]) -> None:
        """Close the lines to cards that have left."""
        if self._open:
            self._end_where(lambda line: not is_here(line.uid))

    def stop(self) -> None:
        """Close all lines, now and from now on."""
        with self._changed:
            self._is_stopped = True
        self._end_where(lambda _: True)

    def next(self, timeout_s: float, *, of: CardLine | None = None) -> CardRequest | None:
        """The next command; ``None`` after the timeout, or once the line ``of`` a conversation is closed."""

        def is_due() -> bool:
            return bool(self._waiting) or self._is_stopped or (of is not None and not of.is_open)

        with self._changed:
            self._changed.wait_for(is_due, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    def _end_where(self, is_over: Callable[[CardLine], bool]) -> None:
        with self._changed:
            for line in self._open:
                if is_over(line):
                    line.is_open = False
            self._open = [line for line in self._open if line.is_open]
            forsaken = [request for request in self._waiting if not request.line.is_open]
            self._waiting = deque(request for request in self._waiting if request.line.is_open)
            self._changed.notify_all()
        for request in forsaken:
            request.serve(_nobody_answers)


def _nobody_answers(_: bytes) -> bytes:
    raise CardGone("the card is not there any more")
