"""``regulars calibrate SLOT``: teach the scale under a slot, step by step, in the terminal."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent.config import ConfigError, EdgeSettings
from provisioning.asking.calibration_talk import Terminal, talk_through
from provisioning.asking.running_gateway import NotRunning, RunningGateway
from provisioning.failures import CommandFailure

app = typer.Typer(add_completion=False, help="Teach the scale under a slot: empty, known weight, empty again.")


@app.command(epilog="Example:  regulars calibrate A-01 --units 3")
def calibrate(
    slot: Annotated[str, typer.Argument(metavar="SLOT", help="The slot, as in planogram.csv")],
    *,
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's edge.toml")] = Path(
        "edge.toml"
    ),
    known_g: Annotated[
        float | None, typer.Option("--known-g", min=1, max=200_000, metavar="G", help="A weight of so many grams.")
    ] = None,
    units: Annotated[
        int | None, typer.Option("--units", min=1, max=1_000, metavar="N", help="So many items of the slot's article.")
    ] = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="End a calibration of this slot that somebody left open.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Keep what is found without asking.")] = False,
) -> None:
    """Walk through calibrating a shelf, beside the running gateway. What is kept is used at once.

    Say what you put on it: --known-g 500, or --units 3 of its own article. With neither, only the empty shelf is
    weighed: zero is set again, and how far it drifted is told.
    """
    weight = _weight(known_g, units)
    try:
        settings = EdgeSettings.load(config)
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy) from error
    with RunningGateway(settings) as gateway:
        try:
            if take_over:
                with suppress(CommandFailure):
                    gateway.teach(slot, "end", {})
            talk_through(gateway, slot, weight, _terminal(keeps_without_asking=yes))
        except NotRunning as error:
            raise CommandFailure(f"No gateway answers at {gateway.url}.", "Start it: regulars edge") from error
    typer.echo(f"Kept: {slot} weighs by it from now on.")


def _weight(known_g: float | None, units: int | None) -> dict[str, Any]:
    if known_g is not None and units is not None:
        raise CommandFailure("Both --known-g and --units are given.", "Say one of them: what is put on the shelf.")
    return {name: value for name, value in (("known_g", known_g), ("units", units)) if value is not None}


def _terminal(*, keeps_without_asking: bool) -> Terminal:
    is_live = sys.stdout.isatty()

    def live(line: str) -> None:
        if is_live:
            typer.echo(f"\r{line:<40}\r" if line else f"\r{'':<40}\r", nl=False)

    return Terminal(
        ask=lambda sentence: typer.prompt(sentence, default="", show_default=False, prompt_suffix=": "),
        confirm=lambda question: keeps_without_asking or typer.confirm(question, default=True),
        say=typer.echo,
        live=live,
        pause=threading.Event().wait,  # type: ignore[arg-type]
    )
