"""``regulars programme``: is a loyalty programme in order, and what does it promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from edge_agent.config.problems import ConfigError
from loyalty.terms.document import Terms, json_schema
from provisioning.failures import CommandFailure, Exit
from provisioning.programme_file import doubts, read_programme
from provisioning.programme_words import Section, explanation
from provisioning.speech import Speech, Tongue, speech_in

_LANG = typer.Option("--lang", help="The language of what is said.")

app = typer.Typer(add_completion=False, help="Check and explain loyalty programmes.", no_args_is_help=True)


@app.callback()
def programme() -> None:
    """Check and explain loyalty programmes."""


@app.command(epilog="Example:  regulars programme check programme.toml --strict")
def check(
    file: Annotated[Path, typer.Argument(help="The programme.toml", metavar="FILE")],
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let a warning fail the check.")] = False,
    lang: Annotated[Tongue, _LANG] = Tongue.EN,
) -> None:
    """Check a programme; name key, value and remedy of a mistake, and warn where it would lose money.

    The exit status is 3 when the file is not in order.
    """
    speech = speech_in(lang)
    terms = _read(file, Exit.CHECK_FAILED, speech)
    console = Console(soft_wrap=True)
    usable = speech.say("{file}: {name} can be used.", file=file, name=terms.programme.name)
    console.print(Text.assemble(("✓ ", "bold green"), usable))
    found = doubts(terms, speech)
    for doubt in found:
        console.print(Text.assemble(("! ", "bold yellow"), doubt))
    if strict and found:
        raise CommandFailure(
            speech.say("{file}: warnings: {number}; --strict allows none.", file=file, number=len(found)),
            speech.say("Mend what is warned of, or check without --strict."),
            status=Exit.CHECK_FAILED,
        )


@app.command(
    epilog="Example:  regulars programme explain programme.toml    regulars programme explain --schema > schema.json"
)
def explain(
    file: Annotated[Path | None, typer.Argument(help="The programme.toml", metavar="FILE")] = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of programme files instead; reads no FILE.")
    ] = False,
    lang: Annotated[Tongue, _LANG] = Tongue.EN,
) -> None:
    """Tell in plain sentences what a programme says: what earns, what points buy, and who is offered what."""
    if schema:
        typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
        return
    if file is None:
        raise CommandFailure(
            "No programme is named.", "Write: regulars programme explain programme.toml", status=Exit.USAGE
        )
    speech = speech_in(lang)
    console = Console(soft_wrap=True)
    for section in explanation(_read(file, Exit.FAILED, speech), speech):
        console.print(_written(section))


def _read(file: Path, status: Exit, speech: Speech) -> Terms:
    try:
        return read_programme(file, speech)
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy, status=status) from error


def _written(section: Section) -> Text:
    heading = ((section.heading, "bold"), (f"  [{section.key}]\n", "dim"))
    return Text.assemble(*heading, *(f"  · {line}\n" for line in section.sentences))
