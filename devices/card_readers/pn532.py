"""A PN532 card reader on a serial line: tells a card's number the moment it comes.

While the field is empty the chip itself listens and the host sleeps; a card is told after one
message. While a card lies there, the field is polled until the card has left, so that lying still is one tap.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field

from devices.card_readers.field import CardField
from devices.card_readers.pn532_link import NoText, Pn532Link, Technology
from devices.device import Driver
from devices.observations import CardTapped, CardUid, CodeScanned, Observation
from devices.reading_thread import ReadingThread

_log = structlog.get_logger("sense")


class Pn532Settings(BaseModel):
    """Where the reader is and what it looks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(
        description="Serial port of the reader. Use its stable name under /dev/serial/by-id: "
        "a plain /dev/ttyUSB0 may be another device after the next start."
    )
    technologies: Annotated[tuple[Technology, ...], Field(min_length=1, max_length=2)] = Field(
        default=("nfc-a",),
        description="Kinds of cards to look for: nfc-a (MIFARE, NTAG, DESFire, phones), nfc-f (FeliCa). "
        "With one kind the chip listens by itself and a tap is told at once; two are polled in turn.",
    )
    poll_interval_ms: int = Field(
        default=25,
        ge=5,
        le=1_000,
        description="Pause between two looks at a card that lies on the reader, or for two kinds of cards.",
    )
    left_after_misses: int = Field(
        default=2,
        ge=1,
        le=20,
        description="Looks in a row that must miss a card before it has left and may be tapped again.",
    )
    read_ndef: bool = Field(
        default=False,
        description="Also read the first link or text on the card, after the tap was told, and tell it as a code.",
    )


class Pn532Reader:
    """The reader as a device. A thread of its own talks to the chip."""

    def __init__(self, settings: Pn532Settings) -> None:
        self._settings = settings
        self._link: Pn532Link | None = None
        self._thread: ReadingThread[Observation] | None = None

    def __repr__(self) -> str:
        return f"Pn532Reader({str(self._settings.path)!r}, {'open' if self._link else 'closed'})"

    async def __aenter__(self) -> Self:
        opening = asyncio.create_task(asyncio.to_thread(Pn532Link, self._settings.path))
        try:
            self._link = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_when_opened)
            raise
        watch = CardWatch(self._link, self._settings)
        self._thread = ReadingThread(watch.look, name=f"pn532 {self._settings.path.name}", interrupt=watch.stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, self._thread = self._thread, None
        link, self._link = self._link, None
        if thread is not None:
            await thread.stop()
        if link is not None:
            await asyncio.to_thread(link.close)

    def observations(self) -> AsyncIterator[Observation]:
        """Taps, each told before anything else is read from the card."""
        if self._thread is None:
            raise RuntimeError("the reader is not open; enter it with 'async with' first")
        return self._thread.items()


class CardWatch:
    """What the reader's thread does: look, and tell what came."""

    def __init__(self, link: Pn532Link, settings: Pn532Settings) -> None:
        self._link = link
        self._settings = settings
        self._field = CardField(misses_max=settings.left_after_misses)
        self._interval_s = settings.poll_interval_ms / 1_000
        self._unread = False
        self._stopping = threading.Event()

    def look(self) -> list[Observation]:
        """Look once, for at most a second or so; returns what came. Raises ``DeviceFault``."""
        if self._unread:
            self._unread = False
            return self._read()
        technology, uid = self._find()
        if not self._field.polled(uid) or uid is None:
            return []
        if uid.is_random:
            # It would be another number at the next tap: no card to greet, none to enrol.
            _log.info("sense", outcome="random number ignored")
            return []
        self._unread = self._settings.read_ndef and technology == "nfc-a"
        return [CardTapped(uid, technology)]

    def stop(self) -> None:
        """End a look in progress, and pauses from now on."""
        self._stopping.set()
        self._link.wake()

    def _find(self) -> tuple[Technology, CardUid | None]:
        technologies = self._settings.technologies
        if self._field.empty and len(technologies) == 1:
            return technologies[0], self._link.wait_for_card(technologies[0])
        self._stopping.wait(self._interval_s)
        for technology in technologies:
            if (uid := self._link.poll(technology)) is not None:
                return technology, uid
        return technologies[0], None

    def _read(self) -> list[Observation]:
        text = self._link.read_text()
        if isinstance(text, NoText):
            _log.info("sense", outcome=f"card {text.value}")
            return []
        return [CodeScanned(text, "ndef")]


def _close_when_opened(opening: asyncio.Task[Pn532Link]) -> None:
    """Nobody waits for this link any more: give the port back."""
    if not opening.cancelled() and opening.exception() is None:
        opening.get_loop().run_in_executor(None, opening.result().close)


DRIVER: Driver[Pn532Settings] = Driver(
    name="pn532",
    summary="NFC card reader with a PN532 chip on a serial line (UART, HSU mode)",
    settings=Pn532Settings,
    open=Pn532Reader,
)
