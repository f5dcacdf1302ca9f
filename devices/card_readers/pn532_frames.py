"""The frames a PN532 and its host exchange over a serial line: bytes ↔ values, no I/O.

After NXP's PN532 User Manual (UM0701-02), section 6.2.1. A frame is ``00 FF``, a length with its
checksum, the data with its checksum, and any number of ``00`` around it. Both ends use it: the
driver to wake a chip left at another speed, the virtual chip to be one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

DATA_BYTES_MAX = 265
"""Data of the longest frame a PN532 takes, direction byte included."""

_START = b"\x00\xff"
_NORMAL_DATA_MAX = 255
_HEADER_BYTES = 4
_EXTENDED_HEADER_BYTES = 7


class Direction(IntEnum):
    """The first data byte: who speaks."""

    TO_CHIP = 0xD4
    TO_HOST = 0xD5


@dataclass(frozen=True, slots=True)
class Message:
    """A command to the chip, or its answer (whose code is the command's plus one)."""

    direction: Direction
    code: int
    payload: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.code <= 0xFF:
            raise ValueError(f"a command code is one byte, not {self.code}")
        if len(self.payload) > DATA_BYTES_MAX - 2:
            raise ValueError(f"a message carries at most {DATA_BYTES_MAX - 2} bytes, not {len(self.payload)}")

    def __bytes__(self) -> bytes:
        return _enframe(bytes([self.direction, self.code]) + self.payload)


@dataclass(frozen=True, slots=True)
class Ack:
    """From the chip: the command arrived. From the host: give up the command in progress."""

    def __bytes__(self) -> bytes:
        return b"\x00\x00\xff\x00\xff\x00"


@dataclass(frozen=True, slots=True)
class Nack:
    """From the host: the last answer was damaged, send it again."""

    def __bytes__(self) -> bytes:
        return b"\x00\x00\xff\xff\x00\x00"


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """From the chip: a well-framed command it does not know (the manual's *error frame*)."""

    def __bytes__(self) -> bytes:
        return _enframe(b"\x7f")


@dataclass(frozen=True, slots=True)
class Corrupt:
    """Bytes that started like a frame and were none."""

    reason: str


Frame = Message | Ack | Nack | SyntaxFault | Corrupt

_SHORT_FRAMES: dict[bytes, Frame] = {b"\x00\xff": Ack(), b"\xff\x00": Nack()}


def _enframe(data: bytes) -> bytes:
    size = len(data)
    if size <= _NORMAL_DATA_MAX:
        head = bytes([size, -size & 0xFF])
    else:
        high, low = divmod(size, 256)
        head = bytes([0xFF, 0xFF, high, low, -(high + low) & 0xFF])
    return b"\x00" + _START + head + data + bytes([-sum(data) & 0xFF, 0])


class FrameDecoder:
    """Turns bytes, however they are cut, into frames. Noise between frames is skipped in silence."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Take more bytes and return the frames they complete. Never raises, never keeps more than one frame."""
        self._buffer += data
        frames = []
        while (frame := self._take()) is not None:
            frames.append(frame)
        return frames

    def reset(self) -> None:
        """Forget a frame begun, as after a pause on the line."""
        self._buffer = b""

    def _take(self) -> Frame | None:
        start = self._buffer.find(_START)
        if start < 0:
            self._buffer = b"\x00" if self._buffer.endswith(b"\x00") else b""
            return None
        self._buffer = self._buffer[start:]
        if len(self._buffer) < _HEADER_BYTES:
            return None
        kind = self._buffer[2:_HEADER_BYTES]
        if kind in _SHORT_FRAMES:
            return self._skip(_HEADER_BYTES, _SHORT_FRAMES[kind])
        return self._take_extended() if kind == b"\xff\xff" else self._take_normal()

    def _take_normal(self) -> Frame | None:
        size, check = self._buffer[2], self._buffer[3]
        if (size + check) & 0xFF:
            return self._skip(len(_START), Corrupt("wrong length checksum"))
        return self._take_data(_HEADER_BYTES, size)

    def _take_extended(self) -> Frame | None:
        if len(self._buffer) < _EXTENDED_HEADER_BYTES:
            return None
        high, low, check = self._buffer[_HEADER_BYTES:_EXTENDED_HEADER_BYTES]
        size = high * 256 + low
        if (high + low + check) & 0xFF:
            return self._skip(len(_START), Corrupt("wrong length checksum"))
        if size > DATA_BYTES_MAX:
            return self._skip(len(_START), Corrupt(f"longer than {DATA_BYTES_MAX} bytes"))
        return self._take_data(_EXTENDED_HEADER_BYTES, size)

    def _take_data(self, begin: int, size: int) -> Frame | None:
        end = begin + size + 1
        if len(self._buffer) < end:
            return None
        data = self._buffer[begin : end - 1]
        if sum(self._buffer[begin:end]) & 0xFF:
            return self._skip(len(_START), Corrupt("wrong data checksum"))
        return self._skip(end, _interpret(data))

    def _skip(self, size: int, frame: Frame) -> Frame:
        self._buffer = self._buffer[size:]
        return frame


def _interpret(data: bytes) -> Frame:
    if data == b"\x7f":
        return SyntaxFault()
    if len(data) < 2 or data[0] not in tuple(Direction):
        return Corrupt("neither to the chip nor to the host")
    return Message(Direction(data[0]), data[1], data[2:])
