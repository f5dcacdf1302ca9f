"""A keyboard-like device of the kernel, or a FIFO that stands for one: opened, grabbed, and read without typing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
from pathlib import Path

from devices.device import DeviceFault, Trouble

EVIOCGRAB = 0x40044590
"""``_IOW('E', 0x90, int)`` of linux/input.h."""
_READ_BYTES_MAX = 64 * 24
_BACKLOG_READS_MAX = 1_024

_CAUSES = {
    errno.ENOENT: (Trouble.GONE, "there is no such device", "plug it in, or mend `path` (ls -l /dev/input/by-id)"),
    errno.EACCES: (Trouble.FORBIDDEN, "not allowed to open it", "add the service's user to the group input"),
    errno.EBUSY: (Trouble.BUSY, "another program has grabbed it", "stop the other program"),
    errno.ENODEV: (Trouble.GONE, "it is gone", "plug it in again"),
}


class InputSource:
    """An open input device. ``read`` blocks in a thread of its own; ``interrupt`` makes it return.

    ``complaint`` says in words that the device could not be had for this program alone, so that what it types also
    reaches whatever has the keyboard's focus; empty where it is ours.
    """

    def __init__(self, path: Path, *, grab: bool = True) -> None:
        self.path = path
        self.complaint = ""
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise fault(path, error) from error
        try:
            self._take_hold(grab=grab)
            self._drain()
            self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except BaseException:
            os.close(self._fd)
            raise
        self._ready = select.poll()
        self._ready.register(self._fd, select.POLLIN)
        self._ready.register(self._wake_fd, select.POLLIN)

    def read(self, *, timeout_s: float) -> bytes:
        """What was typed; ``b""`` after the timeout or an interruption. Raises :class:`DeviceFault`."""
        woken = dict(self._ready.poll(timeout_s * 1_000))
        if self._wake_fd in woken:
            return b""
        if self._fd not in woken:
            return b""
        try:
            data = os.read(self._fd, _READ_BYTES_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise fault(self.path, error) from error
        if not data:
            raise fault(self.path, OSError(errno.ENODEV, "the other end was closed"))
        return data

    def interrupt(self) -> None:
        """Make a blocked ``read`` return; it stays so."""
        os.eventfd_write(self._wake_fd, 1)

    def close(self) -> None:
        for fd in (self._fd, self._wake_fd):
            with contextlib.suppress(OSError):
                os.close(fd)

    def _take_hold(self, *, grab: bool) -> None:
        """Have the device alone. A FIFO types into nothing else anyway."""
        mode = os.fstat(self._fd).st_mode
        if stat.S_ISFIFO(mode):
            return
        if not stat.S_ISCHR(mode):
            remedy = "give the path of a device under /dev/input/by-id"
            raise DeviceFault(f"{self.path} is no input device", remedy=remedy, key=Trouble.GONE)
        if not grab:
            self.complaint = "is not grabbed, as configured"
            return
        try:
            fcntl.ioctl(self._fd, EVIOCGRAB, 1)
        except OSError as error:
            if error.errno in {errno.ENOTTY, errno.EBUSY}:
                remedy = "give the path of a device under /dev/input/by-id"
                no_input = DeviceFault(f"{self.path} is no input device", remedy=remedy, key=Trouble.GONE)
                raise (fault(self.path, error) if error.errno == errno.EBUSY else no_input) from error
            self.complaint = f"cannot be grabbed ({error.strerror})"

    def _drain(self) -> None:
        """What was typed before anybody listened is nobody's any more."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(_BACKLOG_READS_MAX):
                if not os.read(self._fd, _READ_BYTES_MAX):
                    return


def fault(path: Path, error: OSError) -> DeviceFault:
    """The fault to show, with what to try."""
    otherwise = (Trouble.GONE, f"it broke off ({error.strerror})", "plug it in again")
    key, reason, remedy = _CAUSES.get(error.errno or 0, otherwise)
    return DeviceFault(f"{path}: {reason}", remedy=remedy, key=key)
