"""``planogram.csv``: which article stands in which slot, how many fit, and which scale and light it has."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config.problems import ConfigError
from edge_agent.translate import check_digit_fits

COLUMNS = (
    "slot",
    "sku",
    "name_zh",
    "name_en",
    "unit_weight_g",
    "capacity",
    "reorder_at",
    "zone",
    "scale",
    "light",
)
SLOTS_MAX = 2_000
FILE_BYTES_MAX = 4 * 1024 * 1024
LOAD_G_MAX = 500_000
"""What a scale of a shelf may have to bear; more is a mistake in a weight or a capacity."""
UNIT_WEIGHT_G_MAX = 100_000
_NAME_LENGTH_MAX = 120
_ZONE_LENGTH_MAX = 40
_SENSOR_LENGTH_MAX = 160
_COUNT_MAX = 10_000
_SLOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\Z")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,79}\Z")
_WEIGHT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?\Z")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One slot: what stands there, how many fit, and at how many or fewer it is refilled.

    ``unit_weight_g`` is ``None`` only where there is no scale; ``scale`` and ``light`` are empty where there is none.
    """

    slot: str
    sku: str
    name_zh: str
    name_en: str
    unit_weight_g: float | None
    capacity: int
    reorder_at: int
    zone: str = ""
    scale: str = ""
    light: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """Where in the file something is said."""

    path: Path
    number: int

    def wrong(self, column: str, problem: str, remedy: str) -> ConfigError:
        place = f"line {self.number}: {column}" if column else f"line {self.number}"
        return ConfigError(self.path, place, problem, remedy)


