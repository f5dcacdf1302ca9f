"""The seam to nfcpy: a conversation with a chip and its cards, with types and with one error.

nfcpy owns the conversation. What it leaves open is closed here: every way to fail becomes a
:class:`DeviceFault`, the way to the chip is freed whatever state it is in, and no card can hold the reader up.
All methods block; ``wake`` may be called from any thread.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import termios
import threading
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, Protocol

import ndef
import nfc
import nfc.clf
import nfc.clf.pn532
import nfc.clf.rcs380
import nfc.tag
import structlog

from devices.card_channel import CardGone
from devices.device import DeviceFault
from devices.observations import CODE_LENGTH_MAX, CardUid

_log = structlog.get_logger("sense")

Technology = Literal["nfc-a", "nfc-f"]

ANSWER_BYTES_MAX = 258
FRAMES_MAX = 48
"""Frames in which a card answers one command. A hostile one would ask for more time, or send more, for ever."""
_READING_FRAMES_MAX = 600
"""The same for all that is read of a card: 1,024 bytes of it, a few bytes at a time."""
_FRAME_S_MAX = 0.15
_SPEAKS_ISO_DEP = 0x20
"""The bit of the answer to a selection (SAK) that says: this card takes commands (ISO 14443-4)."""

LINE_ERRORS = (OSError, termios.error)
CHIP_ERRORS = (
    *LINE_ERRORS,
    nfc.clf.pn532.Chipset.Error,
    nfc.clf.rcs380.CommunicationError,
    nfc.clf.rcs380.StatusError,
    struct.error,
    AssertionError,
    AttributeError,
    IndexError,
    TypeError,
    ValueError,
)
"""nfcpy indexes into answers before it has looked at their length."""
_CARD_ERRORS = (
    nfc.clf.CommunicationError,
    nfc.clf.pn532.Chipset.Error,
    nfc.clf.rcs380.CommunicationError,
    nfc.tag.TagCommandError,
    ndef.DecodeError,
    struct.error,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What nfcpy raises, on purpose or not, on a card that answers something odd. That is no fault of the reader."""


class NoText(Enum):
    """Why a card gave no text."""

    BLANK = "blank"
    """It was read, and holds no link and no text."""
    TORN = "torn"
    """It left before it was read."""
    UNREADABLE = "unreadable"
    """It answered what no card of its kind answers."""


class Found:
    """A card in the field. ``takes_commands``: it speaks ISO 14443-4, so that it might prove itself."""

    __slots__ = ("takes_commands", "target", "uid")

    def __init__(self, target: Any) -> None:
        self.target = target
        number = target.sdd_res if target.brty.endswith("A") else target.sensf_res[1:9]
        self.uid = CardUid(bytes(number))
        self.takes_commands = target.brty.endswith("A") and bool(target.sel_res[0] & _SPEAKS_ISO_DEP)


class Sensing(Protocol):
    """How a kind of chip looks for cards. What it returns is nfcpy's remote target, or ``None``."""

    can_listen: bool
    """It waits for a card by itself; otherwise the host has to look again and again."""

    def poll(self, technology: Technology) -> Any:
        """Look once."""

    def listen(self, technology: Technology) -> Any:
        """Wait for a card, for about a second."""

    def prepare(self) -> None:
        """Make the chip ready for nfcpy to look for cards by its own ways."""


class Wire(Protocol):
    """The way to a chip: a serial line, a USB port."""

    def open(self) -> Any:
        """Wake the chip; returns nfcpy's device. Raises, with nothing left open."""

    def sensing(self, device: Any) -> Sensing:
        """How the chip at the other end looks for cards."""

    def wake(self) -> None:
        """Make a wait for the chip's answer return early, where that is possible."""

    def settle(self) -> None:
        """Before the farewell: take a wake that came too late, which would cut it short."""

    def close(self) -> None:
        """Free it, whatever state it is in."""

    def fault(self, error: BaseException) -> DeviceFault:
        """What went wrong and what to try."""


class _Frontend(nfc.ContactlessFrontend):  # type: ignore[misc]
    """nfcpy's conversation with a card, in a bounded number of frames of bounded length."""

    frames_left = 0

    def exchange(self, send_data: Any, timeout: float) -> Any:
        self.frames_left -= 1
        if self.frames_left < 0:
            raise nfc.clf.TimeoutError("the card does not come to an end")
        return super().exchange(send_data, min(timeout, _FRAME_S_MAX))


