"""The ``regulars`` command: finds the module of each command, and turns its failures into one message."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from provisioning.environment import Environment
from provisioning.failures import CommandFailure, Exit

COMMANDS = (
    "demo",
    "tap",
    "fault",
    "phone",
    "edge",
    "cloud",
    "init",
    "config",
    "programme",
    "store-bus",
    "journal",
    "devices",
    "calibrate",
    "alerts",
    "cards",
)
"""Every command, in the order of the help page; each is ``provisioning/commands/NAME.py``, its ``-`` written ``_``."""

GATEWAY = "edge"
"""The command that runs for months on a small machine."""


class CommandGroup(TyperGroup):
    """Loads a command when it is asked for, and says in one message why it failed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == GATEWAY:
            _import_structlog_plainly()
        module = import_module(f"provisioning.commands.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CommandFailure as failure:
            if ctx.params.get("debug"):
                raise
            _say(failure.problem, failure.remedy)
            raise typer.Exit(failure.status) from failure
        except Exception as error:
            # typer's own exceptions (usage, exit, abort) say where they come from; they pass.
            if ctx.params.get("debug") or type(error).__module__.startswith("typer"):
                raise
            _say(
                f"Something is wrong inside Regulars: {type(error).__name__}: {error}",
                "Run it again as `regulars --debug …` and report what it prints.",
            )
            raise typer.Exit(Exit.BUG) from error


def _import_structlog_plainly() -> None:
    """Structlog takes rich and pygments along where they are installed: 3.6 MB that a gateway never uses."""
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]  # how an import is told that there is no such thing
    try:
        import_module("structlog")
    finally:
        if hidden:
            del sys.modules["rich"]


def _say(problem: str, remedy: str) -> None:
    # Only where something failed: a service that runs well needs none of it.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True, no_color=not Environment.read().colour, soft_wrap=True)
    console.print(Text.assemble(("✗ ", "bold red"), problem))
    if remedy:
        console.print(Text.assemble(("  → ", "bold"), remedy))


def _print_version(*, asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"regulars {version('regulars')}")
        except PackageNotFoundError:
            typer.echo("regulars (run from its source folder)")
        raise typer.Exit


app = typer.Typer(
    name="regulars",
    cls=CommandGroup,
    help="The in-store CRM that keeps working when the internet does not.",
    epilog="Start with:  regulars demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def regulars(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when a command fails.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=lambda value: _print_version(asked=value), help="Print the version."
        ),
    ] = False,
) -> None:
    """The in-store CRM that keeps working when the internet does not."""


def main() -> None:
    """The entry point of the installed command."""
    app()


if __name__ == "__main__":
    main()
