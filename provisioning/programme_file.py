"""A loyalty programme as a file on disk: read whole, or refused with the key, the value found and the remedy."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config.problems import ConfigError, parse_toml
from loyalty.terms.document import Terms, terms_from_mapping
from loyalty.terms.fields import ProgrammeError
from loyalty.terms.tables import kinds_of
from loyalty.terms.warnings import warnings
from provisioning.speech import ENGLISH, Speech

SECTIONS = tuple(kinds_of(Terms))
"""The sections a programme file may have, in their order."""

_KEY_CHARS_MAX = 120


def read_programme(path: Path, speech: Speech = ENGLISH) -> Terms:
    """Read a ``programme.toml`` with all its sections. Raises :class:`ConfigError`: file, key, problem, remedy."""
    table = parse_toml(path)
    try:
        return terms_from_mapping(table)
    except ProgrammeError as error:
        missing = error.found is None
        problem = speech.say("is missing") if missing else speech.say("is {found}", found=error.shown)
        remedy = speech.sentence(speech.say(error.advice, **_figures(error, speech)))
        raise ConfigError(path, _readable(error.key), problem, remedy) from error


def doubts(terms: Terms, speech: Speech = ENGLISH) -> tuple[str, ...]:
    """What is doubtful about a programme that can be used; each says the key, what would happen and the remedy."""
    return tuple(
        speech.say(
            "{key}: {says}. {remedy}",
            key=one.key,
            says=speech.say(one.doubt.says, **one.figures),
            remedy=speech.sentence(speech.say(one.doubt.remedy, **one.figures)),
        )
        for one in warnings(terms)
    )


def _figures(error: ProgrammeError, speech: Speech) -> dict[str, object]:
    """What a key is, or what kind of table it names, is said in words; all else are figures and codes."""
    in_words = {"says", "kind"} & error.figures.keys()
    return {**error.figures, **{name: speech.say(str(error.figures[name])) for name in in_words}}


def _readable(key: str) -> str:
    """A key may be any quoted text: it shall neither fill a screen nor command a terminal."""
    shown = key if key.isprintable() else ascii(key)
    return shown if len(shown) <= _KEY_CHARS_MAX else f"{shown[:_KEY_CHARS_MAX]}…"
