"""A serial port without a cable: a pseudo-terminal behind a stable path, to plug and unplug.

The driver opens ``link`` as it would open ``/dev/serial/by-id/…``; the virtual device holds the
other end. The kernel carries bytes at any speed; a device that minds asks for ``baudrate``.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import tty
from pathlib import Path
from typing import Self

_READ_BYTES_MAX = 4_096
_BAUDRATES = {
    getattr(termios, f"B{rate}"): rate for rate in (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
}
_SEND_WAIT_S = 0.2
"""How long a full line is waited for; then bytes are lost, as on a UART nobody reads."""


class PtyPort:
    """The device's end of a virtual serial line. Safe to use from several threads.

    ``plug()`` makes ``link`` appear, ``unplug()`` hangs the line up and removes it; both are idempotent.
    Used as a context manager it is plugged on entering and unplugged on leaving.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._lock = threading.Lock()
        self._master_fd = -1
        self._line_fd = -1
        self._wake_fd = -1

    def __repr__(self) -> str:
        return f"PtyPort({str(self.link)!r}, {'plugged' if self.plugged else 'unplugged'})"

    @property
    def plugged(self) -> bool:
        """Whether the link is there to be opened."""
        return self._master_fd >= 0

    @property
    def master_fd(self) -> int:
        """The device's end, non-blocking; -1 while unplugged. ``receive`` and ``send`` are safer."""
        return self._master_fd

    @property
    def baudrate(self) -> int:
        """The speed the driver last set, in bit/s; 0 while unplugged or for a speed not listed here."""
        with self._lock:
            return _BAUDRATES.get(termios.tcgetattr(self._line_fd)[5], 0) if self.plugged else 0

    def plug(self) -> None:
        """Make a new line and point ``link`` at it, replacing a dead link but never a real file."""
        with self._lock:
            if self.plugged:
                return
            if self.link.exists() and not self.link.is_symlink():
                raise FileExistsError(f"{self.link} is not a link of a virtual port; choose another path")
            self.link.parent.mkdir(parents=True, exist_ok=True)
            # The line end stays open here, so that a driver closing its own does not hang the device up.
            master_fd, line_fd = os.openpty()
            tty.setraw(line_fd)
            os.set_blocking(master_fd, False)
            fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(line_fd))
            fresh.replace(self.link)
            self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._line_fd = line_fd
            self._master_fd = master_fd

    def unplug(self) -> None:
        """Pull the plug: the driver's end hangs up, ``link`` disappears, a waiting ``receive`` returns."""
        with self._lock:
            if not self.plugged:
                return
            os.eventfd_write(self._wake_fd, 1)
            self.link.unlink(missing_ok=True)
            fds = (self._master_fd, self._line_fd, self._wake_fd)
            self._master_fd = self._line_fd = self._wake_fd = -1
            for fd in fds:
                os.close(fd)

    def wake(self) -> None:
        """Make a waiting ``receive`` return early, with nothing."""
        with self._lock:
            if self.plugged:
                os.eventfd_write(self._wake_fd, 1)

    def receive(self, *, timeout_s: float) -> bytes:
        """Wait for bytes from the driver; ``b""`` after the timeout, a wake or while unplugged."""
        with self._lock:
            fd, wake_fd = self._master_fd, self._wake_fd
        if fd < 0:
            return b""
        with contextlib.suppress(OSError, ValueError):
            # Closed by another thread meanwhile: the kernel object outlives the wait, the lock below decides.
            select.select([fd, wake_fd], [], [], timeout_s)
        with self._lock:
            if not self.plugged:
                return b""
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._wake_fd)
            with contextlib.suppress(BlockingIOError):
                return os.read(self._master_fd, _READ_BYTES_MAX)
            return b""

    def send(self, data: bytes) -> int:
        """Send to the driver; returns how many bytes the line took (fewer when it is full or gone)."""
        sent = 0
        while sent < len(data):
            with self._lock:
                if not self.plugged:
                    return sent
                with contextlib.suppress(BlockingIOError):
                    sent += os.write(self._master_fd, data[sent:])
                    continue
                fd = self._master_fd
            with contextlib.suppress(OSError, ValueError):
                if not select.select([], [fd], [], _SEND_WAIT_S)[1]:
                    return sent
        return sent

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
