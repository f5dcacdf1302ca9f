"""``regulars config check FILE``: is this file in order, and if not, where and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from edge_agent.config import ConfigError
from provisioning.config_kinds import check
from provisioning.failures import CommandFailure, Exit

app = typer.Typer(add_completion=False, help="Check configuration files.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Check configuration files."""


@app.command("check", epilog="Example:  regulars config check edge.toml programme.toml")
def check_files(
    files: Annotated[
        list[Path],
        typer.Argument(help="edge.toml, cloud.toml, store.toml, programme.toml or planogram.csv", metavar="FILE…"),
    ],
) -> None:
    """Check files; what each is, is told by its content. Names file, key and remedy of every mistake.

    The exit status is 3 when a file is not in order.
    """
    console = Console(soft_wrap=True)
    mistakes: list[ConfigError] = []
    for file in files:
        try:
            verdict = check(file)
        except ConfigError as error:
            mistakes.append(error)
            continue
        console.print(Text.assemble(("✓ ", "bold green"), f"{file}: {verdict.kind}: {verdict.summary}"))
        for warning in verdict.warnings:
            console.print(Text.assemble(("! ", "bold yellow"), warning))
    if mistakes:
        *others, last = mistakes
        complaints = Console(stderr=True, soft_wrap=True)
        for mistake in others:
            complaints.print(Text.assemble(("✗ ", "bold red"), str(mistake)))
        place = f"{last.file}: {last.key}" if last.key else str(last.file)
        raise CommandFailure(f"{place}: {last.problem}.", last.remedy, status=Exit.CHECK_FAILED)
