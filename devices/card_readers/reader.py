"""A card reader as a device, whatever chip it has and whatever way leads there: tells a card the moment it comes.

While the field is empty a chip that can listens by itself and the host sleeps; others are asked again and again.
While a card lies there, the field is polled until the card has left, so that lying still is one tap; between two
looks the reader carries commands to the card, if somebody has any.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Annotated, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field

from devices.card_channel import CardGone
from devices.card_readers.field import CardField
from devices.card_readers.lines import CardLine, CardLines, CardRequest
from devices.card_readers.nfc_link import Found, NfcLink, NoText, Technology
from devices.observations import CardTapped, CodeScanned, Observation
from devices.reading_thread import ReadingThread

_log = structlog.get_logger("sense")

CLAIM_S = 0.25
"""How long a card that may prove itself is left to whoever wants to ask it, before its text is read."""
TALK_PAUSE_S = 0.5
"""A conversation in which nobody says anything for so long is over: other cards have waited enough."""
TALK_COMMANDS_MAX = 64


class ReaderSettings(BaseModel):
    """What every card reader can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    technologies: Annotated[tuple[Technology, ...], Field(min_length=1, max_length=2)] = Field(
        default=("nfc-a",),
        description="Kinds of cards to look for: nfc-a (MIFARE, NTAG, DESFire, phones), nfc-f (FeliCa). "
        "With one kind the chip listens by itself, where it can, and a tap is told at once; two are polled in turn.",
    )
    poll_interval_ms: int = Field(
        default=25,
        ge=5,
        le=1_000,
        description="Pause between two looks: at a card that lies on the reader, for two kinds of cards, or with a "
        "chip that cannot listen by itself.",
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


class CardReader:
    """A reader as a device. A thread of its own talks to the chip. ``open_link`` blocks, and may raise a fault."""

    def __init__(self, settings: ReaderSettings, open_link: Callable[[], NfcLink], *, name: str) -> None:
        self._settings = settings
        self._open_link = open_link
        self._name = name
        self._link: NfcLink | None = None
        self._thread: ReadingThread[Observation] | None = None

    def __repr__(self) -> str:
        return f"CardReader({self._name!r}, {'open' if self._link else 'closed'})"

    async def __aenter__(self) -> Self:
        opening = asyncio.create_task(asyncio.to_thread(self._open_link))
        try:
            self._link = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_when_opened)
            raise
        watch = CardWatch(self._link, self._settings)
        self._thread = ReadingThread(watch.look, name=self._name, interrupt=watch.stop)
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
    """What the reader's thread does: look, tell what came, and carry commands to it."""

    def __init__(self, link: NfcLink, settings: ReaderSettings) -> None:
        self._link = link
        self._settings = settings
        self._field = CardField(misses_max=settings.left_after_misses)
        self._interval_s = settings.poll_interval_ms / 1_000
        self._lines = CardLines()
        self._unread: CardLine | None = None
        self._is_unread = False
        self._stopping = threading.Event()

    def look(self) -> list[Observation]:
        """Look once, for at most a second or so; returns what came. Raises ``DeviceFault``."""
        try:
            return self._look()
        except BaseException:
            self._lines.stop()
            raise

    def stop(self) -> None:
        """End a look in progress, and pauses from now on."""
        self._stopping.set()
        self._lines.stop()
        self._link.wake()

    def _look(self) -> list[Observation]:
        if self._is_unread:
            return self._read_if_nobody_asks()
        technology, found = self._find()
        came = self._field.polled(found.uid if found else None)
        self._lines.keep(self._field.holds)
        if not came or found is None:
            return []
        if found.uid.is_random:
            # It would be another number at the next tap: no card to greet, none to enrol.
            _log.info("sense", outcome="random number ignored")
            return []
        line = self._lines.open(found.uid) if found.takes_commands else None
        self._is_unread, self._unread = self._settings.read_ndef and technology == "nfc-a", line
        return [CardTapped(found.uid, technology, channel=line)]

    def _find(self) -> tuple[Technology, Found | None]:
        technologies = self._settings.technologies
        if self._field.empty and len(technologies) == 1 and self._link.can_listen:
            return technologies[0], self._link.wait_for_card(technologies[0])
        self._pause(self._interval_s)
        for technology in technologies:
            if (found := self._link.poll(technology)) is not None:
                return technology, found
        return technologies[0], None

    def _read_if_nobody_asks(self) -> list[Observation]:
        """Whoever talked to the card has read what they wanted of it."""
        line, self._unread, self._is_unread = self._unread, None, False
        if line is not None:
            self._pause(CLAIM_S, of=line)
            if line.was_used:
                return []
        text = self._link.read_text()
        if isinstance(text, NoText):
            _log.info("sense", outcome=f"card {text.value}")
            return []
        return [CodeScanned(text, "ndef")]

    def _pause(self, timeout_s: float, *, of: CardLine | None = None) -> None:
        """Wait before the next look; a command that comes meanwhile begins a conversation."""
        if self._stopping.is_set():
            return
        request = self._lines.next(timeout_s, of=of)
        if request is not None:
            self._converse(request)

    def _converse(self, request: CardRequest | None) -> None:
        """Carry commands to a card until its line is closed, it is gone, or nobody says anything."""
        talking: CardLine | None = None
        for _ in range(TALK_COMMANDS_MAX):
            if request is None:
                return
            line = request.line
            is_same = line is talking
            if not request.serve(self._link.exchange if is_same else self._connect_and_exchange(line)):
                return
            talking = line
            request = self._lines.next(TALK_PAUSE_S, of=line)
        if request is not None:
            request.serve(_talked_enough)

    def _connect_and_exchange(self, line: CardLine) -> Callable[[bytes], bytes]:
        def exchange(command: bytes) -> bytes:
            try:
                self._link.connect(line.uid)
            except CardGone:
                # It may have been looked away from, or moved: found again, it may be woken again.
                if self._link.poll("nfc-a") is None:
                    raise
                self._link.connect(line.uid)
            return self._link.exchange(command)

        return exchange


def _talked_enough(_: bytes) -> bytes:
    raise CardGone("the conversation went on for too long")


def _close_when_opened(opening: asyncio.Task[NfcLink]) -> None:
    """Nobody waits for this link any more: give the port back."""
    if not opening.cancelled() and opening.exception() is None:
        opening.get_loop().run_in_executor(None, opening.result().close)
