"""What a serial scanner sends, as codes: line framing without any I/O.

A scanner sends ``[prefix] [AIM identifier] text suffix``. The same bytes give the same codes
however they are cut into reads; whatever is no code is told as :class:`Dropped`, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from devices.code_scanners.symbologies import AIM_ID_LENGTH, UNKNOWN, of_aim_id
from devices.observations import CODE_LENGTH_MAX

_BYTES_PER_CHARACTER_MAX = 4
_LINE_BYTES_MAX = CODE_LENGTH_MAX * _BYTES_PER_CHARACTER_MAX + AIM_ID_LENGTH
_CARRIAGE_RETURN_OR_LINE_FEED = re.compile(rb"[\r\n]")
_GS1_SEPARATORS = "\x04\x1d\x1e"
"""The control characters that GS1 and ISO 15434 codes really contain."""


class Why(StrEnum):
    """Why bytes were no code."""

    TOO_LONG = "too long"
    NOT_TEXT = "not text in the configured encoding"
    CONTROL_BYTES = "control bytes inside"
    NO_PREFIX = "the configured prefix is missing"
    CUT_SHORT = "the line fell silent in the middle of a code"
    EMPTY = "nothing after the prefix"


@dataclass(frozen=True, slots=True)
class ScannedLine:
    """One code as the scanner sent it, without prefix, AIM identifier and suffix."""

    text: str = field(repr=False)
    symbology: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Bytes that are no code. Their content is not kept: it may be half of somebody's secret."""

    why: Why
    length_bytes: int


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How the scanner is set up. An empty ``suffix`` means CR, LF or both end a code."""

    prefix: bytes = b""
    suffix: bytes = b""
    encoding: str = "utf-8"
    aim_ids: bool = True


class LineFramer:
    """Cuts the byte stream of one scanner into codes. Holds at most one line of bytes."""

    def __init__(self, line_format: LineFormat) -> None:
        self._format = line_format
        self._end = re.compile(re.escape(line_format.suffix)) if line_format.suffix else _CARRIAGE_RETURN_OR_LINE_FEED
        self._line_bytes_max = _LINE_BYTES_MAX + len(line_format.prefix)
        self._kept_bytes_max = self._line_bytes_max + max(0, len(line_format.suffix) - 1)
        self._pending = bytearray()
        self._cut_bytes = 0

    @property
    def mid_code(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._pending or self._cut_bytes)

    def feed(self, data: bytes) -> list[ScannedLine | Dropped]:
        """Take the next bytes; returns what they complete, in order."""
        told: list[ScannedLine | Dropped] = []
        self._pending += data
        while end := self._end.search(self._pending):
            line, length_bytes = bytes(self._pending[: end.start()]), end.start() + self._cut_bytes
            del self._pending[: end.end()]
            self._cut_bytes = 0
            if length_bytes > self._line_bytes_max:
                told.append(Dropped(Why.TOO_LONG, length_bytes))
            elif line.strip(b"\r\n"):
                told.append(self._read(line.lstrip(b"\r\n")))
        # A tail as long as the suffix less one stays, because the suffix may have begun in it.
        excess_bytes = len(self._pending) - self._kept_bytes_max
        if excess_bytes > 0:
            del self._pending[:excess_bytes]
            self._cut_bytes += excess_bytes
        return told

    def silence(self) -> list[ScannedLine | Dropped]:
        """The scanner has sent nothing for a while: half a code will not be completed any more.

        Without this, noise would be glued to the front of the next good code.
        """
        length_bytes = len(self._pending) + self._cut_bytes
        self._pending.clear()
        self._cut_bytes = 0
        return [Dropped(Why.CUT_SHORT, length_bytes)] if length_bytes else []

    def _read(self, line: bytes) -> ScannedLine | Dropped:
        body = line.removeprefix(self._format.prefix)
        if self._format.prefix and len(body) == len(line):
            return Dropped(Why.NO_PREFIX, len(line))
        try:
            text = body.decode(self._format.encoding)
        except UnicodeDecodeError:
            return Dropped(Why.NOT_TEXT, len(line))
        symbology = of_aim_id(text) if self._format.aim_ids else None
        if symbology:
            text = text[AIM_ID_LENGTH:]
        if not text.strip():
            return Dropped(Why.EMPTY, len(line))
        if len(text) > CODE_LENGTH_MAX:
            return Dropped(Why.TOO_LONG, len(line))
        if not all(character.isprintable() or character in _GS1_SEPARATORS for character in text):
            return Dropped(Why.CONTROL_BYTES, len(line))
        return ScannedLine(text, symbology or UNKNOWN)
