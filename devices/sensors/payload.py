"""What a sensor said, read once however many sensors share the topic; everything in it may be hostile."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import orjson

STATE_BYTES_MAX = 16 * 1024
NESTING_MAX = 32
"""Lists within lists: what is deeper says nothing of a sensor, and overflows whatever prints or compares it."""
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_ABSENT = frozenset({"", "nan", "none", "null", "unknown", "unavailable"})


class Unreadable(ValueError):
    """It says something that cannot be a reading. The message is the same for the same kind of trouble."""


class NoValue(Unreadable):
    """The sensor says that it has no value: a probe that is broken, not yet warm, or not connected."""


class Payload:
    """The bytes of one message, as text and as JSON, each decoded when first asked for."""

    __slots__ = ("_json", "_text", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._text: str | None = None
        self._json: tuple[Any] | None = None

    @property
    def text(self) -> str:
        """As UTF-8. Raises :class:`Unreadable`."""
        if self._text is None:
            if len(self.raw) > STATE_BYTES_MAX:
                raise Unreadable(f"a message of more than {STATE_BYTES_MAX} bytes")
            try:
                self._text = self.raw.decode()
            except UnicodeDecodeError as error:
                raise Unreadable("bytes that are no text") from error
        return self._text

    @property
    def json(self) -> Any:
        """As JSON. Raises :class:`Unreadable`."""
        if self._json is None:
            self._json = (parse_json(self.raw, bytes_max=STATE_BYTES_MAX),)
        return self._json[0]


def parse_json(raw: bytes, *, bytes_max: int) -> Any:
    """JSON of at most ``bytes_max`` bytes, nested at most ``NESTING_MAX`` deep. Raises :class:`Unreadable`."""
    if len(raw) > bytes_max:
        raise Unreadable(f"a message of more than {bytes_max} bytes")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable("text that is no JSON") from error
    if _is_deep(value):
        raise Unreadable(f"JSON nested more than {NESTING_MAX} deep")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(NESTING_MAX + 1):
        level = [one for holder in level for one in _held(holder) if isinstance(one, (dict, list))]
        if not level:
            return False
    return True


def _held(holder: Any) -> Iterable[Any]:
    if isinstance(holder, dict):
        return holder.values()
    return holder if isinstance(holder, list) else ()


def number(value: object) -> float:
    """A finite number out of a number or its text. Raises :class:`Unreadable`, :class:`NoValue` where it says so."""
    if value is None:
        raise NoValue("it says that it has no value")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Unreadable("a value that is no number")
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _ABSENT:
            raise NoValue("it says that it has no value")
        if not _NUMBER.match(text):
            raise Unreadable("a text that is no number")
        value = float(text)
    if not math.isfinite(value):
        raise Unreadable("a number without end")
    return float(value)
