"""What ends is started again, unless it was switched off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from simulation.processes.children import Child, Plan
from simulation.processes.keeper import Keeper

_PATIENCE_S = 20
_WAITS = "import signal; signal.pause()"


@dataclass
class Part:
    """A program that only waits, with its keeper; ``starts`` has one entry for each time it was started."""

    folder: Path
    starts: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.child = Child(Plan("part", (sys.executable, "-c", _WAITS), self.folder / "log", self._ready))
        self.keeper = Keeper(self.child, self.failures.append)

    async def _ready(self) -> bool:
        self.starts.put_nowait(self.child.starts)
        return True

    async def started(self, times: int) -> None:
        """Wait until it was started for the ``times``-th time."""
        async with asyncio.timeout(_PATIENCE_S):
            while await self.starts.get() < times:
                pass


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[Part]:
    part = Part(folder)
    await part.child.start()
    part.keeper.begin()
    try:
        yield part
    finally:
        await part.keeper.end()
        await part.child.stop(grace_s=0.1)
    assert part.failures == []


async def test_a_part_that_was_killed_is_started_again(tmp_path: Path) -> None:
    async with kept(tmp_path) as part:
        for times in (2, 3):
            part.child.kill()
            await part.started(times)


async def test_a_part_that_is_switched_off_stays_off_until_it_is_switched_on(tmp_path: Path) -> None:
    async with kept(tmp_path) as part:
        async with part.keeper.off(grace_s=0.1):
            assert (part.child.pid, part.child.starts) == (None, 1)
        assert part.child.pid is not None
        part.child.kill()
        await part.started(3)
