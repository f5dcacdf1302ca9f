"""Runs a gateway: open, serve until told to stop, close in reverse. A bug stops it, and a restart replays.

Order: clock → journal (open, verify) → may it redeem → what is due → replay what was not decided → pages → uplink →
devices → web.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from edge_agent.config import EdgeSettings, read_secret, too_open
from edge_agent.gateway import Gateway
from edge_agent.journal import Journal, JournalSettings
from edge_agent.journal.preparing import prepare
from edge_agent.standing.memory import give_back_unused
from edge_agent.surroundings import Surroundings
from edge_agent.web.server import WebServer

JOURNAL_FILE = "journal.db"
_WEB_CLOSE_S = 1.3
_TASKS_CLOSE_S = 0.6

_log = structlog.get_logger("service")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the exit status, and the devices whose drivers would not let go."""

    status: int
    left_behind: tuple[str, ...] = ()


def run(settings: EdgeSettings, around: Surroundings | None = None) -> int:
    """Run until SIGTERM or SIGINT (status 0) or until an essential part fails (status 1).

    Raises :class:`~edge_agent.journal.JournalError` or :class:`~edge_agent.web.server.AddressTaken`
    when it cannot start.
    """
    with asyncio.Runner() as runner:
        ending = runner.run(serve(settings, around or Surroundings()))
        if ending.left_behind:
            # A driver that ignores cancellation would keep this process, and so the restart, for ever.
            logging.shutdown()
            os._exit(ending.status)
    return ending.status


async def serve(settings: EdgeSettings, around: Surroundings, stopping: asyncio.Event | None = None) -> Ending:
    """Run inside an event loop, until ``stopping`` is set, a signal comes or an essential part fails."""
    for file in settings.secret_files().values():
        if warning := too_open(file):
            _log.warning("service", problem=warning)
    clock = around.clock()
    limits = settings.journal
    journal_settings = JournalSettings(
        path=settings.gateway.data_dir / JOURNAL_FILE,
        gateway_id=settings.gateway.id,
        secret=read_secret(settings.gateway.secret_file),
        telemetry_rows_max=limits.telemetry_rows_max,
        disk_bytes_max=limits.disk_bytes_max,
        ballast_bytes=limits.ballast_bytes,
    )
    await prepare(journal_settings.path, journal_settings.gateway_id)
    journal = Journal.open(journal_settings, clock=clock)
    try:
        gateway = Gateway(settings, journal, clock, around)
        await gateway.standing.begin(around.machine())
        await gateway.day_turn.begin()
        await gateway.floor.begin()
        await gateway.tap_path.replay()
        return await _serve_until_stopped(gateway, around, stopping or _stop_by_signal())
    finally:
        await journal.close()


async def _serve_until_stopped(gateway: Gateway, around: Surroundings, stopping: asyncio.Event) -> Ending:
    web = gateway.web_server()
    essential: dict[str, asyncio.Task[None]] = {
        "web": asyncio.create_task(web.run_until_stopped(), name="web"),
        "devices": asyncio.create_task(gateway.supervisor.run(), name="devices"),
        "uplink": asyncio.create_task(gateway.link.run(), name="uplink"),
        "status": asyncio.create_task(gateway.vitals.publish(), name="status"),
        "witness": asyncio.create_task(gateway.standing.keep_witness(), name="witness"),
        "commits": asyncio.create_task(gateway.vitals.watch_journal(), name="commits"),
        "floor": asyncio.create_task(gateway.floor.run(), name="floor"),
        "home assistant": asyncio.create_task(gateway.floor_room.home_assistant.run(), name="home assistant"),
        "pushes": asyncio.create_task(gateway.floor_room.alerts.push(), name="pushes"),
        "day": asyncio.create_task(gateway.day_turn.run(), name="day"),
        "screen times": asyncio.create_task(gateway.screen_times.keep(), name="screen times"),
        "memory": asyncio.create_task(give_back_unused(), name="memory"),
        "watchdog": asyncio.create_task(around.service.keep_alive(gateway.proof_of_life), name="watchdog"),
    }
    asked = asyncio.create_task(stopping.wait(), name="stopping")
    ready = asyncio.create_task(_say_ready(web, around), name="ready")
    ended, _ = await asyncio.wait((asked, *essential.values()), return_when=asyncio.FIRST_COMPLETED)
    around.service.stopping()
    failed = _report(task for task in ended if task is not asked)
    left_behind = await _close(gateway, web, (asked, ready, *essential.values()))
    return Ending(1 if failed else 0, left_behind)


async def _say_ready(web: WebServer, around: Surroundings) -> None:
    await web.listening.wait()
    # What is in memory now stays: a collection that walks all of it would hold up a tap by 50 ms.
    gc.collect()
    gc.freeze()
    around.service.ready()
    _log.info("service", step="ready")


async def _close(gateway: Gateway, web: WebServer, tasks: Iterable[asyncio.Task[Any]]) -> tuple[str, ...]:
    """Close everything but the journal: pages first, then devices, then the uplink and the rest."""
    by_name = {task.get_name(): task for task in tasks}
    gateway.hub.close()
    web.ask_to_stop()
    left_behind = await gateway.supervisor.stop()
    await asyncio.wait((by_name.pop("web"),), timeout=_WEB_CLOSE_S)
    for task in by_name.values():
        task.cancel()
    await asyncio.wait(by_name.values(), timeout=_TASKS_CLOSE_S)
    await gateway.screen_times.flush()
    return left_behind


def _report(ended: Iterable[asyncio.Task[Any]]) -> bool:
    """Log why essential parts ended; whether any did."""
    failed = False
    for task in ended:
        failed = True
        error = None if task.cancelled() else task.exception()
        _log.error("service", problem=f"{task.get_name()} ended, so the gateway stops", exc_info=error)
    return failed


def _stop_by_signal() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C. A second one acts as usual: it interrupts."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping
