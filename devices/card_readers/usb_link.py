"""The way to a USB reader: libusb by nfcpy, or a socket that carries the same transfers (of a virtual reader)."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import nfc.clf.transport
import usb1  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field

from devices.card_readers.nfc_link import LINE_ERRORS, NfcLink, Sensing
from devices.card_readers.reader import ReaderSettings
from devices.device import DeviceFault, Trouble

USB = "usb"
TRANSFER_BYTES_MAX = 300
PATIENCE_MS = 600
"""For a transfer that nfcpy would wait for without an end, and the least for any: a busy machine needs longer than
the 100 ms it gives a reader."""

_BUS_AND_DEVICE = 2
_HANG_UP_S = 0.2


def _known_port(text: str) -> str:
    """``usb``, ``usb:BUS:DEVICE`` in decimals, or an absolute path. Raises ``ValueError``."""
    if text == USB or text.startswith("/"):
        return text
    kind, *numbers = text.split(":")
    if kind == USB and len(numbers) == _BUS_AND_DEVICE and all(n.isascii() and n.isdigit() for n in numbers):
        return text
    raise ValueError("write usb, usb:BUS:DEVICE as lsusb numbers them, or the path of a socket")


Port = Annotated[str, AfterValidator(_known_port)]


class UsbReaderSettings(ReaderSettings):
    """Where the reader is and what it looks for."""

    port: Port = Field(
        default=USB,
        max_length=255,
        description="Where the reader is: usb for the only one of its kind, usb:BUS:DEVICE as lsusb numbers them for "
        "one of several (the number changes when it is plugged in anew), or the path of a Unix socket that carries its "
        "USB transfers, such as a virtual reader's.",
    )


@dataclass(frozen=True, slots=True)
class UsbKind:
    """A kind of reader: how it is called and recognised, and how nfcpy wakes it and looks for cards."""

    name: str
    ids: frozenset[tuple[int, int]]
    """Vendor and product."""
    start: Callable[[Any], Any]
    """Nfcpy's ``init`` of the chip, on a transport."""
    sensing: Callable[[Any], Sensing]


def open_usb(kind: UsbKind, port: str) -> NfcLink:
    """Open a reader. Blocks up to 2 s; raises :class:`DeviceFault`, leaving nothing open."""
    return NfcLink(UsbWire(kind, port))


class UsbWire:
    """A USB port, or a socket in its place, with a reader of a kind behind it."""

    def __init__(self, kind: UsbKind, port: str) -> None:
        self._kind = kind
        self._port = port
        self._transport: Any = None

    def __repr__(self) -> str:
        return f"{self._kind.name} at {self._port!r}"

    def open(self) -> Any:
        """As :class:`~devices.card_readers.nfc_link.Wire` says."""
        self._transport = self._connect()
        try:
            device = self._kind.start(self._transport)
        except BaseException:
            self.close()
            raise
        # Its own search would have set it, and its warnings, such as of short frames to a Type 4 card, need it.
        device._path = self._port  # noqa: SLF001
        return device

    def sensing(self, device: Any) -> Sensing:
        """As :class:`~devices.card_readers.nfc_link.Wire` says."""
        return self._kind.sensing(device)

    def wake(self) -> None:
        """A transfer is not cut short: each look at the field takes a fraction of a second."""

    def settle(self) -> None:
        """No wake is on its way."""

    def close(self) -> None:
        """Free the port."""
        if self._transport is not None:
            with contextlib.suppress(*LINE_ERRORS, usb1.USBError):
                self._transport.close()

    def fault(self, error: BaseException) -> DeviceFault:
        """What went wrong and what to try."""
        name, number = self._kind.name, error.errno if isinstance(error, OSError) else None
        match number:
            case errno.ENODEV | errno.ENOENT | errno.ECONNREFUSED:
                reason = f"no {name} is plugged in at {self._port}"
                return DeviceFault(reason, remedy="plug it in; lsusb shows it", key=Trouble.GONE)
            case errno.EACCES | errno.EPERM:
                return DeviceFault(
                    f"not allowed to use the {name}",
                    remedy="install the udev rule of docs/devices.md, and replug it",
                    key=Trouble.FORBIDDEN,
                )
            case errno.EBUSY:
                return DeviceFault(
                    f"the {name} is used by another program or by the kernel",
                    remedy="stop pcscd, and keep the kernel's modules pn533_usb and port100 from loading",
                    key=Trouble.BUSY,
                )
        return DeviceFault(
            f"the {name} answers nothing, or nonsense",
            remedy="unplug the reader and plug it in again; if it comes back, try another cable or port",
            key=Trouble.SILENT,
        )

    def _connect(self) -> Any:
        if self._port.startswith("/"):
            return SocketTransport(Path(self._port), self._kind.name)
        with _as_os_error():
            return _PatientUsb(*self._find())

    def _find(self) -> tuple[int, int]:
        """Bus and device number of the reader."""
        found = nfc.clf.transport.USB.find(self._port if ":" in self._port else USB) or []
        fitting = [(bus, device) for vendor, product, bus, device in found if (vendor, product) in self._kind.ids]
        if not fitting:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        if len(fitting) > 1:
            raise DeviceFault(
                f"{len(fitting)} readers {self._kind.name} are plugged in",
                remedy="say which: port = 'usb:BUS:DEVICE', as lsusb numbers them",
                key=Trouble.MISCONFIGURED,
            )
        return fitting[0]


