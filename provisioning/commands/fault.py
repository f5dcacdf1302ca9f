"""``regulars fault DEVICE KIND``: let a virtual device of the running demo fail, and work again."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from devices.virtual.faults import FaultKind
from provisioning.environment import Environment
from provisioning.failures import CommandFailure
from simulation.processes.running import RunningDemo, find_running

app = typer.Typer(add_completion=False, help="Break and mend the running demo's devices.")
LIST = "list"
HEAL = "heal"
_TIMEOUT_S = 15.0


@app.command(epilog="Examples:  regulars fault list    regulars fault shelf-b unplugged    regulars fault shelf-b heal")
def fault(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name; `list` shows them all")],
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="How it shall fail, as `list` shows; `heal`: it works again")
    ] = "",
) -> None:
    """Let a virtual device of the running demo fail in a way that was met in shops, or work again.

    Works from another terminal. Whatever the gateway makes of it is seen on its staff board and status page.
    """
    demo = find_running(Environment.read().runtime_dir)
    if demo is None:
        raise CommandFailure("No demo is running.", "Start one in another terminal: regulars demo")
    if device == LIST and not kind:
        _show(_answer(demo, "GET", "/api/floor"))
        return
    _answer(demo, "POST", "/api/fault", {"device": device, "kind": _kind(kind)})
    typer.echo(f"{device} works again." if kind == HEAL else f"{device} is {kind} from now on.")


def _kind(text: str) -> str | None:
    if text == HEAL:
        return None
    if text in frozenset(FaultKind):
        return text
    known = ", ".join((*FaultKind, HEAL))
    problem = f"{text!r:.40} is no kind of fault." if text else "It is not said how it shall fail."
    raise CommandFailure(problem, f"Write one of: {known}. `regulars fault list` shows what each device can.")


def _answer(demo: RunningDemo, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        response = httpx.request(method, f"{demo.control_url}{path}", json=body, timeout=_TIMEOUT_S, trust_env=False)
        answer: dict[str, Any] = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CommandFailure(
            f"The demo at {demo.control_url} does not answer.", "Is it just ending? Try again, or start a new one."
        ) from error
    if not response.is_success:
        raise CommandFailure(f"The demo refused: {answer['problem']}", answer["remedy"])
    return answer


def _show(floor: dict[str, Any]) -> None:
    table = Table("Device", "State", "Ways to fail", box=None, padding=(0, 2, 0, 0))
    for fixture in floor["fixtures"]:
        failing = fixture["fault"]
        state = f"[red]{failing}[/red]" if failing else "[green]works[/green]"
        table.add_row(fixture["name"], state, " ".join(fixture["kinds"]))
    Console(no_color=not Environment.read().colour, soft_wrap=True).print(table)
