"""A whole programme file: its terms, and the JSON that is kept and sent to the stores."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import orjson

from loyalty.programme import Programme, ProgrammeError
from loyalty.terms.document import Terms, terms_from_mapping

DOCUMENT_BYTES_MAX = 256 * 1024
"""What a programme may be as JSON: it travels in one replica step, beside members."""

_PARSED_MAX = 8


@dataclass(frozen=True, slots=True)
class ProgrammeDocument:
    """A programme that was proved usable. ``text`` is the file as JSON, in its own order."""

    terms: Terms
    text: str

    @property
    def table(self) -> dict[str, Any]:
        """The file as JSON data."""
        return cast("dict[str, Any]", orjson.loads(self.text))


def document_from_mapping(table: Mapping[str, object]) -> ProgrammeDocument:
    """Prove a parsed file. Raises :class:`ProgrammeError` with the path of the key at fault."""
    terms = terms_from_mapping(table)
    text = orjson.dumps(dict(table)).decode()
    if len(text.encode()) > DOCUMENT_BYTES_MAX:
        remedy = f"write at most {DOCUMENT_BYTES_MAX} bytes: fewer tables, shorter lists"
        raise ProgrammeError("the file", f"{len(text)} characters long", remedy, section="")
    return ProgrammeDocument(terms, text)


def document_from_toml(text: str) -> ProgrammeDocument:
    """Read and prove a ``programme.toml``. Raises :class:`ProgrammeError`."""
    try:
        return document_from_mapping(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProgrammeError("toml", str(error), "mend the TOML at the place named", section="") from error


def document_from_json(text: bytes) -> ProgrammeDocument:
    """Read and prove a programme file written as JSON. Raises :class:`ProgrammeError`."""
    try:
        table = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ProgrammeError("json", str(error), "mend the JSON at the place named", section="") from error
    if not isinstance(table, dict):
        raise ProgrammeError("json", table, "write an object with the sections of the file", section="")
    return document_from_mapping(table)


def document_of_rate(programme: Programme) -> ProgrammeDocument:
    """The programme that is nothing but its ``[programme]`` section."""
    section = {
        "name": programme.name,
        "currency": programme.currency,
        "points": programme.points,
        "per_minor": programme.per_minor,
        "minimum_minor": programme.minimum_minor,
    }
    return document_from_mapping({"programme": section})


@lru_cache(_PARSED_MAX)
def kept_document(text: str) -> ProgrammeDocument:
    """A document that was proved before it was kept; read once for as long as it stays in force."""
    return document_from_mapping(orjson.loads(text))
