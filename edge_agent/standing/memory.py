"""Memory that nothing uses any more goes back to the system, such as what the first rendering of a large page took."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Awaitable, Callable

EVERY_S = 30.0


async def give_back_unused(*, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Hand unused pages of the C library's heap back, now and then. Never returns; elsewhere than on glibc it rests."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while True:
        await sleep(EVERY_S)
        if trim is not None:
            # A few milliseconds that the event loop does not wait for.
            await asyncio.to_thread(trim, 0)
