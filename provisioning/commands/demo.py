"""``regulars demo``: a whole store and its cloud on this machine, for looking, trying and measuring."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from provisioning.environment import Environment
from provisioning.failures import CommandFailure, Exit
from simulation.day.sales_replay import SalesFile, SalesUnreadable
from simulation.demo import SPEED_MAX, Demo, DemoSettings
from simulation.evidence.books import BooksUnreadable
from simulation.evidence.report import Report
from simulation.files.chain import FolderInUse
from simulation.hands import TillGaveUp
from simulation.head_office import HeadOfficeError
from simulation.processes.children import ChildError
from simulation.stage import BrokerKind, StageError

app = typer.Typer(add_completion=False, help="Run a whole store and its cloud on this machine.")

_ORDERLY_END_S = 1.5
"""How long an orderly end may take before what still runs is killed: the whole is to be over in 3 s."""
_FAILURES = (StageError, FolderInUse, ChildError, HeadOfficeError, TillGaveUp, BooksUnreadable, SalesUnreadable)


@app.command(epilog="Examples:  regulars demo    regulars demo --headless --minutes 1 --speed 600 --report report.json")
def demo(  # noqa: PLR0913 - a command's options are its arguments
    *,
    headless: Annotated[
        bool, typer.Option("--headless", help="End by itself when the day or the file is over.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    minutes: Annotated[float | None, typer.Option(help="End after so many real minutes.", min=0.01)] = None,
    speed: Annotated[
        float, typer.Option(help="How many times faster than the shop's own time.", min=0.01, max=SPEED_MAX)
    ] = 60.0,
    sales: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Replay a shop's transactions (.csv or .csv.xz) instead of a made-up day."),
    ] = None,
    sales_currency: Annotated[
        str, typer.Option(callback=_iso_4217, help="Currency of the prices in the sales file.")
    ] = "GBP",
    turns: Annotated[int, typer.Option(help="Shoppers in a made-up day.", min=1, max=20_000)] = 240,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the measured figures as JSON.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep journal, database and logs here.")] = None,
    broker: Annotated[BrokerKind, typer.Option(help="MQTT broker to run.")] = BrokerKind.EMBEDDED,
) -> None:
    """Run one simulated store with gateway and kiosk, a broker, the cloud CRM and shoppers.

    It prints the addresses and runs until Ctrl-C. Everything listens on this machine only and
    nothing is left behind, unless --data keeps it. The exit status is 3 when the books of store and
    cloud do not balance.
    """
    if report is not None and report.is_dir():
        raise CommandFailure(f"{report} is a folder.", "Name a file in it: --report FILE")
    settings = DemoSettings(
        regulars=(sys.executable, "-m", "provisioning.cli"),
        runtime_dir=Environment.read().runtime_dir,
        seed=seed,
        minutes=minutes,
        speed=speed,
        sales=None if sales is None else SalesFile(sales, currency=sales_currency),
        turns=turns,
        headless=headless,
        data=data,
        broker=broker,
    )
    try:
        ending = asyncio.run(_run(settings, report))
    except OSError as error:
        if error.filename is None:
            raise CommandFailure(f"The demo cannot go on: {error}") from error
        problem = f"The demo cannot go on: {error.filename}: {error.strerror}."
        raise CommandFailure(problem, "Choose another place, or mend its rights.") from error
    except _FAILURES as error:
        raise CommandFailure(f"The demo cannot go on: {error}") from error
    except BaseExceptionGroup as group:
        raise CommandFailure(f"The demo cannot start: {_first(group)}") from group
    _conclude(ending)


async def _run(settings: DemoSettings, report_file: Path | None) -> Report | None:
    """Play the day; ``None`` when it was stopped before the books could be read."""
    console = Console(stderr=True, soft_wrap=True)
    session = _Session(settings, console)
    with session.ended_by_signals():
        report = await session.play()
    if report is not None and report_file is not None:
        report.write(report_file)
        console.print(f"Report: {report_file}")
    return report


class _Session:
    """One demo at a terminal. The first Ctrl-C (or SIGTERM) ends it in order, the second at once."""

    def __init__(self, settings: DemoSettings, console: Console) -> None:
        self._console = console
        self._stop = asyncio.Event()
        self._demo = Demo(settings)
        self._starting: asyncio.Task[Demo] | None = None

    async def play(self) -> Report | None:
        self._starting = asyncio.create_task(self._demo.__aenter__())
        try:
            with _while_starting(self._console):
                await self._starting
        except asyncio.CancelledError:
            if self._stop.is_set():
                return None
            raise
        try:
            return await self._shoppers()
        finally:
            await self._demo.__aexit__(None, None, None)

    async def _shoppers(self) -> Report | None:
        demo, console = self._demo, self._console
        console.print(_addresses(demo))
        for row in demo.replayed.rejected if demo.replayed else ():
            console.print(f"Line {row.line} of the sales file was left out: {row.problem}; to mend it, {row.remedy}.")
        if demo.replayed and (unsaid := demo.replayed.rejected_rows - len(demo.replayed.rejected)):
            console.print(f"{unsaid} more lines of the sales file were left out.")
        with _progress_bar(console, demo.turns_total) as on_progress:
            demo.on_progress = on_progress
            try:
                return await demo.run(self._stop)
            except BooksUnreadable:
                if self._stop.is_set():
                    return None
                raise

    @contextlib.contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside the ``with`` block."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM)
        for number in numbers:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._demo.hurry()
        elif self._starting is not None and not self._starting.done():
            self._starting.cancel()
        if not self._stop.is_set():
            asyncio.get_running_loop().call_later(_ORDERLY_END_S, self._demo.hurry)
        self._stop.set()


def _while_starting(console: Console) -> contextlib.AbstractContextManager[object]:
    """A spinner on a terminal, a line elsewhere."""
    what = "Starting broker, cloud and gateway …"
    if console.is_terminal:
        return console.status(what)
    console.print(what, style="dim")
    return contextlib.nullcontext()


@contextlib.contextmanager
def _progress_bar(console: Console, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, silence elsewhere."""
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("Shoppers"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("day", total=total)
        yield lambda done, _total: progress.update(task, completed=done)


def _addresses(demo: Demo) -> Panel:
    table = Table.grid(padding=(0, 2))
    for what, url in (
        ("Kiosk", demo.kiosk_url),
        ("Staff board", f"{demo.branch.url}/staff/board"),
        ("Store status", f"{demo.branch.url}/staff/status"),
        ("Cloud CRM", demo.stage.cloud_url),
        ("Demo control", demo.control_url),
    ):
        table.add_row(Text(what, style="bold"), Text(url, style=f"link {url}"))
    ending = "ends by itself" if demo.settings.headless else "Ctrl-C ends it"
    return Panel(table, title="Regulars", subtitle=ending, expand=False)


def _conclude(report: Report | None) -> None:
    """Say how it went, and leave with 3 when the books do not balance."""
    if report is None:
        return
    figures = report.to_json()
    latency = figures["tap_to_screen_ms"]
    line = (
        f"{figures['taps']} taps, {figures['greeted']} greeted, {figures['sales']} sales, {figures['refunds']} refunds"
    )
    if latency["p50"] is not None:
        line += f"; tap to screen p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms"
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"{line}.")
    if report.complaints:
        raise CommandFailure(
            f"The books do not balance: {' '.join(report.complaints)}",
            "Run it again with --data DIR to keep journal, database and logs for a look.",
            status=Exit.CHECK_FAILED,
        )
    console.print(Text.assemble(("✓ ", "bold green"), "The books of store and cloud balance."))


def _iso_4217(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise typer.BadParameter("write an ISO 4217 code such as GBP")
    return code


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
