"""What the floor itself costs a gateway: a reading, a tick, a board; over a real journal, with nothing before it.

Every figure is processor time, and the median of several rounds, since whoever measures is rarely alone on a machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import process_time
from typing import Any

from devices.readings import Measure, SensorFound, SensorRead
from edge_agent.alerts.engine import Alerts
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.floor import Floor, FloorTools
from edge_agent.journal import Journal, JournalSettings
from edge_agent.shelves.planogram import PlannedSlot
from kiosk_ui.live import LiveHub

describe = "the floor alone: microseconds of a reading, milliseconds of a tick and of a board, readings a second"

OBSERVE_US_MAX = 50.0
TICK_MS_MAX = 1.0
BOARD_MS_MAX = 5.0
READINGS_PER_S_MIN = 10_000.0
ROUNDS = 15
TICKS = 20
_BUS = "bus"
_UNIT_G, _UNITS = 120.0, 8


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks floor", description=describe)
    parser.add_argument("--slots", type=int, default=200, help="slots, each with its own scale")
    parser.add_argument("--sensors", type=int, default=200, help="thermometers beside them")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        return asyncio.run(_measure(Path(folder), asked.slots, asked.sensors))


class _Clock:
    """The store's time: it stands still while something is measured, and moves a second at a time."""

    def __init__(self) -> None:
        self.ns = (BUILD_DATE_MS + 86_400_000) * 1_000_000
        self.hybrid = HybridClock(lambda: self.ns, lambda: self.ns, BUILD_DATE_MS, lambda: True, boot_id="bench")

    def second(self) -> None:
        self.ns += 1_000_000_000


async def _measure(folder: Path, slots: int, sensors: int) -> dict[str, Any]:
    clock = _Clock()
    settings = JournalSettings(path=folder / "journal.db", gateway_id="store-1", secret=b"s" * 32)
    journal = Journal.open(settings, clock=clock.hybrid)
    tools = FloorTools(
        journal=journal,
        hub=LiveHub(),
        store_name="Store",
        now=clock.hybrid.now,
        monotonic=clock.hybrid.monotonic,
        alerts=lambda reader: Alerts.load(reader, AlertSettings()),
    )
    floor = Floor(tools, FloorSettings(), plan=tuple(_slot(number) for number in range(slots)))
    await floor.begin()
    scales = [SensorRead(f"scale-{number:03d}", Measure.WEIGHT, _UNITS * _UNIT_G) for number in range(slots)]
    others = [SensorRead(f"room-{number:03d}", Measure.TEMPERATURE, 5.5) for number in range(sensors)]
    for word in (*scales, *others):
        await floor.observe(_BUS, SensorFound(word.sensor, word.measure, name=word.sensor, interval_s=1.0))
    settled = _Rounds(floor, clock, (*scales, *others))
    for _ in range(8 + slots // TICKS):
        await settled.second()
    figures = await settled.figures(len(scales))
    known = sum(view.units == _UNITS for view in floor.board().slots)
    await journal.close()
    if known != slots:
        raise RuntimeError(f"only {known} of {slots} slots are known: nothing of this is what it says")
    what = {"slots": slots, "sensors": slots + sensors, "load_of_machine": os.getloadavg()[0]}
    return {**what, **figures, "targets": _targets(figures)}


def _slot(number: int) -> PlannedSlot:
    return PlannedSlot(
        slot=f"A{number:03d}",
        sku=f"sku-{number:03d}",
        name_zh="茶",
        name_en="Tea",
        unit_weight_g=_UNIT_G,
        capacity=12,
        reorder_at=3,
        zone=f"zone-{number % 8}",
        scale=f"{_BUS}/scale-{number:03d}",
    )


class _Rounds:
    """A floor on which everything stays as it is."""

    def __init__(self, floor: Floor, clock: _Clock, words: tuple[SensorRead, ...]) -> None:
        self._floor, self._clock, self._words = floor, clock, words

    async def second(self) -> None:
        """Every sensor says once more what it said before, and the floor ticks."""
        self._clock.second()
        for word in self._words:
            await self._floor.observe(_BUS, word)
        await self._floor.tick()

    async def figures(self, scales: int) -> dict[str, float]:
        """The medians over all rounds."""
        told: dict[str, list[float]] = {}

        async def timed(name: str, count: int, work: Callable[[], Awaitable[None]]) -> None:
            began_s = process_time()
            await work()
            told.setdefault(name, []).append((process_time() - began_s) / max(1, count))

        for _ in range(ROUNDS):
            self._clock.second()
            await timed("scale_s", scales, lambda: self._hear(self._words[:scales]))
            await timed("other_s", len(self._words) - scales, lambda: self._hear(self._words[scales:]))
            await timed("tick_s", TICKS, self._tick)
            await timed("board_s", 1, self._board)
        median = {name: statistics.median(values) for name, values in told.items()}
        others = len(self._words) - scales
        a_round_s = scales * median["scale_s"] + others * median["other_s"]
        return {
            "observe_scale_us": median["scale_s"] * 1e6,
            "observe_other_us": median["other_s"] * 1e6,
            "tick_ms": median["tick_s"] * 1e3,
            "board_ms": median["board_s"] * 1e3,
            "readings_per_s": len(self._words) / a_round_s,
        }

    async def _hear(self, words: tuple[SensorRead, ...]) -> None:
        for word in words:
            await self._floor.observe(_BUS, word)

    async def _tick(self) -> None:
        for _ in range(TICKS):
            await self._floor.tick()

    async def _board(self) -> None:
        self._floor.board().model_dump_json()


def _targets(figures: dict[str, Any]) -> list[dict[str, Any]]:
    highest = (
        ("observe_scale_us", OBSERVE_US_MAX),
        ("observe_other_us", OBSERVE_US_MAX),
        ("tick_ms", TICK_MS_MAX),
        ("board_ms", BOARD_MS_MAX),
    )
    rows = [
        {"figure": name, "max": limit, "value": figures[name], "met": figures[name] <= limit} for name, limit in highest
    ]
    speed = figures["readings_per_s"]
    least = {"figure": "readings_per_s", "min": READINGS_PER_S_MIN, "value": speed, "met": speed >= READINGS_PER_S_MIN}
    return [*rows, least]
