"""A broker that passes on what no broker should: what has no topic is counted, and the rest is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cloud_bridge.transport import BrokerSettings, Inbound, mqtt_dial
from devices.store_bus import BusSettings, Heard, StoreBus

CONNECTED = b"\x20\x02\x00\x00"
_CONNECT, _SUBSCRIBE = 1, 8


def publish(topic: bytes, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + payload
    return bytes((0x30, len(body))) + body


@asynccontextmanager
async def broker(port: int, *said: bytes) -> AsyncIterator[None]:
    """Lets anybody in, and says this to whoever subscribes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(2):
            body = await reader.readexactly(head[1])
            if head[0] >> 4 == _CONNECT:
                writer.write(CONNECTED)
            elif head[0] >> 4 == _SUBSCRIBE:
                writer.write(b"\x90\x03" + body[:2] + b"\x00" + b"".join(said))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


@pytest.mark.parametrize("topic", [b"\xff\xfe/w", b"shelf\xed\xa0\x80", b"a/#", b"a/+/b"])
async def test_what_was_said_on_no_topic_is_skipped_and_the_next_is_heard(
    topic: bytes, free_port: Callable[[], int]
) -> None:
    port = free_port()
    async with broker(port, publish(topic, b"1"), publish(b"w", b"12.5")), StoreBus(BusSettings(port=port)) as bus:
        await bus.subscribe(["#"])
        async with asyncio.timeout(5):
            assert await anext(bus.messages()) == Heard("w", b"12.5")
        assert bus.drops.no_topic == bus.drops.total == 1


async def test_the_wire_to_the_cloud_skips_it_as_well(free_port: Callable[[], int]) -> None:
    port = free_port()
    dial = mqtt_dial(BrokerSettings(host="127.0.0.1", port=port), client_id="shop-1")
    async with broker(port, publish(b"\xff/down", b"1"), publish(b"down/ack", b"2")), dial(None) as wire:
        await wire.subscribe("#")
        async with asyncio.timeout(5):
            assert await anext(aiter(wire.messages())) == Inbound("down/ack", b"2", retained=False)
