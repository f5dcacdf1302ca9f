"""Watches a kiosk as a browser does: a real client of its live stream. What it did not see did not happen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from kiosk_ui.kiosk.screens import SCREEN_EVENT

RECENT_MAX = 64
LINE_LENGTH_MAX = 256 * 1024
_CONNECT_TIMEOUT_S = 2.0
_SILENCE_S_MAX = 20.0
"""The stream beats more often than this; a silent one is dead."""
_RETRY_AFTER_S = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """One event as it arrived: ``at_s`` on the event loop's clock, ``number`` counted by this witness."""

    number: int
    at_s: float
    screen: str
    view: dict[str, Any]


class Witness:
    """``async with Witness(url):`` follows the stream at ``url``, through restarts of the gateway."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._last_id = ""
        self.connected = asyncio.Event()
        self.screens: Counter[str] = Counter()
        self._recent: deque[Seen] = deque(maxlen=RECENT_MAX)

    @property
    def count(self) -> int:
        """How many screens it has seen so far."""
        return self.screens.total()

    @property
    def latest(self) -> Seen | None:
        """What the kiosk shows now, as far as this witness knows."""
        return self._recent[-1] if self._recent else None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow(), name="witness")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sees(self, screens: Collection[str], *, after: int, timeout_s: float) -> Seen | None:
        """Wait for one of ``screens`` beyond number ``after``; ``None`` when it does not come in time."""

        def found() -> Seen | None:
            return next((seen for seen in self._recent if seen.number > after and seen.screen in screens), None)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._news:
                return await self._news.wait_for(found)
        return None

    async def _follow(self) -> None:
        timeout = httpx.Timeout(_CONNECT_TIMEOUT_S, read=_SILENCE_S_MAX)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    await self._read(client)
                self.connected.clear()
                await asyncio.sleep(_RETRY_AFTER_S)

    async def _read(self, client: httpx.AsyncClient) -> None:
        headers = {"last-event-id": self._last_id} if self._last_id else {}
        async with client.stream("GET", self._url, headers=headers) as response:
            response.raise_for_status()
            async for name, event_id, data in _events(response):
                if name == "sync":
                    self.connected.set()
                elif name == SCREEN_EVENT and event_id != self._last_id:
                    self._last_id = event_id
                    await self._note(json.loads(data))

    async def _note(self, view: dict[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        screen = str(view.get("screen", ""))
        async with self._news:
            self.screens[screen] += 1
            self._recent.append(Seen(self.count, now, screen, view))
            self._news.notify_all()


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, str, str]]:
    """Parse server-sent events: (name, id, data). Comments and ``retry`` are passed over."""
    name, event_id, data = "message", "", ""
    async for line in response.aiter_lines():
        if len(line) > LINE_LENGTH_MAX:
            raise httpx.DecodingError(f"a line of the live stream is longer than {LINE_LENGTH_MAX} characters")
        if not line:
            if data:
                yield name, event_id, data
            name, event_id, data = "message", "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data = f"{data}\n{value}" if data else value
