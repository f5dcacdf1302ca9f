"""The seam to nfcpy: the only module that touches it, with types and with one error.

nfcpy owns the conversation with the chip. What it leaves open is closed here: a chip left at
another speed is called back, every way to fail becomes a :class:`DeviceFault`, and the port is freed
whatever state the chip is in. All methods block; ``wake`` may be called from any thread.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import struct
import termios
import threading
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import ndef
import nfc
import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag
import serial
import structlog

from devices.card_readers.pn532_frames import Ack, Direction, FrameDecoder, Message
from devices.device import DeviceFault
from devices.observations import CODE_LENGTH_MAX, CardUid

_log = structlog.get_logger("sense")

Technology = Literal["nfc-a", "nfc-f"]

WAIT_S = 1.0
"""How long nfcpy waits for a chip that listens for a card, before it asks again."""

_FAST_BAUDRATES = (921_600, 460_800, 230_400)
_CALL_BACK_WAIT_S = 0.25
_PATIENCE_MS = 400
"""nfcpy gives a chip 100 ms to take a command. A busy machine may need longer to carry it over."""
_SET_BAUDRATE_115200 = Message(Direction.TO_CHIP, 0x10, b"\x04")
_BAUDRATE_SET = Message(Direction.TO_HOST, 0x11)
_LONG_PREAMBLE = bytes(10)
"""Wakes a sleeping chip, which misses what comes first."""

_POLLS: dict[Technology, tuple[int, bytes]] = {
    "nfc-a": (0, b""),
    "nfc-f": (1, bytes.fromhex("00FFFF0100")),
}
"""Bit rate and type for InListPassiveTarget, and the request to send."""

_RETRY_ITEM = 0x05
_RETRY_ONCE = b"\x01\x00\x01"
_RETRY_FOREVER = b"\x01\x00\xff"

_LINE_ERRORS = (OSError, termios.error)
_CHIP_ERRORS = (*_LINE_ERRORS, nfc.clf.pn532.Chipset.Error, AttributeError, IndexError, TypeError, ValueError)
"""nfcpy indexes into answers before it has looked at their length."""
_CARD_ERRORS = (
    nfc.clf.CommunicationError,
    nfc.clf.pn532.Chipset.Error,
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


class Pn532Link:
    """An open conversation with a PN532 at a serial path."""

    def __init__(self, path: Path) -> None:
        """Open the port and the chip. Blocks up to 2 s; raises :class:`DeviceFault`, leaving nothing open."""
        _keep_numbers_out_of_logs()
        self.path = path
        self._port = _resolve(path)
        self._lock = threading.Lock()
        self._closed = False
        self._woken = False
        self._failed = False
        self._retries = b""
        with self._fault_on(*_CHIP_ERRORS):
            self._device = self._open()
        self._line = self._device.chipset.transport.tty
        self._frontend = nfc.ContactlessFrontend()
        self._frontend.device = self._device

    def __repr__(self) -> str:
        return f"Pn532Link({str(self.path)!r})"

    def wait_for_card(self, technology: Technology) -> CardUid | None:
        """The next card to come, told the moment the chip finds it; ``None`` after ``WAIT_S`` or ``wake()``."""
        with self._fault_on(*_CHIP_ERRORS):
            try:
                return self._list(technology, _RETRY_FOREVER)
            except OSError as error:
                # The chip took the command and is still listening. A chip that does not take it is an EIO.
                if error.errno == errno.ETIMEDOUT:
                    return None
                raise

    def poll(self, technology: Technology) -> CardUid | None:
        """The card in the field now, if any."""
        with self._fault_on(*_CHIP_ERRORS):
            return self._list(technology, _RETRY_ONCE)

    def read_text(self) -> str | NoText:
        """The first link or text on the card in the field (NDEF). Takes tens of milliseconds."""
        with self._fault_on(*_LINE_ERRORS):
            self._limit_retries(_RETRY_ONCE)
            try:
                return self._read_text()
            except _CARD_ERRORS:
                return NoText.UNREADABLE

    def wake(self) -> None:
        """Make a wait return early."""
        with self._lock:
            if not self._closed:
                self._woken = True
                self._line.cancel_read()

    def close(self) -> None:
        """Put the chip to sleep at its first speed if it listens (≤ 0.5 s), and free the port in any case."""
        with self._lock:
            self._closed = True
        try:
            if not self._failed:
                self._line.timeout = 0
                self._line.read(1)  # takes a wake() that came too late, which would cut the farewell short
                self._device.close()
        except _CHIP_ERRORS as error:
            _log.debug("sense", outcome="closed without a farewell", error=type(error).__name__)
        finally:
            self._line.close()

    def _open(self) -> Any:
        try:
            return _start(self._port)
        except _CHIP_ERRORS:
            if not _call_back(self._port):
                raise DeviceFault(
                    f"no PN532 answers at {self.path}",
                    remedy="check its power, that its switches select HSU (UART), and that TX and RX are crossed",
                ) from None
        return _start(self._port)

    def _list(self, technology: Technology, retries: bytes) -> CardUid | None:
        self._limit_retries(retries)
        self._device.mute()  # a card that was selected answers again only after it lost power
        kind, request = _POLLS[technology]
        found = self._device.chipset.in_list_passive_target(1, kind, request)
        return None if found is None else CardUid(_uid(technology, bytes(found)))

    def _limit_retries(self, retries: bytes) -> None:
        if retries != self._retries:
            self._device.chipset.rf_configuration(_RETRY_ITEM, retries)
            self._retries = retries

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
        except DeviceFault:
            raise
        except errors as error:
            self._failed = not self._woken  # a conversation cut short by wake() says nothing about the chip
            if isinstance(error, OSError) and error.errno == errno.EACCES:
                reason, remedy = f"not allowed to open {self.path}", "add the gateway's user to the group dialout"
            elif not self.path.exists():
                reason, remedy = f"{self.path} was unplugged", "plug the reader in again"
            else:
                reason = f"the reader at {self.path} answers nothing, or nonsense"
                remedy = "unplug the reader and plug it in again; if it comes back, try another cable"
            raise DeviceFault(reason, remedy=remedy) from error


def _resolve(path: Path) -> Path:
    """The device node behind a stable path: nfcpy knows some nodes by name, and hands the path to a shell."""
    try:
        node = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise DeviceFault(
            f"there is no {path}", remedy="plug the reader in; ls -l /dev/serial/by-id shows what is there"
        ) from error
    if not node.is_char_device():
        raise DeviceFault(f"{path} is no serial port", remedy="give the path of a serial port under /dev/serial/by-id")
    return node


def _uid(technology: Technology, found: bytes) -> bytes:
    if technology == "nfc-f":  # length, response code, then the IDm of 8 bytes
        return found[2:10]
    return found[4 : 4 + found[3]]  # ATQA (2), SAK, length of the UID, UID


class _PatientLine(nfc.clf.transport.TTY):  # type: ignore[misc]
    """nfcpy's serial line, with more patience than it asks for."""

    def read(self, timeout: int) -> Any:
        return super().read(max(timeout, _PATIENCE_MS))


def _start(port: Path) -> Any:
    """Open the port and nfcpy's device on it, or neither."""
    transport = _PatientLine(str(port))
    try:
        return nfc.clf.pn532.init(transport)
    except _CHIP_ERRORS:
        if transport.tty is not None:
            transport.tty.close()
        raise


def _call_back(port: Path) -> bool:
    """Find a chip whose last host died at another speed, and bring it back to the first one."""
    for baudrate in _FAST_BAUDRATES:
        with serial.Serial(str(port), baudrate, timeout=_CALL_BACK_WAIT_S) as line:
            line.write(_LONG_PREAMBLE + bytes(Ack()) + bytes(_SET_BAUDRATE_115200))
            answer = line.read(len(bytes(Ack())) + len(bytes(_BAUDRATE_SET)))
            if _BAUDRATE_SET in FrameDecoder().feed(answer):
                line.write(bytes(Ack()))
                line.flush()
                return True
    return False


def _keep_numbers_out_of_logs() -> None:
    """Log nothing of nfcpy: its messages carry card numbers, and its errors come back as faults."""
    logging.getLogger("nfc").setLevel(logging.CRITICAL + 1)
