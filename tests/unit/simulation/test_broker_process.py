"""The embedded broker: carries the largest batch, answers on loopback only, says when it cannot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from cloud_bridge.envelope import BATCH_BYTES_MAX
from simulation.broker_process import configuration
from simulation.processes.children import Child, Plan
from simulation.processes.ports import answers

_PATIENCE_S = 10.0


@asynccontextmanager
async def broker(port: int, folder: Path) -> AsyncIterator[Child]:
    async def listens() -> bool:
        return await answers(port)

    program = (sys.executable, "-m", "simulation.broker_process", "--port", str(port))
    child = Child(Plan("broker", program, folder / "broker.log", listens))
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


async def test_the_embedded_broker_carries_a_whole_batch(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    payload = b"x" * (BATCH_BYTES_MAX + 4_096)
    async with broker(port, tmp_path), asyncio.timeout(_PATIENCE_S), aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("up/ledger", qos=1)
        await client.publish("up/ledger", payload, qos=1)
        message = await anext(aiter(client.messages))
        assert message.payload == payload


async def test_the_embedded_broker_keeps_a_retained_receipt(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    async with broker(port, tmp_path), asyncio.timeout(_PATIENCE_S):
        async with aiomqtt.Client("127.0.0.1", port) as cloud:
            await cloud.publish("down/ack", b"{}", qos=1, retain=True)
        async with aiomqtt.Client("127.0.0.1", port) as gateway:
            await gateway.subscribe("down/+", qos=1)
            message = await anext(aiter(gateway.messages))
            assert (message.payload, message.retain) == (b"{}", True)


async def test_a_taken_port_is_said_in_one_line(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    async with broker(port, tmp_path):
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulation.broker_process", "--port", str(port)), stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(_PATIENCE_S):
            _, said = await second.communicate()
        assert second.returncode == 3
        assert f"cannot listen on 127.0.0.1:{port}".encode() in said


def test_the_embedded_broker_listens_on_loopback_only() -> None:
    assert configuration(1883)["listeners"]["default"]["bind"] == "127.0.0.1:1883"
