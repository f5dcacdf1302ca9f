"""Tables of a programme file: a frozen dataclass whose fields are ``Annotated`` with their kind.

The dataclass is the description. ``read_table`` turns a parsed table into it, ``table_schema``
into JSON Schema, ``check_fields`` proves one that was built by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from loyalty.terms.fields import Kind, ProgrammeError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """A table within a table; left out, it has its defaults."""

    says: str
    of: type[Any]

    def read(self, value: object, key: str) -> object:
        if not isinstance(value, Mapping):
            raise ProgrammeError(key, value, "write it as a table, [{table}]", table=key)
        return read_table(self.of, value, key)

    def schema(self) -> dict[str, object]:
        return table_schema(self.of)


@dataclass(frozen=True, slots=True)
class Tables:
    """A list of tables. Where they have an ``id``, no two may share one."""

    says: str
    of: type[Any]
    tables_max: int = 200

    def read(self, value: object, key: str) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise ProgrammeError(key, value, "write each as a table, [[{table}]]", table=key)
        if len(value) > self.tables_max:
            raise ProgrammeError(key, len(value), "write at most {most} tables", most=self.tables_max)
        table = Table(self.says, self.of)
        rows = tuple(table.read(row, f"{key}[{index}]") for index, row in enumerate(value))
        ids = [getattr(row, "id", index) for index, row in enumerate(rows)]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                raise ProgrammeError(f"{key}[{index}].id", name, "give each an id of its own")
        return rows

    def schema(self) -> dict[str, object]:
        return {"type": "array", "items": table_schema(self.of), "maxItems": self.tables_max}


def parsed(text: str) -> dict[str, object]:
    """Parse TOML. Raises :class:`ProgrammeError`, also for numbers and nestings too large to hold."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProgrammeError("toml", str(error), "mend the TOML at the place named", section="") from error
    except (ValueError, RecursionError) as error:
        raise ProgrammeError(
            "toml", "too large to read", "write fewer digits and fewer tables within tables", section=""
        ) from error


def kinds_of(table: type[Any]) -> Mapping[str, Kind]:
    """The kind of each field, in the order of the dataclass."""
    return _kinds_of(cast("Hashable", table))


@cache
def _kinds_of(table: Hashable) -> Mapping[str, Kind]:
    hints = get_type_hints(table, include_extras=True)
    return {field.name: cast("Kind", hints[field.name].__metadata__[0]) for field in fields(cast("Any", table))}


def read_table(table: type[T], values: Mapping[str, object], path: str = "") -> T:
    """Build ``table`` from parsed values. Raises :class:`ProgrammeError` with the path of the key at fault."""
    kinds = kinds_of(table)
    for key in values:
        if key not in kinds:
            known = ", ".join(kinds)
            raise ProgrammeError(_under(path, key), values[key], "remove it; known keys are {known}", known=known)
    for field in fields(cast("Any", table)):
        if field.name not in values and _default(field) is MISSING:
            raise ProgrammeError(_under(path, field.name), None, "write it: {says}", says=kinds[field.name].says)
    read = {key: kinds[key].read(value, _under(path, key)) for key, value in values.items()}
    try:
        return table(**read)
    except ProgrammeError as error:
        raise error.at(_under(path, error.key)) from error


def check_fields(row: object) -> None:
    """Prove the fields of a table built by hand. Raises :class:`ProgrammeError`."""
    for name, kind in kinds_of(type(row)).items():
        kind.read(getattr(row, name), name)


def table_schema(table: type[Any]) -> dict[str, object]:
    """The JSON Schema (2020-12) of one table."""
    properties: dict[str, object] = {}
    required = []
    for field in fields(table):
        kind = kinds_of(table)[field.name]
        described = {"description": kind.says, **kind.schema()}
        default = _default(field)
        if default is MISSING:
            required.append(field.name)
        elif isinstance(default, bool | int | str):
            described["default"] = default.value if isinstance(default, StrEnum) else default
        properties[field.name] = described
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
