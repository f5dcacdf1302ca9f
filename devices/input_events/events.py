"""``struct input_event`` (linux/input.h): bytes to events and back, without I/O.

A record is two time words, then type (u16), code (u16) and value (s32), in the machine's byte order: 24 bytes on a
64-bit kernel, 16 on one with 32-bit time. The kernel hands out whole records; bytes that are none are passed over.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

EV_SYN = 0
EV_KEY = 1
SYN_DROPPED = 3

_TYPE_MAX = 0x1F
_CODE_MAX = 0x2FF
_MICROSECONDS = 1_000_000
_SECONDS_MAX = 2**34
"""Beyond the year 2500: a record that is read from a wrong place claims such times."""


class TimeBits(IntEnum):
    """How wide the kernel's time words are."""

    WIDE = 64
    NARROW = 32

    @property
    def record(self) -> struct.Struct:
        """The layout of one record."""
        return _RECORDS[self]


_RECORDS = {TimeBits.WIDE: struct.Struct("=qqHHi"), TimeBits.NARROW: struct.Struct("=IIHHi")}
NATIVE = TimeBits.WIDE if struct.calcsize("l") == 8 else TimeBits.NARROW


@dataclass(frozen=True, slots=True)
class InputEvent:
    """One event, its time left out: what matters is when it is read. A key's value is 1 down, 0 up, 2 repeated."""

    kind: int
    code: int
    value: int

    @property
    def is_key(self) -> bool:
        """Whether a key moved."""
        return self.kind == EV_KEY

    @property
    def is_loss(self) -> bool:
        """Whether the kernel says that it dropped events before this one."""
        return self.kind == EV_SYN and self.code == SYN_DROPPED


def encode(event: InputEvent, *, time_bits: TimeBits = NATIVE, at_us: int = 0) -> bytes:
    """The record of an event that happened ``at_us`` microseconds after 1970."""
    seconds, microseconds = divmod(at_us, _MICROSECONDS)
    return time_bits.record.pack(seconds, microseconds, event.kind, event.code, event.value)


class EventDecoder:
    """Turns bytes, however they are cut, into events. Holds less than one record."""

    def __init__(self, time_bits: TimeBits = NATIVE) -> None:
        self._record = time_bits.record
        self._pending = bytearray()
        self.passed_over = 0
        """Bytes that were no record."""

    def feed(self, data: bytes) -> list[InputEvent]:
        """Take the next bytes; returns the events they complete."""
        self._pending += data
        events: list[InputEvent] = []
        place, size = 0, self._record.size
        while len(self._pending) - place >= size:
            event = self._read(place)
            if event is None:
                place += 1
                self.passed_over += 1
            else:
                place += size
                events.append(event)
        del self._pending[:place]
        return events

    def silence(self) -> None:
        """Nothing came for a while: a part of a record will not be completed any more."""
        self.passed_over += len(self._pending)
        self._pending.clear()

    def _read(self, place: int) -> InputEvent | None:
        seconds, microseconds, kind, code, value = self._record.unpack_from(self._pending, place)
        is_time = 0 <= seconds < _SECONDS_MAX and 0 <= microseconds < _MICROSECONDS
        is_key_value = kind != EV_KEY or value in {0, 1, 2}
        if not is_time or kind > _TYPE_MAX or code > _CODE_MAX or not is_key_value:
            return None
        return InputEvent(kind, code, value)
