"""Reads the commands themselves, so that what is written about them can be checked against what they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args

import typer

from provisioning.cli import app


@dataclass(frozen=True, slots=True)
class OptionPage:
    """One option or argument: how it is written, what it means, and what holds when it is left out."""

    names: tuple[str, ...]
    value: str
    help: str
    default: str


@dataclass(frozen=True, slots=True)
class CommandPage:
    """One command that does something; ``path`` is how it is called, without ``regulars``."""

    path: tuple[str, ...]
    help: str
    example: str
    arguments: tuple[OptionPage, ...]
    options: tuple[OptionPage, ...]


def command_pages() -> tuple[CommandPage, ...]:
    """Every command, in the order of the help page."""
    return tuple(_pages(typer.main.get_command(app), ()))


def _pages(command: Any, path: tuple[str, ...]) -> Iterator[CommandPage]:
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from _pages(command.get_command(None, name), (*path, name))
        return
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    yield CommandPage(
        path=path,
        help=" ".join((command.help or "").split()),
        example=command.epilog or "",
        arguments=tuple(_option(one) for one in shown if one.param_type_name == "argument"),
        options=tuple(_option(one) for one in shown if one.param_type_name == "option"),
    )


def _option(parameter: Any) -> OptionPage:
    is_argument = parameter.param_type_name == "argument"
    is_flag = bool(getattr(parameter, "is_flag", False))
    value = "" if is_flag else str(parameter.metavar or _type_name(parameter))
    names = (value,) if is_argument else tuple(parameter.opts)
    return OptionPage(names, "" if is_argument else value, parameter.help or "", _default(parameter, is_flag=is_flag))


def _type_name(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and kind is not NoneType]
    kind = kinds[0] if kinds else str
    if issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    return {int: "N", float: "X"}.get(kind, "TEXT")


def _default(parameter: Any, *, is_flag: bool) -> str:
    default = parameter.default
    if is_flag or default is None or callable(default) or parameter.required or default == "":
        return ""
    return str(getattr(default, "value", default))


_HEAD = """# Commands

Every command explains itself: `regulars --help`, `regulars demo --help`. The exit status is 0 when all is well, 1 when
a command could not do its work, 2 when it was called wrongly, 3 when it worked and what it checked is not in order,
70 for a fault in Regulars itself. `regulars --debug …` shows where a failure comes from.
"""


def render() -> str:
    """The commands page: ``python -m provisioning.command_reference > docs/commands.md`` writes it anew."""
    return "\n".join([_HEAD, *map(_section, command_pages())])


def _section(page: CommandPage) -> str:
    arguments = "".join(f" {one.names[0]}" for one in page.arguments)
    rows = [*page.arguments, *page.options]
    table = "".join(f"| `{_written(one)}` | {one.default} | {one.help} |\n" for one in rows)
    example = page.example.partition(":")[2].strip()
    calls = "\n".join(call for call in example.split("    ") if call)
    heading = f"## regulars {' '.join(page.path)}{arguments}\n\n{page.help}\n"
    return f"{heading}\n| Option | Default | Meaning |\n|---|---|---|\n{table}\n```sh\n{calls}\n```\n"


def _written(option: OptionPage) -> str:
    """As typed; a bar would end the table's cell."""
    return " ".join((*option.names, option.value)).strip().replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())
