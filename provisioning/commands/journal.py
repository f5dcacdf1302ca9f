"""``regulars journal``: look into a gateway's journal, beside a running gateway or without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cloud_bridge.topics import Lane
from edge_agent.app import JOURNAL_FILE
from edge_agent.clock import system_clock
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.journal import JournalError
from edge_agent.journal.inspection import JournalStats, stats_file, tail_file, verify_file
from provisioning.failures import CommandFailure, Exit

TAIL_ROWS_MAX = 1_000
app = typer.Typer(
    add_completion=False, help="Look into a gateway's journal: verify, stats, tail.", no_args_is_help=True
)

_Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's edge.toml")]
_Journal = Annotated[
    Path | None, typer.Option("--journal", metavar="FILE", help="The journal itself, instead of --config")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_EDGE_TOML = Path("edge.toml")


@app.callback()
def journal() -> None:
    """Look into a gateway's journal. Read-only, also while the gateway runs."""


@app.command(epilog="Example:  regulars journal verify --config /etc/regulars/edge.toml")
def verify(*, config: _Config = _EDGE_TOML, journal: _Journal = None, as_json: _Json = False) -> None:
    """Read every row and check the hash chains. The exit status is 3 when a row is missing or changed."""
    path = _path(config, journal)
    try:
        with _busy(f"Verifying {path}"):
            report = verify_file(path)
    except JournalError as error:
        raise _failure(error) from error
    if as_json:
        damages = [{"lane": d.lane, "first": d.first, "last": d.last, "reason": d.reason} for d in report.damages]
        typer.echo(json.dumps({"rows": report.rows, "gaps": report.gaps, "damages": damages, "ok": report.ok}))
    else:
        typer.echo(f"{report.rows} rows read, {report.gaps} losses already stated.")
    if not report.ok:
        first = report.damages[0]
        raise CommandFailure(
            f"Damaged stretches: {len(report.damages)}; {first.lane} {first.first} to {first.last}: {first.reason}.",
            "Start the gateway: it states them as lost and goes on. Have the disk checked.",
            status=Exit.CHECK_FAILED,
        )
    if not as_json:
        Console().print(Text.assemble(("✓ ", "bold green"), "Every row is there and unchanged."))


@app.command(epilog="Example:  regulars journal stats --json")
def stats(*, config: _Config = _EDGE_TOML, journal: _Journal = None, as_json: _Json = False) -> None:
    """Print the loss ledger of each lane (recorded = acked + queued + dropped) and what else is kept."""
    path = _path(config, journal)
    try:
        found = stats_file(path, clock=system_clock())
    except JournalError as error:
        raise _failure(error) from error
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False))
        return
    console = Console()
    table = Table(title=f"{found.gateway_id}: {path}", title_justify="left")
    for heading in ("lane", "recorded", "acked", "queued", "dropped", "oldest unsent"):
        table.add_column(heading, justify="left" if heading == "lane" else "right")
    for lane, figures in found.lanes.items():
        numbers = (figures.recorded, figures.acked, figures.queued, figures.dropped)
        table.add_row(lane.value, *map(str, numbers), f"{figures.oldest_unsent_age_s} s")
    console.print(table)
    counts = found.counts
    console.print(
        f"{counts.sales} sales, {counts.postings} postings, {counts.members} members, {counts.media} media; "
        f"{counts.undecided} undecided, {counts.deferred} deferred, {counts.set_aside} set aside."
    )


@app.command(epilog="Example:  regulars journal tail --lane ledger --rows 20")
def tail(
    *,
    config: _Config = _EDGE_TOML,
    journal: _Journal = None,
    lane: Annotated[Lane, typer.Option(help="Which lane")] = Lane.LEDGER,
    rows: Annotated[int, typer.Option(min=1, max=TAIL_ROWS_MAX, help="How many of the newest rows")] = 10,
    as_json: _Json = False,
) -> None:
    """Print the newest rows of a lane, oldest of them first: sequence, state, time and type."""
    path = _path(config, journal)
    try:
        found = tail_file(path, lane, rows)
    except JournalError as error:
        raise _failure(error) from error
    for row in found:
        if as_json:
            typer.echo(row.body.decode())
            continue
        event = orjson.loads(row.body)
        typer.echo(f"{row.sequence:>8}  {row.state:<6}  {event['time']}  {event['type']}")


def _path(config: Path, journal: Path | None) -> Path:
    if journal is not None:
        return journal
    try:
        return EdgeSettings.load(config).gateway.data_dir / JOURNAL_FILE
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy) from error


def _failure(error: JournalError) -> CommandFailure:
    return CommandFailure(f"{error.place}: {error.problem}.", f"{error.remedy}.")


def _as_json(stats: JournalStats) -> dict[str, object]:
    return {
        "gateway": stats.gateway_id,
        "incarnation": stats.incarnation,
        "lanes": {lane.value: figures.model_dump(mode="json") for lane, figures in stats.lanes.items()},
        "heads": {lane.value: head.model_dump(mode="json") for lane, head in stats.heads.items()},
        "postings_digest": stats.postings_digest,
        "points_issued": stats.points_issued,
        "replica_version": stats.replica_version,
        "bytes": stats.bytes,
        "counts": {name: getattr(stats.counts, name) for name in stats.counts.__slots__},
    }


def _busy(what: str) -> Progress:
    """A spinner with the time so far, on a terminal only: how many rows there are is known at the end."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(what), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    progress.add_task(what, total=None)
    return progress
