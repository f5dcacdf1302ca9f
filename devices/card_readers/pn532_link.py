"""The way to a PN532: a serial line, with a chip on it that may have been left at another speed."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import nfc.clf.pn532
import nfc.clf.transport
import serial

from devices.card_readers.nfc_link import CHIP_ERRORS, NfcLink, Sensing
from devices.card_readers.pn532_frames import Ack, Direction, FrameDecoder, Message
from devices.card_readers.sensing import Pn53xSensing
from devices.device import DeviceFault, Trouble

_FAST_BAUDRATES = (921_600, 460_800, 230_400)
_CALL_BACK_WAIT_S = 0.25
_PATIENCE_MS = 400
"""nfcpy gives a chip 100 ms to take a command. A busy machine may need longer to carry it over."""
_SET_BAUDRATE_115200 = Message(Direction.TO_CHIP, 0x10, b"\x04")
_BAUDRATE_SET = Message(Direction.TO_HOST, 0x11)
_LONG_PREAMBLE = bytes(10)
"""Wakes a sleeping chip, which misses what comes first."""


def open_pn532(path: Path) -> NfcLink:
    """Open the PN532 at a serial path. Blocks up to 2 s; raises :class:`DeviceFault`, leaving nothing open."""
    return NfcLink(SerialWire(path))


class SerialWire:
    """A serial port with a PN532 behind it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tty: Any = None

    def __repr__(self) -> str:
        return repr(str(self._path))

    def open(self) -> Any:
        """As :class:`~devices.card_readers.nfc_link.Wire` says; a chip left at another speed is called back."""
        port = _resolve(self._path)
        try:
            device = _start(port)
        except CHIP_ERRORS:
            if not _call_back(port):
                raise DeviceFault(
                    f"no PN532 answers at {self._path}",
                    remedy="check its power, that its switches select HSU (UART), and that TX and RX are crossed",
                    key=Trouble.SILENT,
                ) from None
            device = _start(port)
        self._tty = device.chipset.transport.tty
        return device

    def sensing(self, device: Any) -> Sensing:
        """A PN532 on a line that can be interrupted listens by itself."""
        return Pn53xSensing(device, can_listen=True)

    def wake(self) -> None:
        """Cut a read on the line short."""
        self._tty.cancel_read()

    def settle(self) -> None:
        """Take a wake that came too late."""
        self._tty.timeout = 0
        self._tty.read(1)

    def close(self) -> None:
        """Free the port."""
        if self._tty is not None:
            self._tty.close()

    def fault(self, error: BaseException) -> DeviceFault:
        """What went wrong and what to try."""
        path = self._path
        if isinstance(error, OSError) and error.errno == errno.EACCES:
            remedy = "add the gateway's user to the group dialout"
            return DeviceFault(f"not allowed to open {path}", remedy=remedy, key=Trouble.FORBIDDEN)
        if not path.exists():
            return DeviceFault(f"{path} was unplugged", remedy="plug the reader in again", key=Trouble.GONE)
        return DeviceFault(
            f"the reader at {path} answers nothing, or nonsense",
            remedy="unplug the reader and plug it in again; if it comes back, try another cable",
            key=Trouble.SILENT,
        )


def _resolve(path: Path) -> Path:
    """The device node behind a stable path: nfcpy knows some nodes by name, and hands the path to a shell."""
    try:
        node = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise DeviceFault(
            f"there is no {path}",
            remedy="plug the reader in; ls -l /dev/serial/by-id shows what is there",
            key=Trouble.GONE,
        ) from error
    if not node.is_char_device():
        remedy = "give the path of a serial port under /dev/serial/by-id"
        raise DeviceFault(f"{path} is no serial port", remedy=remedy, key=Trouble.MISCONFIGURED)
    return node


class _PatientLine(nfc.clf.transport.TTY):  # type: ignore[misc]
    """nfcpy's serial line, with more patience than it asks for."""

    def read(self, timeout: int) -> Any:
        return super().read(max(timeout, _PATIENCE_MS))


def _start(port: Path) -> Any:
    """Open the port and nfcpy's device on it, or neither."""
    transport = _PatientLine(str(port))
    try:
        return nfc.clf.pn532.init(transport)
    except CHIP_ERRORS:
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
