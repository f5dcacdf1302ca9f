"""Starts a gateway or a cloud as the ``regulars`` command does, with three things a test may do to it.

``python tests/story/launcher.py edge --config FILE``: beside FILE a test may leave

- ``die_at``: the word of a station; the gateway kills itself (SIGKILL) as it reaches it, once;
- ``clock_ahead``: seconds, as text, by which the program's wall clock is ahead of this machine's
  (the cloud looks for it in the folder ``cloud`` beside its FILE, for a store may be in the same folder);
- ``time_passed``: seconds, as text, that have gone by for the gateway, by all its clocks, beyond those of this machine.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from cloud_bridge.receipts import Ack
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import AckResult, Outbox, OutboxRow
from cloud_crm.clock import Clock
from devices.device import IndicatorDriver, Signal
from devices.registry import load_indicator
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.config import EdgeSettings
from edge_agent.logs import set_up_logs
from edge_agent.surroundings import Surroundings
from edge_agent.tap_path import Station, log_passage

DIE_AT = "die_at"
CLOCK_AHEAD = "clock_ahead"
TIME_PASSED = "time_passed"


class Trap:
    """Kills this process at the station named in the file, which is gone then."""

    def __init__(self, order: Path) -> None:
        self._order = order

    def passing(self, station: Station, traceparent: str) -> None:
        log_passage(station, traceparent)
        self.spring(station)

    def spring(self, station: Station) -> None:
        try:
            if self._order.read_text() != station.value:
                return
            self._order.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class TrappedOutbox:
    """The journal's outbox, with traps where rows leave (Uplink) and where their receipt arrives (Post)."""

    def __init__(self, outbox: Outbox, trap: Trap) -> None:
        self._outbox = outbox
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    async def unsent(self, lane: Lane, **limits: Any) -> list[OutboxRow]:
        rows = await self._outbox.unsent(lane, **limits)
        if rows and lane is Lane.LEDGER:
            self._trap.spring(Station.UPLINK)
        return rows

    async def acknowledge(self, ack: Ack) -> AckResult:
        head = ack.lanes.get(Lane.LEDGER)
        if head is not None and head == self._outbox.heads()[Lane.LEDGER]:
            self._trap.spring(Station.POST)
        return await self._outbox.acknowledge(ack)


class FileLightSettings(BaseModel):
    """Where the light is to be seen."""

    path: Path


class FileLight:
    """A shelf light that a test can see: a file with the word that it shows."""

    def __init__(self, settings: FileLightSettings) -> None:
        self._path = settings.path

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    async def show(self, signal: Signal) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(signal.value, encoding="ascii")
        fresh.replace(self._path)


FILE_LIGHT = IndicatorDriver("file_light", "A light in a file", FileLightSettings, FileLight)


def shifted_s(ahead: Path) -> int:
    """By how much the file says that the clock is ahead now."""
    try:
        return int(ahead.read_text() or "0")
    except FileNotFoundError:
        return 0


def gateway_clock(ahead: Path) -> HybridClock:
    """This machine's clocks, shifted by what the files say now."""
    passed = ahead.with_name(TIME_PASSED)

    def now_ns() -> int:
        return time.time_ns() + (shifted_s(ahead) + shifted_s(passed)) * 1_000_000_000

    def monotonic_ns() -> int:
        return time.monotonic_ns() + shifted_s(passed) * 1_000_000_000

    return HybridClock(now_ns, monotonic_ns, BUILD_DATE_MS, lambda: True)


def cloud_clock(ahead: Path) -> Clock:
    """This machine's clock, shifted by what the file says now."""
    return lambda: datetime.now(UTC) + timedelta(seconds=shifted_s(ahead))


def main(program: str, config: Path) -> int:
    set_up_logs(sys.stderr)
    if program == "cloud":
        from cloud_crm.app import run as run_cloud
        from cloud_crm.config import load_settings

        run_cloud(load_settings(config), clock=cloud_clock(config.parent / program / CLOCK_AHEAD))
        return 0
    from edge_agent.app import run as run_edge

    trap = Trap(config.with_name(DIE_AT))
    around = Surroundings(
        clock=lambda: gateway_clock(config.with_name(CLOCK_AHEAD)),
        passing=trap.passing,
        outbox=lambda outbox: TrappedOutbox(outbox, trap),
        indicators=lambda name: FILE_LIGHT if name == FILE_LIGHT.name else load_indicator(name),
    )
    return run_edge(EdgeSettings.load(config, indicators=around.indicators), around)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[3])))
