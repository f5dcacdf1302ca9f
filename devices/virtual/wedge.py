"""A scanner or card reader that types: writes the kernel's key events into a FIFO where its device file would be."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from devices.input_events.events import EV_KEY, EV_SYN, NATIVE, InputEvent, TimeBits, encode
from devices.input_events.layouts import KEY_ENTER, KEY_TAB, LAYOUTS, Layout
from devices.input_events.typist import strokes
from devices.virtual.faults import FaultKind, UnsupportedFault

_BEGAN_US = 1_767_225_600_000_000
_SYNC = InputEvent(EV_SYN, 0, 0)
_GARBAGE = bytes(range(256)) * 8
_FLOOD_LINES = 200
_PIPE_BYTES = 1024 * 1024
"""Room for the longest code as key events, and for a flood."""


def typed_records(text: str, *, layout: str = "us", time_bits: TimeBits = NATIVE, at_us: int = _BEGAN_US) -> bytes:
    """The bytes of one line, its end included, as the kernel hands them out."""
    ends = [InputEvent(EV_KEY, KEY_ENTER, 1), InputEvent(EV_KEY, KEY_ENTER, 0)]
    events = [each for event in [*strokes(text, LAYOUTS[layout]), *ends] for each in (event, _SYNC)]
    return b"".join(encode(event, time_bits=time_bits, at_us=at_us + place) for place, event in enumerate(events))


class VirtualWedge:
    """A device that types at ``path``. ``type`` reads a code or a card; it can be told to fail."""

    def __init__(self, path: Path, *, layout: str = "us", end: int = KEY_ENTER, time_bits: TimeBits = NATIVE) -> None:
        self.path = path
        self._layout: Layout = LAYOUTS[layout]
        self._end = end
        self._time_bits = time_bits
        self._fd = -1
        self._fault: FaultKind | None = None
        self._at_us = _BEGAN_US
        self._last = "0"

    def __repr__(self) -> str:
        return f"VirtualWedge({str(self.path)!r}, {'plugged' if self._fd >= 0 else 'unplugged'})"

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def plug(self) -> None:
        """Put its plug in: the device file appears."""
        if self._fd >= 0:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        os.mkfifo(self.path, 0o600)
        # Open at both ends, so that a driver closing its own end does not end the device.
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def unplug(self) -> None:
        """Pull its plug: whoever reads hears the end, and the device file is gone."""
        if self._fd < 0:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = -1

    def fail(self, kind: FaultKind) -> None:
        """Fail in this way until :meth:`heal`. Raises :class:`UnsupportedFault` for what it cannot."""
        match kind:
            case FaultKind.UNPLUGGED:
                self.unplug()
            case FaultKind.GARBAGE:
                self.noise(_GARBAGE)
            case FaultKind.FLOOD:
                self.noise(b"".join(self._line(self._last) for _ in range(_FLOOD_LINES)))
            case FaultKind.SILENT | FaultKind.FROZEN:
                self._fault = kind
            case _:
                raise UnsupportedFault(f"a device that types cannot fail as {kind.value}")

    def heal(self) -> None:
        """End whatever fault there is."""
        self._fault = None
        self.plug()

    def type(self, text: str) -> bool:
        """Read a code or a card, and type it with its end. Returns whether all of it went out.

        Frozen, it stops in the middle; silent or unplugged, it types nothing.
        """
        if self._fault is FaultKind.SILENT:
            return False
        line, self._last = self._line(text), text
        if self._fault is FaultKind.FROZEN:
            self.noise(line[: len(line) // 2 + 3])
            return False
        return self.noise(line)

    def press(self, code: int) -> bool:
        """Press and release one key."""
        return self.noise(self._records([InputEvent(EV_KEY, code, 1), InputEvent(EV_KEY, code, 0)]))

    def tell(self, event: InputEvent) -> bool:
        """Send one event as it is."""
        return self.noise(self._record(event))

    def noise(self, data: bytes) -> bool:
        """Send raw bytes. Returns whether all of them went out."""
        if self._fd < 0:
            return False
        with contextlib.suppress(BlockingIOError):
            return os.write(self._fd, data) == len(data)
        return False

    def _line(self, text: str) -> bytes:
        end = [InputEvent(EV_KEY, self._end, 1), InputEvent(EV_KEY, self._end, 0)]
        return self._records([*strokes(text, self._layout), *end])

    def _records(self, events: list[InputEvent]) -> bytes:
        """Each event and, as the kernel has it, a synchronisation after it."""
        return b"".join(self._record(each) for event in events for each in (event, _SYNC))

    def _record(self, event: InputEvent) -> bytes:
        self._at_us += 1
        return encode(event, time_bits=self._time_bits, at_us=self._at_us)


__all__ = ["KEY_ENTER", "KEY_TAB", "VirtualWedge", "typed_records"]
