"""``regulars edge``: the gateway of a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from edge_agent.app import run
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.journal import JournalError
from edge_agent.logs import set_up_logs
from edge_agent.service_notify import ServiceNotifier
from edge_agent.surroundings import Surroundings
from edge_agent.tap_path import Pass, Station, log_passage
from edge_agent.web.server import AddressTaken
from provisioning.environment import Environment
from provisioning.failures import CommandFailure, Exit

app = typer.Typer(add_completion=False, help="Run the gateway of a store.")


@app.command(epilog="Example:  regulars edge --config /etc/regulars/edge.toml")
def edge(
    *,
    config: Annotated[Path, typer.Option(help="The gateway's edge.toml", metavar="FILE")] = Path("edge.toml"),
    stations: Annotated[
        bool, typer.Option("--stations", help="Log each station (sense, record, …) that each observation passes.")
    ] = False,
) -> None:
    """Run the gateway: devices, journal, kiosk, staff pages, uplink. Until SIGTERM or Ctrl-C.

    Under systemd (Type=notify) it says when it is ready and keeps the watchdog content.
    """
    set_up_logs(sys.stderr)
    around = Environment.read()
    service = ServiceNotifier(around.notify_socket, around.watchdog_s)
    passing: Pass = _announce_passage if stations else log_passage
    try:
        status = run(EdgeSettings.load(config), Surroundings(service=service, passing=passing))
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy) from error
    except (JournalError, AddressTaken) as error:
        raise CommandFailure(f"The gateway cannot start: {error}") from error
    if status:
        raise typer.Exit(Exit.FAILED)


def _announce_passage(station: Station, traceparent: str) -> None:
    structlog.get_logger("stations").info(station.value, traceparent=traceparent)