class _PatientUsb(nfc.clf.transport.USB):  # type: ignore[misc]
    """Nfcpy's USB port, which never waits for ever."""

    def read(self, timeout: int = 0) -> Any:
        with _as_os_error():
            return super().read(_patience(timeout))

    def write(self, frame: Any, timeout: int = 0) -> None:
        with _as_os_error():
            super().write(frame, _patience(timeout))


class SocketTransport:
    """USB transfers on a Unix socket of packets, one transfer each; what nfcpy expects of a transport."""

    TYPE = "USB"

    def __init__(self, path: Path, product: str) -> None:
        """Connect. Raises ``OSError``."""
        self.manufacturer_name = ""
        self.product_name = product
        if not stat.S_ISSOCK(path.stat().st_mode):
            remedy = "give the path of a socket, or write usb"
            raise DeviceFault(f"{path} is no socket", remedy=remedy, key=Trouble.MISCONFIGURED)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._line.settimeout(PATIENCE_MS / 1_000)
            self._line.connect(str(path))
        except OSError:
            self._line.close()
            raise

    def read(self, timeout: int = 0) -> bytearray:
        """One transfer from the reader. Raises ``OSError`` as libusb's would: ETIMEDOUT, ENODEV for a pulled plug."""
        self._line.settimeout(_patience(timeout) / 1_000)
        try:
            frame = self._line.recv(TRANSFER_BYTES_MAX)
        except TimeoutError as error:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
        except OSError as error:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
        if not frame:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return bytearray(frame)

    def write(self, frame: Any, timeout: int = 0) -> None:
        """One transfer to the reader."""
        self._line.settimeout(_patience(timeout) / 1_000)
        try:
            self._line.send(bytes(frame))
        except TimeoutError as error:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
        except OSError as error:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error

    def close(self) -> None:
        """Hang up, and wait a moment for the other end to do so: who opens it next finds it free, as on a bus."""
        with contextlib.suppress(OSError):
            self._line.settimeout(_HANG_UP_S)
            self._line.shutdown(socket.SHUT_WR)
            while self._line.recv(TRANSFER_BYTES_MAX):
                """What it had still to say is of no interest."""
        self._line.close()


def _patience(timeout_ms: int) -> int:
    """How long a transfer may take: no shorter than a busy machine needs, and never for ever."""
    return max(timeout_ms, PATIENCE_MS)


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    """Libusb's own errors, where nfcpy lets them through, as the OSError they stand for."""
    try:
        yield
    except usb1.USBErrorAccess as error:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES)) from error
    except usb1.USBErrorBusy as error:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY)) from error
    except usb1.USBErrorNoDevice as error:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
    except usb1.USBError as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
