"""The network cable between gateway and broker, as a TCP proxy that can be pulled and plugged.

A pulled cable does what a pulled cable does: nothing arrives any more, and nobody says so. The
connections are held open in silence (``Cut.SILENT``) until the cable is plugged again, when they
are reset, as a router that forgot them would; ``Cut.REFUSED`` closes them and turns new ones away.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Self

CONNECTIONS_MAX = 32
CHUNK_BYTES_MAX = 64 * 1024
_DIAL_TIMEOUT_S = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cut(StrEnum):
    """How the network goes away."""

    SILENT = "silent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CableFigures:
    """What went through. Bytes are counted as forwarded, not as offered."""

    plugged: bool
    connections: int
    bytes_up: int
    bytes_down: int
    refused: int


class Cable:
    """``async with Cable(port) as cable:`` listens on ``cable.port`` of 127.0.0.1 and forwards there."""

    def __init__(self, target_port: int, *, target_host: str = "127.0.0.1", port: int = 0) -> None:
        self._target = (target_host, target_port)
        self._asked_port = port
        self._server: asyncio.Server | None = None
        self._strands: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._cut = Cut.SILENT
        self._up = self._down = self._refused = 0

    @property
    def port(self) -> int:
        """Where the gateway connects. Only while the cable is open."""
        if self._server is None:
            raise RuntimeError("the cable is not open yet: enter it with 'async with'")
        address = self._server.sockets[0].getsockname()
        return int(address[1])

    @property
    def plugged(self) -> bool:
        """Whether bytes go through."""
        return self._plugged.is_set()

    def figures(self) -> CableFigures:
        """The state of the cable now."""
        return CableFigures(self.plugged, len(self._strands), self._up, self._down, self._refused)

    async def __aenter__(self) -> Self:
        host = "127.0.0.1"
        self._server = await asyncio.start_server(self._accept, host, self._asked_port, limit=CHUNK_BYTES_MAX)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        await self._end_strands()

    def pull(self, cut: Cut = Cut.SILENT) -> None:
        """Cut the network. Idempotent."""
        self._cut = cut
        self._plugged.clear()
        if cut is Cut.REFUSED:
            self._reset_all()

    def plug(self) -> None:
        """Mend the network: old connections are reset, new ones go through. Idempotent."""
        if self._plugged.is_set():
            return
        self._reset_all()
        self._plugged.set()

    def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        for strand in self._strands:
            strand.cancel()

    async def _end_strands(self) -> None:
        if self._strands:
            await asyncio.gather(*self._strands, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turned_away = not self.plugged and self._cut is Cut.REFUSED
        if turned_away or len(self._strands) >= CONNECTIONS_MAX:
            self._refused += 1
            _reset(writer)
            return
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a stream callback always runs in a task
            return
        self._strands.add(task)
        self._writers.add(writer)
        try:
            await self._carry(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            # A cut strand is this class at work. The callback's task has nobody who awaits it but
            # ``_end_strands``, so a cancellation may end here.
            pass
        finally:
            self._strands.discard(task)
            self._writers.discard(writer)
            _reset(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._plugged.wait()
        async with asyncio.timeout(_DIAL_TIMEOUT_S):
            far_reader, far_writer = await asyncio.open_connection(*self._target, limit=CHUNK_BYTES_MAX)
        self._writers.add(far_writer)
        try:
            ends = [
                asyncio.ensure_future(self._pump(reader, far_writer, upward=True)),
                asyncio.ensure_future(self._pump(far_reader, writer, upward=False)),
            ]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
        finally:
            self._writers.discard(far_writer)
            await _close(far_writer)
            await _close(writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, upward: bool) -> None:
        while chunk := await source.read(CHUNK_BYTES_MAX):
            await self._plugged.wait()
            sink.write(chunk)
            await sink.drain()
            if upward:
                self._up += len(chunk)
            else:
                self._down += len(chunk)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close at once and with RST, so that the other side learns that this connection is dead."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close politely: what was written is delivered first."""
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