class NfcLink:
    """An open conversation with a chip."""

    def __init__(self, wire: Wire) -> None:
        """Open the wire and the chip. Blocks up to 2 s; raises :class:`DeviceFault`, leaving nothing open."""
        _keep_numbers_out_of_logs()
        self._wire = wire
        self._lock = threading.Lock()
        self._closed = False
        self._woken = False
        self._failed = False
        self._found: Found | None = None
        self._tag: Any = None
        with self._fault_on(*CHIP_ERRORS):
            self._device = wire.open()
        self._sensing = wire.sensing(self._device)
        self._frontend = _Frontend()
        self._frontend.device = self._device

    def __repr__(self) -> str:
        return f"NfcLink({self._wire!r})"

    @property
    def can_listen(self) -> bool:
        """Whether :meth:`wait_for_card` waits, and does not have to be asked again and again."""
        return self._sensing.can_listen

    def wait_for_card(self, technology: Technology) -> Found | None:
        """The next card to come, told the moment the chip finds it; ``None`` after a second or ``wake()``."""
        with self._fault_on(*CHIP_ERRORS):
            return self._noted(self._sensing.listen(technology))

    def poll(self, technology: Technology) -> Found | None:
        """The card in the field now, if any."""
        with self._fault_on(*CHIP_ERRORS):
            return self._noted(self._sensing.poll(technology))

    def read_text(self) -> str | NoText:
        """The first link or text on the card in the field (NDEF). Takes tens of milliseconds."""
        self._tag = None
        with self._fault_on(*LINE_ERRORS):
            self._sensing.prepare()
            self._frontend.frames_left = _READING_FRAMES_MAX
            try:
                return self._read_text()
            except _CARD_ERRORS:
                return NoText.UNREADABLE

    def connect(self, uid: CardUid) -> None:
        """Begin a conversation (ISO 14443-4) with this card, found last. Raises :class:`CardGone` where it was not."""
        found, self._tag = self._found, None
        if found is None or found.uid != uid:
            raise CardGone("another card lies there")
        with self._fault_on(*LINE_ERRORS):
            self._frontend.target = found.target
            self._frontend.frames_left = FRAMES_MAX
            try:
                self._tag = nfc.tag.activate(self._frontend, found.target)
            except _CARD_ERRORS as error:
                raise CardGone("the card did not wake up") from error
        # Selected anew, a card has to be found again before it can be woken once more.
        self._found = None
        if self._tag is None or not hasattr(self._tag, "transceive"):
            raise CardGone("the card did not wake up")

    def exchange(self, command: bytes) -> bytes:
        """The connected card's answer to one command, status words included. Raises :class:`CardGone`."""
        if self._tag is None:
            raise CardGone("no conversation is open")
        with self._fault_on(*LINE_ERRORS):
            self._frontend.frames_left = FRAMES_MAX
            try:
                answer = bytes(self._tag.transceive(command))
            except _CARD_ERRORS as error:
                raise CardGone("the card stopped answering") from error
        if not 2 <= len(answer) <= ANSWER_BYTES_MAX:
            raise CardGone("the card answered nothing, or too much")
        return answer

    def wake(self) -> None:
        """Make a wait return early."""
        with self._lock:
            if not self._closed:
                self._woken = True
                self._wire.wake()

    def close(self) -> None:
        """Say farewell to a chip that listens (≤ 0.5 s), and free the wire in any case."""
        with self._lock:
            self._closed = True
        try:
            if not self._failed:
                self._wire.settle()
                self._device.close()
        except CHIP_ERRORS as error:
            _log.debug("sense", outcome="closed without a farewell", error=type(error).__name__)
        finally:
            self._wire.close()

    def _noted(self, target: Any) -> Found | None:
        self._tag = None  # looking took the field away: whatever was said to a card is forgotten by it
        self._found = None if target is None else Found(target)
        return self._found

    def _read_text(self) -> str | NoText:
        target = self._frontend.sense(nfc.clf.RemoteTarget("106A"), iterations=1)
        tag = nfc.tag.activate(self._frontend, target) if target else None
        if tag is None:
            return NoText.TORN
        content = tag.ndef
        if content is None:
            # A card torn away while it is read looks like a blank one to nfcpy.
            return NoText.BLANK if tag.is_present else NoText.TORN
        for record in content.records:
            # Not UriRecord.uri, which percent-encodes again what the card holds and so changes signed links.
            text = getattr(record, "iri", None) or getattr(record, "text", None)
            if isinstance(text, str) and 0 < len(text) <= CODE_LENGTH_MAX:
                return text
        return NoText.BLANK

    @contextlib.contextmanager
    def _fault_on(self, *errors: type[Exception]) -> Iterator[None]:
        try:
            yield
        except (DeviceFault, CardGone):
            raise
        except errors as error:
            self._failed = not self._woken  # a conversation cut short by wake() says nothing about the chip
            raise self._wire.fault(error) from error


def _keep_numbers_out_of_logs() -> None:
    """Log nothing of nfcpy: its messages carry card numbers, and its errors come back as faults."""
    logging.getLogger("nfc").setLevel(logging.CRITICAL + 1)
