"""A loyalty programme as a file on disk: read whole, or refused with the key, the value found and the remedy."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config.problems import ConfigError, parse_toml
from loyalty.terms.document import Terms, terms_from_mapping
from loyalty.terms.fields import ProgrammeError
from loyalty.terms.tables import kinds_of
from loyalty.terms.warnings import warnings

SECTIONS = tuple(kinds_of(Terms))
"""The sections a programme file may have, in their order."""

_KEY_CHARS_MAX = 120


def read_programme(path: Path) -> Terms:
    """Read a ``programme.toml`` with all its sections. Raises :class:`ConfigError`: file, key, problem, remedy."""
    table = parse_toml(path)
    try:
        return terms_from_mapping(table)
    except ProgrammeError as error:
        problem = "is missing" if error.found is None else f"is {error.shown}"
        raise ConfigError(path, _readable(error.key), problem, sentence(error.remedy)) from error


def doubts(terms: Terms) -> tuple[str, ...]:
    """What is doubtful about a programme that can be used; each says the key, what would happen and the remedy."""
    return tuple(f"{one.key}: {one.says}. {sentence(one.remedy)}" for one in warnings(terms))


def sentence(words: str) -> str:
    """``words`` with a capital and a full stop; codes such as CNY within stay as they are."""
    return f"{words[:1].upper()}{words[1:]}."


def _readable(key: str) -> str:
    """A key may be any quoted text: it shall neither fill a screen nor command a terminal."""
    shown = key if key.isprintable() else ascii(key)
    return shown if len(shown) <= _KEY_CHARS_MAX else f"{shown[:_KEY_CHARS_MAX]}…"
