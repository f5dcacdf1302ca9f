"""Turns what is wrong with a configuration file into one sentence a technician can act on."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from edge_agent.config.paths import settings_in

CONFIG_BYTES_MAX = 1024 * 1024
_FOUND_LENGTH_MAX = 60
_CONTRADICTION = "contradiction"


class ConfigError(ValueError):
    """A configuration that cannot be used. ``str()`` is the whole message: file, key, problem, remedy."""

    def __init__(self, file: Path, key: str, problem: str, remedy: str) -> None:
        place = f"{file}: {key}" if key else str(file)
        super().__init__(f"{place}: {problem}. {remedy}")
        self.file = file
        self.key = key
        self.problem = problem
        self.remedy = remedy


def contradiction(problem: str, remedy: str) -> PydanticCustomError:
    """What a validator raises where settings do not fit together; :func:`explain` tells both texts as they are."""
    return PydanticCustomError(_CONTRADICTION, "{problem}", {"problem": problem, "remedy": remedy})


def parse_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises :class:`ConfigError`, for a syntax error with its line and column."""
    try:
        with path.open("rb") as source:
            content = source.read(CONFIG_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise ConfigError(path, "", "there is no such file", "Write one with `regulars init`.") from error
    except IsADirectoryError as error:
        raise ConfigError(path, "", "is a folder", "Name one of the files in it.") from error
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read: {error.strerror}", "Let the gateway's user read it.") from error
    if len(content) > CONFIG_BYTES_MAX:
        raise ConfigError(path, "", f"larger than {CONFIG_BYTES_MAX} bytes", "Name a configuration file.")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(path, "", f"not UTF-8 text at byte {error.start}", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, "", f"not TOML: {error}", "Mend the line named; text values need quotes.") from error
    except (ValueError, RecursionError) as error:
        # The parser says this of numbers of thousands of digits and of brackets in brackets without end.
        problem = "holds a number or a nesting too large to read"
        raise ConfigError(path, "", problem, "Write numbers of up to 18 digits and lists of values.") from error


def explain(file: Path, error: ValidationError, schema: type[BaseModel], *, section: str = "") -> ConfigError:
    """The most telling of the problems: a misspelt key before the key it leaves missing."""
    problems = error.errors(include_url=False)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(part for part in (section, *_names(first["loc"])) if part)
    problem, remedy = _in_words(first, schema)
    more = f" ({len(problems) - 1} more after this one.)" if len(problems) > 1 else ""
    return ConfigError(file, key, problem, remedy + more)


def _names(loc: tuple[int | str, ...]) -> list[str]:
    """``("counters", 0, "till")`` → ``["counters[1]", "till"]``: people count tables from one."""
    names: list[str] = []
    for part in loc:
        if isinstance(part, int) and names:
            names[-1] += f"[{part + 1}]"
        else:
            names.append(str(part))
    return names


def _in_words(problem: ErrorDetails, schema: type[BaseModel]) -> tuple[str, str]:
    loc = problem["loc"]
    key = str(loc[-1]) if loc else ""
    if problem["type"] == "extra_forbidden":
        return "unknown key", _suggest(key, sorted(_schema_at(schema, loc[:-1]).model_fields))
    field = _schema_at(schema, loc[:-1]).model_fields.get(key)
    meant = f"{field.description}." if field and field.description else "See the documentation of this key."
    if problem["type"] == "missing":
        return "missing", f"Add it: {meant}"
    if problem["type"] == _CONTRADICTION:
        context = problem.get("ctx", {})
        return str(context["problem"]), str(context["remedy"])
    if problem["type"] == "path_type":
        return f"is {problem['input']!r:.80}, not a path", f"Write it as text in quotes. Meant is: {meant}"
    found = repr(problem["input"])
    shown = found if len(found) <= _FOUND_LENGTH_MAX else f"{found[:_FOUND_LENGTH_MAX]}…"
    return f"is {shown}: {problem['msg'].removeprefix('Value error, ')}", f"Meant is: {meant}"


def _suggest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else "Remove it. "
    return f"{hint}Known keys here: {', '.join(known) or 'none'}."


def _schema_at(schema: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The settings class that holds the key at ``loc``."""
    for part in loc:
        field = schema.model_fields.get(part) if isinstance(part, str) else None
        inner = settings_in(field) if field else None
        schema = inner or schema
    return schema
