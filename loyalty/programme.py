"""The loyalty programme as data: how spending becomes points."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

_KNOWN_KEYS = frozenset({"name", "currency", "points", "per_minor", "minimum_minor"})
_POINTS_MAX = 1_000_000
_MINOR_MAX = 1_000_000_000


class ProgrammeError(ValueError):
    """A programme that cannot be used. Says which key, what was found, and what to write instead."""

    def __init__(self, key: str, found: object, remedy: str) -> None:
        super().__init__(f"programme.{key} is {found!r}: {remedy}")
        self.key = key
        self.found = found
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Programme:
    """Points per currency unit, with a floor and a minimum.

    ``points`` are earned for each full ``per_minor`` of a receipt (minor currency units: cents,
    fen), nothing below ``minimum_minor``. Part units are never rounded up.
    """

    name: str
    currency: str
    points: int = 1
    per_minor: int = 100
    minimum_minor: int = 0

    def __post_init__(self) -> None:
        if not (1 <= len(self.name) <= 80 and self.name.isprintable()):
            raise ProgrammeError("name", self.name, "write 1 to 80 printable characters")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ProgrammeError("currency", self.currency, "write an ISO 4217 code such as CNY or GBP")
        _require_integer("points", self.points, 1, _POINTS_MAX)
        _require_integer("per_minor", self.per_minor, 1, _MINOR_MAX)
        _require_integer("minimum_minor", self.minimum_minor, 0, _MINOR_MAX)

    def points_for(self, spent_minor: int) -> int:
        """Points that a receipt of ``spent_minor`` (≥ 0 after refunds) is worth; floor division."""
        if spent_minor <= 0 or spent_minor < self.minimum_minor:
            return 0
        return spent_minor // self.per_minor * self.points


def programme_from_toml(text: str) -> Programme:
    """Read ``programme.toml``. Raises :class:`ProgrammeError` naming the key at fault."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError("toml", str(error), "mend the TOML at the place named") from error
    section = table.get("programme")
    if not isinstance(section, dict):
        raise ProgrammeError("programme", section, "add a [programme] section")
    return programme_from_mapping(section)


def programme_from_mapping(table: Mapping[str, object]) -> Programme:
    """Build a programme from a parsed table. Raises :class:`ProgrammeError`."""
    for key in table:
        if key not in _KNOWN_KEYS:
            raise ProgrammeError(key, table[key], f"remove it; known keys are {sorted(_KNOWN_KEYS)}")
    for key in ("name", "currency"):
        if not isinstance(table.get(key), str):
            raise ProgrammeError(key, table.get(key), "write it as text in quotes")
    numbers = {key: table[key] for key in ("points", "per_minor", "minimum_minor") if key in table}
    for key, value in numbers.items():
        _require_integer(key, value, 0, _MINOR_MAX)
    integers = {key: value for key, value in numbers.items() if isinstance(value, int)}
    return Programme(str(table["name"]), str(table["currency"]), **integers)


def _require_integer(key: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ProgrammeError(key, value, f"write a whole number from {low} to {high}")
