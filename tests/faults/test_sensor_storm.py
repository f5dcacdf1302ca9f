"""One sensor speaks a thousand times a second; cards at the counter and the other sensors notice nothing of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from devices.readings import Measure, SensorRead
from tests.unit.edge.shelf_bench import TEA, shelf_bench

STORM_HZ = 1_000
TURN_S = 0.01
SECONDS = 4
TAPS = 60
DELAY_S_MAX = 0.05


async def test_a_storm_of_one_sensor_delays_no_tap_and_no_other_sensor(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        said = 0

        async def storm() -> None:
            """As a bus brings it: ten at a time, a hundred times a second, as noisy as a broken cell."""
            nonlocal said
            began_s = loop.time()
            while not over.is_set():
                while said < (loop.time() - began_s) * STORM_HZ:
                    said += 1
                    await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 960.0 + (said * 7_919 % 400)))
                    bench.ns += 1_000_000
                await _until(loop.time() + TURN_S)

        storming = asyncio.create_task(storm())
        taps, others = [], []
        for number in range(TAPS):
            await _until(loop.time() + SECONDS / TAPS)
            began_s = time.perf_counter()
            await bench.journal.write(lambda tx, n=number: tx.keep_card_counter("card", n))  # type: ignore[misc]
            taps.append(time.perf_counter() - began_s)
            began_s = time.perf_counter()
            await bench.tell(SensorRead("fridge", Measure.TEMPERATURE, 4.0 + number % 2))
            others.append(time.perf_counter() - began_s)
        over.set()
        await storming
        assert said > STORM_HZ * SECONDS / 2, "it was a storm"
        assert sorted(taps)[TAPS * 9 // 10] < DELAY_S_MAX, f"slowest {max(taps):.3f} s"
        assert sorted(others)[TAPS * 9 // 10] < DELAY_S_MAX, f"slowest {max(others):.3f} s"
        assert len(await bench.events("stock.changed")) <= 3, "noise is no stock"


async def _until(moment_s: float) -> None:
    woken = asyncio.Event()
    asyncio.get_running_loop().call_at(moment_s, woken.set)
    await woken.wait()
