"""``regulars alerts``: what staff are called for now, and whether their phones can be reached."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge_agent.alerts.messages import Wordings, plain
from edge_agent.alerts.sender import ChildSender, Fate, Verdict
from edge_agent.alerts.views import view_of
from edge_agent.app import JOURNAL_FILE
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.config.alert_settings import DestinationSettings
from edge_agent.journal import JournalError
from edge_agent.journal.floor.alerts import KeptAlert, KeptPush
from edge_agent.journal.inspection import alerts_file
from kiosk_ui.staff.board import urgency
from provisioning.failures import CommandFailure, Exit

app = typer.Typer(add_completion=False, help="What staff are called for: list, test.", no_args_is_help=True)

_Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's edge.toml")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_EDGE_TOML = Path("edge.toml")
_REMEDIES = {
    "bad_address": "Correct the address in its file: regulars config check edge.toml says what is wrong.",
    "unreachable": "Is the gateway's network up, and the address right?",
    "timed_out": "Is the gateway's network up, and the address right?",
    "url_file": "Correct the file that holds its address: regulars config check edge.toml says what is wrong.",
}
_OTHER_REMEDY = "Look the number up with the service; 401, 403, 404 and 5xx of mail are about the address."


@app.callback()
def alerts() -> None:
    """What staff are called for, and whether they can be reached."""


@app.command("list", epilog="Example:  regulars alerts list --config /etc/regulars/edge.toml")
def list_alerts(*, config: _Config = _EDGE_TOML, as_json: _Json = False) -> None:
    """Print every open alert, in the order of the board. Read-only, also while the gateway runs."""
    path = _settings(config).gateway.data_dir / JOURNAL_FILE
    try:
        pushes = alerts_file(path)
    except JournalError as error:
        raise CommandFailure(f"{error.place}: {error.problem}.", f"{error.remedy}.") from error
    found = sorted(pushes, key=urgency)
    if as_json:
        typer.echo(json.dumps([view_of(alert).model_dump(mode="json") for alert in found], ensure_ascii=False))
        return
    console = Console()
    if not found:
        console.print("Nobody is called for anything.")
        return
    table = Table(title=f"{len(found)} open: {path}", title_justify="left")
    for heading in ("severity", "kind", "subject", "state", "raised", "claimed by", "messages"):
        table.add_column(heading, overflow="fold")
    for alert in found:
        table.add_row(*map(Text, _row(alert, pushes[alert])))
    console.print(table)


@app.command("test", epilog="Example:  regulars alerts test floor-phones --config /etc/regulars/edge.toml")
def test_destination(
    destination: Annotated[str, typer.Argument(metavar="DESTINATION", help="Its name in edge.toml")],
    *,
    config: _Config = _EDGE_TOML,
) -> None:
    """Send a test message to a destination, now, as alerts are sent. The exit status is 1 when it was not taken."""
    settings = _settings(config)
    known = {one.name: one for one in settings.alerts.destinations}
    if destination not in known:
        raise CommandFailure(
            f"There is no destination {destination!r:.60} in {config}.",
            f"Known [[alerts.destinations]]: {', '.join(known) or 'none'}.",
        )
    verdict = asyncio.run(_send(settings, known[destination]))
    if verdict.fate is not Fate.SENT:
        raise CommandFailure(
            f"{destination} did not take the message: {verdict.reason}.",
            _REMEDIES.get(verdict.reason, _OTHER_REMEDY),
            status=Exit.FAILED,
        )
    Console().print(Text.assemble(("✓ ", "bold green"), f"{destination} took the message. Look at the phone."))


async def _send(settings: EdgeSettings, destination: DestinationSettings) -> Verdict:
    wordings = Wordings(zone=ZoneInfo(settings.gateway.timezone), board_url=settings.alerts.board_url)
    message = wordings.test(language=destination.language, reference=f"test.{secrets.token_hex(8)}")
    return await ChildSender().send(destination.url_file, message)


def _row(alert: KeptAlert, pushes: Sequence[KeptPush]) -> tuple[str, ...]:
    told = Counter(f"{push.outcome.value} ({push.reason})" if push.reason else push.outcome.value for push in pushes)

    return (
        alert.severity.value,
        alert.kind.value,
        plain(alert.subject),
        alert.state.value,
        f"{alert.raised_at:%Y-%m-%d %H:%M}Z",
        plain(alert.claimed_by or ""),
        ", ".join(f"{count} {outcome}" for outcome, count in told.items()),
    )


def _settings(config: Path) -> EdgeSettings:
    try:
        return EdgeSettings.load(config)
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy, status=Exit.CHECK_FAILED) from error
