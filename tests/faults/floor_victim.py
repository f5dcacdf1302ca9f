"""A gateway killed at one statement of its journal after another while its floor writes all that a floor writes.

``python -m tests.faults.floor_victim FOLDER STRIDE``: as in ``alert_victim``, a forked process lives in ``FOLDER/N``
until ``kill -9`` meets it just before its statement. What it was told is durable stands in the file ``told`` there.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from cloud_bridge.floor_contract import ScaleCalibratedV1
from devices.readings import Measure, SensorRead
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.journal import Transaction
from edge_agent.shelves.calibration import Calibration
from tests.unit.edge.shelf_bench import TEA, ShelfBench

UNIT_G = 120.0
BASKET_S = 21 * 60


class Deed:
    """What happens on the floor, and what the gateway was told is durable of it."""

    def __init__(self, folder: Path) -> None:
        self.bench = ShelfBench(folder, (TEA,), FloorSettings())
        self._paper = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def weighs(self, units: int, *, seconds: int = 6) -> None:
        await self.bench.weigh(units * UNIT_G, seconds=seconds)
        self.tells(f"units {self.bench.slot().units}")

    async def sells(self, units: int) -> None:
        await self.bench.journal.write(lambda tx: tx.sold("tea", units))
        self.tells(f"sold {units}")
        self.bench.floor.sold(["tea"])
        await self.bench.pass_seconds(1)

    async def shows_card(self, counter: int) -> None:
        await self.bench.journal.write(lambda tx: tx.keep_card_counter("card", counter))
        self.tells(f"counter {counter}")

    async def teaches(self, zero_counts: int) -> None:
        calibration = Calibration("bus/scale-2", zero_counts, 4_000, self.bench.clock.now())
        event = ScaleCalibratedV1(scale=calibration.scale, zero_counts=zero_counts, counts_per_kg=4_000)
        await self.bench.journal.write(lambda tx: tx.keep_calibration(calibration, tx.record(event)))
        self.tells(f"zero {zero_counts}")

    def tells(self, what: str) -> None:
        os.write(self._paper, f"{what}\n".encode())

    async def waits(self, seconds: int) -> None:
        for _ in range(0, seconds, 30):
            units = self.bench.slot().units or 0
            await self.bench.tell(SensorRead("scale-1", Measure.WEIGHT, units * UNIT_G))
            await self.bench.pass_seconds(30, step_s=30)


async def live(deed: Deed) -> None:
    """Goods come, are sold, are taken and never sold, run out; a card is shown; a scale is taught."""
    await deed.weighs(8)
    await deed.shows_card(5)
    await deed.weighs(6)
    await deed.sells(2)
    await deed.teaches(100)
    await deed.weighs(5)
    await deed.waits(BASKET_S)
    await deed.weighs(0, seconds=8)
    await deed.sells(5)
    await deed.shows_card(6)
    await deed.teaches(200)


async def die(folder: Path, statement: int) -> None:
    """Live, and be killed just before the given statement of the journal's writer."""
    deed = Deed(folder)
    await deed.bench.floor.begin()
    await deed.bench.journal.write(_nothing)
    left = itertools.count(statement - 1, -1)

    def count(_: str) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    deed.bench.journal._committer._connection.set_trace_callback(count)
    await live(deed)
    (folder / "done").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def _nothing(_: Transaction) -> None:
    """A turn of the writer, so that what the start left to do is done."""


def main(folder: Path, stride: int) -> int:
    """Kill one life after another, until one was lived to its end."""
    for life, statement in enumerate(itertools.count(1, stride), 1):
        copy = folder / str(life)
        copy.mkdir()
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(die(copy, statement))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise RuntimeError(f"not killed at statement {statement}")
        if (copy / "done").exists():
            return life
    raise AssertionError


if __name__ == "__main__":
    sys.stderr.write(f"{main(Path(sys.argv[1]), int(sys.argv[2]))}\n")
