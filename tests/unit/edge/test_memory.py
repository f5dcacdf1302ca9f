"""What a gateway used for a moment and needs no more does not stay with it."""

from __future__ import annotations

import asyncio
import ctypes
from contextlib import suppress

import psutil
import pytest

from edge_agent.standing.memory import give_back_unused

MIB = 2**20


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
async def test_memory_that_was_used_for_a_moment_goes_back() -> None:
    process = psutil.Process()
    pieces = [b"x" * 4_000 + str(number).encode() for number in range(20_000)]
    # What lies at the heap's end holds on to all that lies before it.
    last = pieces.pop()
    pieces.clear()
    before = process.memory_info().rss
    turns = 0

    async def sleep(_: float) -> None:
        nonlocal turns
        turns += 1
        if turns > 1:
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await give_back_unused(sleep=sleep)
    assert last
    assert before - process.memory_info().rss > 40 * MIB
