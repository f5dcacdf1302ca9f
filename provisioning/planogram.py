"""``planogram.csv``: which article stands in which slot of which shelf, and how many there should be."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config import ConfigError

COLUMNS = ("shelf", "slot", "sku", "name", "facings", "capacity", "reorder_at")
ROWS_MAX = 20_000
_TEXT_LENGTH_MAX = 80
_COUNT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a shelf: ``facings`` side by side, ``capacity`` in all, restocked at ``reorder_at`` or fewer."""

    shelf: str
    slot: str
    sku: str
    name: str
    facings: int
    capacity: int
    reorder_at: int


def load_planogram(path: Path) -> tuple[Slot, ...]:
    """Read and check the file. Raises :class:`ConfigError` naming the line and the column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"not UTF-8 text at byte {error.start}", "Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(
            path, "", f"cannot be read: {error.strerror}", "Check the path and its permissions."
        ) from error
    return tuple(_slots(path, text))


def _slots(path: Path, text: str) -> Iterator[Slot]:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    places: dict[tuple[str, str], int] = {}
    try:
        _check_header(path, tuple(rows.fieldnames or ()))
        for row in rows:
            line = rows.line_num
            slot = _slot(path, line, row)
            place = (slot.shelf, slot.slot)
            if place in places:
                problem = f"shelf {slot.shelf!r} slot {slot.slot!r} is already on line {places[place]}"
                raise ConfigError(path, f"line {line}", problem, "Give each slot one line.")
            places[place] = line
            if len(places) > ROWS_MAX:
                raise ConfigError(path, f"line {line}", f"more than {ROWS_MAX} slots", "Split the store's planogram.")
            yield slot
    except csv.Error as error:
        raise ConfigError(
            path, f"line {rows.line_num}", f"not CSV: {error}", "Mend the quotes on that line."
        ) from error


def _check_header(path: Path, header: tuple[str, ...]) -> None:
    if header != COLUMNS:
        found = ",".join(header) or "nothing"
        raise ConfigError(path, "line 1", f"the header is {found:.120}", f"Write: {','.join(COLUMNS)}")


def _slot(path: Path, line: int, row: dict[str, str | None]) -> Slot:
    if None in row or None in row.values():
        raise ConfigError(path, f"line {line}", f"not {len(COLUMNS)} columns", f"Write: {','.join(COLUMNS)}")
    shelf, slot, sku, name = (_text(path, line, key, row[key] or "") for key in COLUMNS[:4])
    facings, capacity, reorder_at = (_count(path, line, key, row[key] or "") for key in COLUMNS[4:])
    if reorder_at > capacity:
        problem = f"reorder_at {reorder_at} is more than the capacity {capacity}"
        raise ConfigError(path, f"line {line}: reorder_at", problem, "Write a number up to the capacity.")
    return Slot(shelf, slot, sku, name, facings, capacity, reorder_at)


def _text(path: Path, line: int, key: str, found: str) -> str:
    if not 1 <= len(found.strip()) <= _TEXT_LENGTH_MAX:
        problem = f"has {len(found.strip())} characters"
        raise ConfigError(path, f"line {line}: {key}", problem, f"Write 1 to {_TEXT_LENGTH_MAX} characters.")
    return found.strip()


def _count(path: Path, line: int, key: str, found: str) -> int:
    if not (found.strip().isascii() and found.strip().isdigit() and int(found) <= _COUNT_MAX):
        raise ConfigError(
            path, f"line {line}: {key}", f"is {found!r:.40}", f"Write a whole number from 0 to {_COUNT_MAX}."
        )
    return int(found)
