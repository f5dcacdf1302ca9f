"""``regulars tap UID``: hold a virtual card to the reader of the running demo."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer

from devices.observations import CardUid
from provisioning.environment import Environment
from provisioning.failures import CommandFailure, Exit
from simulation.processes.running import RunningDemo, find_running

app = typer.Typer(add_completion=False, help="Tap a virtual card on the running demo.")
_TIMEOUT_S = 15.0
_SAID = {
    "greeted": "The kiosk greets the member.",
    "unknown": "The kiosk says that it does not know this card; the tap is recorded.",
    "refused": "The kiosk refuses this card: it could not prove itself.",
    "unanswered": "The kiosk shows nothing: is the reader unplugged, or the gateway down?",
}


@app.command(epilog="Example:  regulars tap 04A1B2C3D4E5F6")
def tap(
    uid: Annotated[
        str,
        typer.Argument(
            metavar="UID", help="The card's number: 4, 7, 8 or 10 bytes in hexadecimal, ':' and '-' allowed"
        ),
    ],
) -> None:
    """Tap a virtual card on the running demo and wait for the kiosk. Works from another terminal."""
    try:
        card = CardUid.from_hex(uid)
    except ValueError as error:
        raise CommandFailure(f"{uid!r:.60} is no card number.", "Write 8 to 20 hexadecimal digits.") from error
    demo = find_running(Environment.read().runtime_dir)
    if demo is None:
        raise CommandFailure("No demo is running.", "Start one in another terminal: regulars demo")
    outcome = _ask(demo, card)
    typer.echo(_SAID.get(outcome, outcome))
    if outcome == "unanswered":
        raise typer.Exit(Exit.FAILED)


def _ask(demo: RunningDemo, card: CardUid) -> str:
    try:
        response = httpx.post(
            f"{demo.control_url}/api/tap", json={"uid": card.number.hex()}, timeout=_TIMEOUT_S, trust_env=False
        )
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CommandFailure(
            f"The demo at {demo.control_url} does not answer.", "Is it just ending? Try again, or start a new one."
        ) from error
    if not response.is_success:
        raise CommandFailure(f"The demo refused: {answer['problem']}", answer["remedy"])
    return str(answer["outcome"])