def load_planogram(path: Path, *, zones: Collection[str] | None = None) -> tuple[PlannedSlot, ...]:
    """Read and check the file. Raises :class:`ConfigError` naming the line and the column.

    ``zones`` are those of the store's floor plan, where there is one to check against.
    """
    rows = csv.reader(io.StringIO(_text_of(path), newline=""), strict=True)
    try:
        _check_header(path, tuple(next(rows, ())))
        lines = ((_Line(path, rows.line_num), row) for row in rows if any(cell.strip() for cell in row))
        return tuple(_unlike(_slots(lines, zones)))
    except csv.Error as error:
        raise ConfigError(
            path, f"line {rows.line_num}", f"not CSV: {error}", "Mend the quotes on that line."
        ) from error


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as source:
            content = source.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(
            path, "", f"cannot be read: {error.strerror}", "Check the path and its permissions."
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(path, "", f"larger than {FILE_BYTES_MAX} bytes", "Name the store's planogram.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"not UTF-8 text at byte {error.start}", "Save it as UTF-8.") from error


def _check_header(path: Path, header: tuple[str, ...]) -> None:
    if tuple(name.strip() for name in header) == COLUMNS:
        return
    if "shelf" in header and "facings" in header:
        problem = "these are the columns of an earlier version"
    else:
        problem = f"the header is {','.join(header) or 'nothing':.120}"
    raise ConfigError(path, "line 1", problem, f"Write: {','.join(COLUMNS)}")


def _slots(
    lines: Iterable[tuple[_Line, list[str]]], zones: Collection[str] | None
) -> Iterator[tuple[_Line, PlannedSlot]]:
    for count, (line, row) in enumerate(lines, start=1):
        if count > SLOTS_MAX:
            raise line.wrong("", f"more than {SLOTS_MAX} slots", "Give the store's other half a gateway of its own.")
        if len(row) != len(COLUMNS):
            raise line.wrong("", f"{len(row)} columns, not {len(COLUMNS)}", f"Write: {','.join(COLUMNS)}")
        slot = _slot(line, dict(zip(COLUMNS, map(str.strip, row), strict=True)))
        if zones is not None and slot.zone and slot.zone not in zones:
            known = ", ".join(sorted(zones)) or "none"
            raise line.wrong("zone", f"{slot.zone!r} is no zone of store.toml", f"Known zones: {known:.200}.")
        yield line, slot


def _unlike(slots: Iterable[tuple[_Line, PlannedSlot]]) -> Iterator[PlannedSlot]:
    """The slots, once it is sure that none shares its name or its scale with another, and that articles agree."""
    places: dict[str, int] = {}
    scales: dict[str, int] = {}
    articles: dict[str, tuple[int, float | None]] = {}
    for line, slot in slots:
        if slot.slot in places:
            problem = f"{slot.slot!r} is already on line {places[slot.slot]}"
            raise line.wrong("slot", problem, "Give each slot one line.")
        if slot.scale and slot.scale in scales:
            problem = f"{slot.scale!r} already weighs the slot on line {scales[slot.scale]}"
            raise line.wrong("scale", problem, "One scale serves one slot: name another, or leave it empty.")
        known = articles.setdefault(slot.sku, (line.number, slot.unit_weight_g))
        if None not in {known[1], slot.unit_weight_g} and known[1] != slot.unit_weight_g:
            problem = f"{slot.sku!r} weighs {known[1]:g} g on line {known[0]} and {slot.unit_weight_g:g} g here"
            raise line.wrong("unit_weight_g", problem, "An article has one weight: correct the wrong one.")
        places[slot.slot] = line.number
        if slot.scale:
            scales[slot.scale] = line.number
        yield slot


def _slot(line: _Line, row: dict[str, str]) -> PlannedSlot:
    scale = _text(line, "scale", row["scale"], length_max=_SENSOR_LENGTH_MAX)
    weight_g = _weight(line, row["unit_weight_g"], is_weighed=bool(scale))
    capacity, reorder_at = (_count(line, key, row[key]) for key in ("capacity", "reorder_at"))
    if capacity == 0:
        raise line.wrong("capacity", "is 0", "Write how many fit, 1 at least; take out a slot that is not used.")
    if reorder_at > capacity:
        problem = f"reorder_at {reorder_at} is more than the capacity {capacity}"
        raise line.wrong("reorder_at", problem, "Write a number up to the capacity.")
    if weight_g is not None and scale and capacity * weight_g > LOAD_G_MAX:
        problem = f"{capacity} of {weight_g:g} g are {capacity * weight_g / 1_000:g} kg, which no shelf's scale bears"
        raise line.wrong("unit_weight_g", problem, "Write grams of one unit, and how many units fit.")
    return PlannedSlot(
        slot=_pattern(line, "slot", row["slot"], _SLOT),
        sku=_sku(line, row["sku"]),
        name_zh=_text(line, "name_zh", row["name_zh"], length_max=_NAME_LENGTH_MAX, length_min=1),
        name_en=_text(line, "name_en", row["name_en"], length_max=_NAME_LENGTH_MAX, length_min=1),
        unit_weight_g=weight_g,
        capacity=capacity,
        reorder_at=reorder_at,
        zone=_text(line, "zone", row["zone"], length_max=_ZONE_LENGTH_MAX),
        scale=scale,
        light=_text(line, "light", row["light"], length_max=_SENSOR_LENGTH_MAX),
    )


def _text(line: _Line, column: str, found: str, *, length_max: int, length_min: int = 0) -> str:
    if not length_min <= len(found) <= length_max:
        raise line.wrong(column, f"has {len(found)} characters", f"Write {length_min} to {length_max} characters.")
    if not found.isprintable():
        raise line.wrong(column, "holds a character that cannot be printed", "Write it on one line, without tabs.")
    return found


def _pattern(line: _Line, column: str, found: str, pattern: re.Pattern[str]) -> str:
    if not pattern.match(found):
        remedy = "Begin with a letter or digit; then letters, digits, '.', '_', '/' and '-'."
        raise line.wrong(column, f"is {found!r:.60}", remedy)
    return found


def _sku(line: _Line, found: str) -> str:
    if re.fullmatch(r"[0-9.]+[Ee]\+?[0-9]+", found):
        problem = f"{found:.40} is a number that a spreadsheet has shortened"
        raise line.wrong("sku", problem, "Format the column as text, and copy the article numbers again.")
    sku = _pattern(line, "sku", found, _SKU)
    if sku.isdigit() and len(sku) in _GTIN_LENGTHS and not check_digit_fits(sku):
        problem = f"{sku} looks like a bar code, and its check digit is wrong"
        raise line.wrong("sku", problem, "Copy all digits of the bar code; a spreadsheet may have rounded them.")
    return sku


def _weight(line: _Line, found: str, *, is_weighed: bool) -> float | None:
    if not found and not is_weighed:
        return None
    if not found:
        raise line.wrong("unit_weight_g", "is empty, and the slot has a scale", "Write the grams of one unit.")
    if not _WEIGHT.match(found) or not 0 < float(found) <= UNIT_WEIGHT_G_MAX:
        remedy = f"Write the grams of one unit, above 0 and up to {UNIT_WEIGHT_G_MAX}, such as 330 or 62.5."
        raise line.wrong("unit_weight_g", f"is {found!r:.40}", remedy)
    return float(found)


def _count(line: _Line, column: str, found: str) -> int:
    if not (found.isascii() and found.isdigit() and len(found) <= len(str(_COUNT_MAX)) and int(found) <= _COUNT_MAX):
        raise line.wrong(column, f"is {found!r:.40}", f"Write a whole number from 0 to {_COUNT_MAX}.")
    return int(found)
