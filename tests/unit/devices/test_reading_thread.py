"""The thread between blocking hardware and the event loop: in order, bounded, and it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from devices.reading_thread import ReadingThread

WAIT_S = 10.0


async def test_everything_read_before_a_failure_comes_out_first_in_order() -> None:
    batches: Iterator[list[int]] = iter([[1, 2], [], [3]])

    def read() -> list[int]:
        batch = next(batches, None)
        if batch is None:
            raise OSError("the cable")
        return batch

    thread = ReadingThread(read, name="test")
    items = thread.items()
    async with asyncio.timeout(WAIT_S):
        assert [await anext(items) for _ in range(3)] == [1, 2, 3]
        with pytest.raises(OSError, match="the cable"):
            await anext(items)
    assert await thread.stop()


async def test_a_consumer_that_falls_behind_is_waited_for_and_nothing_is_dropped() -> None:
    numbers = iter(range(2_000))
    ended = threading.Event()

    def read() -> list[int]:
        number = next(numbers, None)
        if number is None:
            ended.wait(WAIT_S)
            return []
        return [number]

    thread = ReadingThread(read, name="test", interrupt=ended.set)
    seen = []
    async with asyncio.timeout(WAIT_S):
        async for item in thread.items():
            seen.append(item)
            if item == 1_999:
                break
        assert seen == list(range(2_000))
        assert await thread.stop()


async def test_stopping_interrupts_a_read_that_blocks_and_ends_the_items() -> None:
    called = threading.Event()
    interrupted = threading.Event()

    def read() -> list[int]:
        called.set()
        interrupted.wait(WAIT_S)
        return []

    thread = ReadingThread(read, name="test", interrupt=interrupted.set)
    async with asyncio.timeout(WAIT_S):
        await asyncio.to_thread(called.wait)
        assert await thread.stop()
        assert [item async for item in thread.items()] == []
