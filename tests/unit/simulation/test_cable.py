"""The network cable: what goes through, what does not, and that nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulation.cable import CHUNK_BYTES_MAX, CONNECTIONS_MAX, Cable, Cut

_PATIENCE_S = 5.0
_SILENCE_S = 0.2


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """Answers every byte with itself."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES_MAX):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> bytes:
    writer.write(text)
    async with asyncio.timeout(_PATIENCE_S):
        return await reader.readexactly(len(text))


async def ends(reader: asyncio.StreamReader) -> bool:
    """Whether the peer closes or resets this connection."""
    async with asyncio.timeout(_PATIENCE_S):
        try:
            return await reader.read(1) == b""
        except ConnectionError:
            return True


async def test_a_plugged_cable_carries_bytes_both_ways_and_counts_them() -> None:
    async with echo_server() as port, Cable(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ask(reader, writer, b"hello") == b"hello"
        figures = cable.figures()
        assert (figures.bytes_up, figures.bytes_down, figures.plugged) == (5, 5, True)
        writer.close()


async def test_a_message_larger_than_any_buffer_arrives_whole() -> None:
    message = bytes(range(256)) * 4_096
    async with echo_server() as port, Cable(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(message)
        async with asyncio.timeout(_PATIENCE_S):
            assert await reader.readexactly(len(message)) == message
        writer.close()


async def test_a_pulled_cable_is_silent_and_a_plugged_one_resets_what_hung_on_it() -> None:
    async with echo_server() as port, Cable(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ask(reader, writer, b"before") == b"before"
        cable.pull()
        writer.write(b"during")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(_SILENCE_S):
                await reader.read(1)
        cable.plug()
        assert await ends(reader)
        fresh_reader, fresh_writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ask(fresh_reader, fresh_writer, b"after") == b"after"
        fresh_writer.close()


async def test_a_new_connection_on_a_pulled_cable_hears_nothing_until_it_is_plugged() -> None:
    async with echo_server() as port, Cable(port) as cable:
        cable.pull()
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        writer.write(b"anyone?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(_SILENCE_S):
                await reader.read(1)
        cable.plug()
        assert await ends(reader)


async def test_a_refusing_cable_closes_old_and_new_connections_at_once() -> None:
    async with echo_server() as port, Cable(port) as cable:
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ask(reader, writer, b"before") == b"before"
        cable.pull(Cut.REFUSED)
        assert await ends(reader)
        late_reader, _ = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ends(late_reader)
        assert cable.figures().refused == 1


async def test_connections_are_bounded() -> None:
    async with echo_server() as port, Cable(port) as cable:
        kept = [await asyncio.open_connection("127.0.0.1", cable.port) for _ in range(CONNECTIONS_MAX)]
        for reader, writer in kept:
            assert await ask(reader, writer, b"x") == b"x"
        one_too_many, _ = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ends(one_too_many)
        for _, writer in kept:
            writer.close()


async def test_a_dead_broker_closes_the_gateways_connection(free_port: object) -> None:
    assert callable(free_port)
    async with Cable(free_port()) as cable:
        reader, _ = await asyncio.open_connection("127.0.0.1", cable.port)
        assert await ends(reader)


async def test_leaving_the_cable_ends_every_strand() -> None:
    async with echo_server() as port:
        async with Cable(port) as cable:
            reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
            assert await ask(reader, writer, b"x") == b"x"
        assert await ends(reader)
        assert cable.figures().connections == 0
