"""What sensors on the store's bus cost a gateway: the driver and the floor's memory alone, over a real broker.

A process of its own opens the production driver and hands every word to the floor's sensors; another plays the nodes.
Beside the readings per second that get through stand those that a bare client of the same library reads in the same
run, which is what is left to win.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from devices.store_bus import BusSettings, StoreBus
from devices.virtual.bus.esphome import VirtualEspHome

describe = "CPU and memory of 200 sensors at 1 Hz on the store's bus, and readings per second at most"

NODES = 20
_WITHIN_S = 60.0
_AHEAD_MAX = 500
_CPU_SHARE_MAX = 0.10
_READINGS_PER_S_MIN = 2_000


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks store_bus", description=describe)
    parser.add_argument("--sensors", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long they are listened to")
    parser.add_argument("--flood", type=int, default=40_000, help="readings for the ceiling")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder), asked.sensors, asked.seconds, asked.flood))
    return {
        **figures,
        "targets": [
            {
                "name": "CPU of 200 sensors at 1 Hz",
                "limit": _CPU_SHARE_MAX,
                "met": figures["cpu_share"] <= _CPU_SHARE_MAX,
            },
            {
                "name": "readings per second",
                "limit": _READINGS_PER_S_MIN,
                "met": figures["readings_per_s"] >= _READINGS_PER_S_MIN,
            },
        ],
    }


async def _measure(folder: Path, sensors: int, seconds: float, flood: int) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    async with _broker(folder, port):
        calm = await _calm(port, sensors, seconds)
        ours = await _flooded(port, sensors, flood, is_bare=False)
        bare = await _flooded(port, sensors, flood, is_bare=True)
    return {**calm, "readings_per_s": ours, "bare_client_per_s": bare, "ratio": round(ours / bare, 2)}


@asynccontextmanager
async def _broker(folder: Path, port: int) -> AsyncIterator[None]:
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type none\nmax_queued_messages 0\n")
    process = await asyncio.to_thread(subprocess.Popen, [program, "-c", str(config)])
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield
    finally:
        process.kill()
        process.wait()


async def _calm(port: int, sensors: int, seconds: float) -> dict[str, Any]:
    nodes = [VirtualEspHome(BusSettings(port=port), f"shelf-{number}", seed=number) for number in range(NODES)]
    for number in range(sensors):
        nodes[number % NODES].add_scale(f"s{number}", grams=1_000.0)
    for node in nodes:
        await node.__aenter__()
    try:
        return await asyncio.to_thread(_ask, _listen, port, sensors, seconds)
    finally:
        for node in nodes:
            await node.__aexit__(None, None, None)


async def _flooded(port: int, sensors: int, flood: int, *, is_bare: bool) -> float:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_drain, args=(theirs, port, sensors, is_bare))
    child.start()
    await asyncio.to_thread(ours.recv)
    await asyncio.to_thread(_flood, port, sensors, flood)
    figures: float = await asyncio.to_thread(ours.recv)
    child.join()
    return figures


def _flood(port: int, sensors: int, flood: int) -> None:
    """As fast as a client can speak, which is faster than any can listen."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(flood):
        said = client.publish(f"shelf-{number % NODES}/sensor/s{number % sensors}/state", b"1000.5")
        if number % _AHEAD_MAX == 0:
            said.wait_for_publish(_WITHIN_S)
    client.publish("bench/end", b"x", qos=1).wait_for_publish(_WITHIN_S)
    client.disconnect()
    client.loop_stop()


def _ask(target: Any, *arguments: Any) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=target, args=(theirs, *arguments))
    child.start()
    answer: dict[str, Any] = ours.recv()
    child.join()
    return answer


def _listen(pipe: Connection, port: int, sensors: int, seconds: float) -> None:
    pipe.send(asyncio.run(_listen_for(port, sensors, seconds)))


async def _listen_for(port: int, sensors: int, seconds: float) -> dict[str, Any]:
    from devices.sensors.mqtt_sensors import MqttSensors, MqttSensorsSettings  # noqa: PLC0415 - its memory is measured
    from edge_agent.floor.sensors import Sensors  # noqa: PLC0415

    process = psutil.Process()
    loop = asyncio.get_running_loop()
    known = Sensors(monotonic=loop.time)
    rss_before = process.memory_info().rss
    async with MqttSensors(MqttSensorsSettings(port=port)) as driver:
        stream = driver.observations()
        while sum(one.last is not None for one in known.all()) < sensors:
            known.hear("bus", await anext(stream))  # type: ignore[arg-type]
        count, began_s, cpu_s = 0, perf_counter(), process_time()
        while perf_counter() - began_s < seconds:
            known.hear("bus", await anext(stream))  # type: ignore[arg-type]
            count += 1
        spent_s, took_s = process_time() - cpu_s, perf_counter() - began_s
        rss = process.memory_info().rss
    return {
        "sensors": sensors,
        "words_per_s": round(count / took_s, 1),
        "cpu_share": round(spent_s / took_s, 4),
        "rss_added_mb": round((rss - rss_before) / 2**20, 1),
    }


def _drain(pipe: Connection, port: int, sensors: int, is_bare: bool) -> None:  # noqa: FBT001 - passed by position
    pipe.send(asyncio.run(_drain_all(pipe, port, sensors, is_bare=is_bare)))


async def _drain_all(pipe: Connection, port: int, sensors: int, *, is_bare: bool) -> float:
    from devices.sensors.mqtt_sensors import MqttSensorsSettings  # noqa: PLC0415
    from devices.sensors.switchboard import Switchboard  # noqa: PLC0415
    from edge_agent.floor.sensors import Sensors  # noqa: PLC0415

    known = Sensors(monotonic=asyncio.get_running_loop().time)
    settings = MqttSensorsSettings(port=port)
    board = Switchboard(settings.dialects(), sensors_max=sensors)
    count, began_s = 0, 0.0
    async with StoreBus(settings) as bus:
        await bus.subscribe(["bench/end", *board.filters()])
        is_asked = False
        async for heard in bus.messages():
            if heard.topic == "bench/end":
                return round(count / (perf_counter() - began_s), 0)
            words = board.hear(heard, 0.0) if not is_bare or not is_asked else []
            for word in words:
                known.hear("bus", word)  # type: ignore[arg-type]
            if len(board) == sensors and not is_asked:
                await bus.subscribe(board.take_wanted())
                is_asked = True
                pipe.send("ready")
            elif is_asked and not heard.is_retained:
                began_s = began_s or perf_counter()
                count += 1
    return 0.0
