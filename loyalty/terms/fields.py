"""The kinds of value a programme file holds.

Each kind reads a value or says what to write instead, and describes itself as JSON Schema, so the
reader, the schema and the documentation cannot disagree: they are one description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

KEY_PATTERN = "^[a-z0-9][a-z0-9_-]{0,39}$"
_FOUND_CHARS_MAX = 80


class ProgrammeError(ValueError):
    """A programme that cannot be used. Says which key, what was found, and what to write instead."""

    def __init__(
        self, key: str, found: object, advice: str, *, section: str = "programme", **figures: int | str
    ) -> None:
        """``key`` is the path inside ``section``; an empty ``section`` means a path from the top of the file.

        ``advice`` is the remedy with the names of ``figures`` in braces: by it a translation is found.
        """
        self.advice = advice
        self.figures = figures
        self.remedy = advice.format(**figures) if figures else advice
        self.shown = _shown(found)
        place = f"{section}.{key}" if section else key
        super().__init__(f"{place} is {self.shown}: {self.remedy}")
        self.key = key
        self.found = found

    def at(self, key: str, *, section: str = "programme") -> ProgrammeError:
        """The same mistake, seen from further out in the file."""
        return ProgrammeError(key, self.found, self.advice, section=section, **self.figures)


def _shown(found: object) -> str:
    """A value as people may read it. A number or a nesting without end must not hide the mistake behind another."""
    try:
        return f"{found!r:.{_FOUND_CHARS_MAX}}"
    except (ValueError, RecursionError):
        return "too large to show"


class Kind(Protocol):
    """A kind of value. ``says`` is the sentence shown to whoever writes the file."""

    @property
    def says(self) -> str: ...

    def read(self, value: object, key: str) -> object:
        """The value, ready for use. Raises :class:`ProgrammeError` naming ``key``."""
        ...

    def schema(self) -> dict[str, object]: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    says: str
    low: int
    high: int

    def read(self, value: object, key: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise ProgrammeError(key, value, "write a whole number from {low} to {high}", low=self.low, high=self.high)
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    says: str

    def read(self, value: object, key: str) -> bool:
        if not isinstance(value, bool):
            raise ProgrammeError(key, value, "write true or false")
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Text:
    """A line that people read."""

    says: str
    chars_max: int = 80

    def read(self, value: object, key: str) -> str:
        if not isinstance(value, str):
            raise ProgrammeError(key, value, "write it as text in quotes")
        if not (1 <= len(value) <= self.chars_max and value.isprintable()):
            raise ProgrammeError(key, value, "write 1 to {most} printable characters", most=self.chars_max)
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "string", "minLength": 1, "maxLength": self.chars_max}


@dataclass(frozen=True, slots=True)
class Matching:
    """Text of a fixed form, such as a key or a currency code."""

    says: str
    pattern: str = KEY_PATTERN
    remedy: str = "write 1 to 40 small letters, digits, - or _"

    def read(self, value: object, key: str) -> str:
        if not isinstance(value, str):
            raise ProgrammeError(key, value, "write it as text in quotes")
        if re.fullmatch(self.pattern.removeprefix("^").removesuffix("$"), value) is None:
            raise ProgrammeError(key, value, self.remedy)
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": self.pattern}


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of the store."""

    says: str

    def read(self, value: object, key: str) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ProgrammeError(key, value, "write a day such as 2026-12-31") from error

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    says: str
    words: type[StrEnum]

    def read(self, value: object, key: str) -> StrEnum:
        for word in self.words:
            if value == word.value:
                return word
        raise ProgrammeError(key, value, "write one of {words}", words=", ".join(self.words))

    def schema(self) -> dict[str, object]:
        return {"enum": [word.value for word in self.words]}


@dataclass(frozen=True, slots=True)
class Several:
    """A list, each entry of one kind, none twice."""

    says: str
    of: Kind
    entries_max: int = 100

    def read(self, value: object, key: str) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise ProgrammeError(key, value, "write a list in square brackets")
        if len(value) > self.entries_max:
            raise ProgrammeError(key, len(value), "write at most {most} entries", most=self.entries_max)
        entries = tuple(self.of.read(entry, f"{key}[{index}]") for index, entry in enumerate(value))
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                raise ProgrammeError(f"{key}[{index}]", entry, "write each entry once")
        return entries

    def schema(self) -> dict[str, object]:
        return {"type": "array", "items": self.of.schema(), "maxItems": self.entries_max, "uniqueItems": True}
