"""Live pages: what changes on a screen goes out as server-sent events, and never holds up what caused it.

A *channel* is one page's stream; its events are multiplexed by name. There are two kinds:

- a **state** (the screen now, the figures now): only the newest counts. It is kept for whoever
  connects later, and a slow or returning reader gets the newest, never the history. So a greeting
  that was on the kiosk a minute ago is nowhere in memory.
- a **feed** item (a line of a log): each counts. The last few are kept, and a reader that comes back
  gets what it missed, or is told to begin afresh when too much was.

There are no queues per reader: each remembers how far it has read and takes the rest from the
channel, so a reader that stops reading costs nothing and publishing never waits.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from kiosk_ui.design.refusals import ProblemView, Refused

FEED_KEPT_MAX = 256
STATE_NAMES_MAX = 32
READERS_MAX = 256
CHANNELS_MAX = 4_096
HEARTBEAT_S = 5.0
RETRY_MS = 1_000
RETRY_AFTER_S = 5
_ID_DIGITS_MAX = 18


class LiveError(Exception):
    """The root of this module's errors."""


class UnknownChannel(LiveError):
    """Nobody publishes on a channel of this name."""


class TooManyReaders(LiveError):
    """``READERS_MAX`` pages are open already."""


class Sync(BaseModel):
    """Begins a stream, and begins it again when the reader fell too far behind.

    ``resumed``: nothing is missing since the event the reader named. ``run`` changes when the
    program was started anew: pages reload then. A beat comes at least every ``heartbeat_s``.
    """

    resumed: bool
    run: str
    heartbeat_s: float


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event as it goes out. ``number`` grows over all channels; 0 on events that are not kept."""

    number: int
    name: str
    json: str
    is_state: bool = False


@dataclass(slots=True)
class _Channel:
    states: dict[str, LiveEvent] = field(default_factory=dict)
    feed: deque[LiveEvent] = field(default_factory=deque)
    forgotten: int = 0
    """The number of the newest feed item no longer kept."""
    readers: set["LiveReader"] = field(default_factory=set)

    def keep(self, event: LiveEvent) -> None:
        if event.is_state:
            self.states[event.name] = event
            return
        if len(self.feed) == FEED_KEPT_MAX:
            self.forgotten = self.feed.popleft().number
        self.feed.append(event)

    def after(self, number: int) -> list[LiveEvent]:
        kept = [event for event in (*self.states.values(), *self.feed) if event.number > number]
        return sorted(kept, key=lambda event: event.number)

    def current_states(self) -> list[LiveEvent]:
        return sorted(self.states.values(), key=lambda event: event.number)

    def is_superseded(self, event: LiveEvent) -> bool:
        return event.is_state and self.states[event.name] is not event


class LiveReader:
    """One page's place in a channel. An async context manager; iterate ``events()`` inside it."""

    def __init__(self, hub: "LiveHub", channel: _Channel, read: int | None) -> None:
        self._hub = hub
        self._channel = channel
        self._read = read
        self._news = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._channel.readers.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.readers.discard(self)

    def wake(self) -> None:
        """There is something new to read."""
        self._news.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._news.set()

    async def events(self) -> AsyncIterator[LiveEvent]:
        """First a ``sync``, then what is new, and a ``beat`` whenever nothing was for a while."""
        if not self._is_behind():
            yield self._hub.sync(resumed=True)
        while not self._closed:
            self._news.clear()
            for event in self._take():
                if not self._channel.is_superseded(event):
                    yield event
            if not self._has_news() and not await self._wait():
                yield LiveEvent(0, "beat", "{}")

    def _is_behind(self) -> bool:
        return self._read is None or self._read < self._channel.forgotten

    def _has_news(self) -> bool:
        return self._news.is_set()

    def _take(self) -> list[LiveEvent]:
        if self._is_behind():
            self._read = self._hub.newest
            return [self._hub.sync(resumed=False), *self._channel.current_states()]
        events = self._channel.after(self._read or 0)
        self._read = self._hub.newest
        return events

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(self._hub.heartbeat_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class LiveHub:
    """Every live page's channels. Used from the event loop's own thread only.

    ``run`` names this start of the program (random unless given); a reader of an earlier run begins
    afresh.
    """

    def __init__(self, *, run: str | None = None, heartbeat_s: float = HEARTBEAT_S) -> None:
        self.run = run or secrets.token_hex(4)
        self.heartbeat_s = heartbeat_s
        self.newest = 0
        self._channels: dict[str, _Channel] = {}

    def declare(self, channel: str) -> None:
        """Let readers in before anything is published. Raises :class:`LiveError` beyond ``CHANNELS_MAX``."""
        if channel in self._channels:
            return
        if len(self._channels) >= CHANNELS_MAX:
            raise LiveError(f"no more than {CHANNELS_MAX} live channels; {channel!r} is one too many")
        self._channels[channel] = _Channel()

    def publish(self, event: str, view: BaseModel, *, channel: str, feed: bool = False) -> None:
        """Tell a channel's readers. Never waits. ``feed``: the item is one of many, each of which counts.

        Raises :class:`LiveError` when a channel has more than ``STATE_NAMES_MAX`` kinds of state.
        """
        self.declare(channel)
        target = self._channels[channel]
        if not feed and event not in target.states and len(target.states) >= STATE_NAMES_MAX:
            raise LiveError(f"channel {channel!r} has {STATE_NAMES_MAX} kinds of state; {event!r} is one too many")
        self.newest += 1
        target.keep(LiveEvent(self.newest, event, view.model_dump_json(), is_state=not feed))
        for reader in target.readers:
            reader.wake()

    def reader(self, channel: str, *, after: str | None = None) -> LiveReader:
        """A reader that goes on behind event ``after`` (an id of an earlier stream, or :meth:`cursor`).

        Raises :class:`UnknownChannel`, :class:`TooManyReaders`.
        """
        target = self._channels.get(channel)
        if target is None:
            raise UnknownChannel("nothing is published under this name")
        if sum(len(each.readers) for each in self._channels.values()) >= READERS_MAX:
            raise TooManyReaders(f"{READERS_MAX} live pages are open")
        return LiveReader(self, target, self._number_of(after))

    def cursor(self) -> str:
        """Where the streams stand now: a page rendered now goes on from here."""
        return self.event_id(self.newest)

    def event_id(self, number: int) -> str:
        """The id an event carries on the wire."""
        return f"{self.run}-{number}"

    def sync(self, *, resumed: bool) -> LiveEvent:
        """The event that begins a stream."""
        begin = Sync(resumed=resumed, run=self.run, heartbeat_s=self.heartbeat_s)
        return LiveEvent(0, "sync", begin.model_dump_json())

    def readers(self, channel: str) -> int:
        """How many pages listen to a channel now."""
        target = self._channels.get(channel)
        return len(target.readers) if target else 0

    def close(self) -> None:
        """End every stream, so that the server may stop without waiting for its readers."""
        for channel in self._channels.values():
            for reader in channel.readers:
                reader.close()

    def _number_of(self, event_id: str | None) -> int | None:
        run, _, number = (event_id or "").rpartition("-")
        if run != self.run or not (number.isascii() and number.isdigit()) or len(number) > _ID_DIGITS_MAX:
            return None
        return int(number) if int(number) <= self.newest else None


def live_pages(hub: LiveHub) -> APIRouter:
    """``GET /live/{channel}``: the stream, going on behind ``Last-Event-ID`` or, where a page begins, ``?after=``."""
    router = APIRouter()

    def reader(
        channel: str,
        after: Annotated[str | None, Query(max_length=64)] = None,
        last_event_id: Annotated[str | None, Header(max_length=64)] = None,
    ) -> LiveReader:
        try:
            return hub.reader(channel, after=last_event_id or after)
        except UnknownChannel as error:
            raise Refused(404, ProblemView.of("path.channel", str(error), "take the address from the page")) from error
        except TooManyReaders as error:
            view = ProblemView.of("this program", str(error), "close some of them")
            raise Refused(503, view, retry_after_s=RETRY_AFTER_S) from error

    @router.get("/live/{channel}", response_class=EventSourceResponse, include_in_schema=False)
    async def live(reader: Annotated[LiveReader, Depends(reader)]) -> AsyncIterator[ServerSentEvent]:
        async with reader:
            async for event in reader.events():
                yield ServerSentEvent(
                    raw_data=event.json,
                    event=event.name,
                    id=hub.event_id(event.number) if event.number else None,
                    retry=RETRY_MS if event.name == "sync" else None,
                )

    return router
