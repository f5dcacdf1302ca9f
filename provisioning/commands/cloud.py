"""``regulars cloud``: the head office's CRM."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cloud_crm.app import run
from cloud_crm.config import ConfigError, load_settings
from cloud_crm.database import DatabaseError
from edge_agent.logs import set_up_logs
from loyalty.terms.document import Terms
from provisioning.failures import CommandFailure
from provisioning.programme_file import doubts
from provisioning.programme_words import Section, explanation
from provisioning.speech import Tongue, speech_in

app = typer.Typer(add_completion=False, help="Run the cloud CRM of the head office.")


@app.command(epilog="Example:  regulars cloud --config /etc/regulars/cloud.toml")
def cloud(
    *,
    config: Annotated[Path, typer.Option(help="The head office's cloud.toml", metavar="FILE")] = Path("cloud.toml"),
) -> None:
    """Run the cloud: members, ledger, fleet, and the landing of what stores send. Until SIGTERM or Ctrl-C."""
    set_up_logs(sys.stderr)
    try:
        run(load_settings(config), explain=explained)
    except ConfigError as error:
        raise CommandFailure(f"{error.file}: {error.key}: {error.problem}.", f"{error.remedy.rstrip('.')}.") from error
    except DatabaseError as error:
        raise CommandFailure(f"The cloud cannot start: {error}") from error
    except SystemExit as ending:
        # The web server leaves like this when its port is taken; it has logged why.
        raise CommandFailure(
            "The cloud cannot listen; the line above says why.",
            "End the program that uses the port, or change [web] port.",
        ) from ending


def explained(terms: Terms, language: str) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """A programme in sentences and its doubts, in the language of the page."""
    speech = speech_in(Tongue(language) if language in set(Tongue) else Tongue.EN)
    return explanation(terms, speech), doubts(terms, speech)
