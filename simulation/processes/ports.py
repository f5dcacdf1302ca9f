"""TCP ports on this machine: free ones, and whether somebody answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

HOST = "127.0.0.1"
_DIAL_TIMEOUT_S = 1.0


def choose(preferred: Sequence[int]) -> tuple[int, ...]:
    """One port for each in ``preferred``: that one where it is free, else any free one; 0 means any.

    All are held open until all are chosen, so no port is given twice. Between choosing and listening
    another program could still take one; whoever listens then says so.
    """
    with contextlib.ExitStack() as held:
        return tuple(_claim(port, held) for port in preferred)


def _claim(port: int, held: contextlib.ExitStack) -> int:
    for candidate in _candidates(port):
        listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listener.bind((HOST, candidate))
            listener.listen(1)
            return int(listener.getsockname()[1])
    raise OSError("no TCP port is free on this machine")


def _candidates(port: int) -> Iterator[int]:
    if port:
        yield port
    yield 0


async def answers(port: int) -> bool:
    """Whether something on this machine takes connections at ``port``."""
    try:
        async with asyncio.timeout(_DIAL_TIMEOUT_S):
            _, writer = await asyncio.open_connection(HOST, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
