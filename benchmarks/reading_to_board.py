"""From a sensor's word on the store's bus to the staff board in a real browser, and what many sensors cost a gateway.

A real gateway process, a real broker, a real Chromium. Beside it, from the same run: the same word over the same kind
of broker to a bare event stream and the same browser, with no gateway in between.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from benchmarks._browser import WAIT_S, Eye, chromium, spread
from devices.store_bus import BusSettings, StoreBus
from edge_agent.web.server import WebServer
from simulation.branch import Branch
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.programme import demo_programme
from simulation.files.store import StorePlan
from simulation.floor.plan import DEMO_FLOOR
from simulation.processes.ports import choose
from simulation.stage import BrokerKind, Stage, StagePlan

describe = "sensor's word on the store's bus -> staff board's DOM, readings a second, cost of 200 sensors at 1 Hz"

P50_MS_MAX = 60.0
P99_MS_MAX = 300.0
"""The board is published at most four times a second: somebody reads it, and a wall of sensors must not drown it."""
READINGS_PER_S_MIN = 500.0
RSS_MB_MAX = 90.0
RSS_SLOPE_MB_PER_MIN_MAX = 0.5
CPU_SHARE_MAX = 0.35
SENSORS = 200
WARM_UP = 10
LADDER = (250, 500, 1_000, 2_000, 3_000, 4_000, 6_000)
STEP_S = 6.0
LAG_S_MAX = 1.0
_PAUSE_S = 0.35
_SAMPLE_S = 5.0
_MARKER = "bench-marker"
_WORDS = ("1,111", "2,222")
_BARE_PAGE = """<!doctype html><p id="stage"></p><script>
new EventSource("/stream").onmessage = (event) => { document.getElementById("stage").textContent = event.data; };
</script>"""


def run(argv: list[str]) -> dict[str, Any]:
    """Run it and return the figures with their targets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading_to_board")
    parser.add_argument("--readings", type=int, default=200, help="how many readings to time (100 or more)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long 200 sensors speak at 1 Hz (60 or more)")
    parser.add_argument("--broker", type=BrokerKind, default=BrokerKind.MOSQUITTO, help="embedded or mosquitto")
    asked = parser.parse_args(argv)
    plan = _Plan(max(100, asked.readings), max(60.0, asked.seconds), asked.broker)
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        return asyncio.run(_measure(Path(folder), plan))


@dataclass(frozen=True, slots=True)
class _Plan:
    readings: int
    seconds: float
    broker: BrokerKind


class _Speaker:
    """Sensors of an invented make: announced as Home Assistant's discovery wants it, then heard once a word."""

    def __init__(self, bus: StoreBus) -> None:
        self._bus = bus

    async def announce(self, name: str, unit: str = "g") -> None:
        config = {
            "device_class": "weight",
            "name": name,
            "unique_id": name,
            "state_topic": f"{name}/state",
            "unit_of_measurement": unit,
            "device": {"identifiers": [name], "name": name},
        }
        await self._bus.publish(f"homeassistant/sensor/{name}/config", orjson.dumps(config), retain=True)

    async def say(self, name: str, value: float) -> None:
        await self._bus.publish(f"{name}/state", b"%.1f" % value, is_confirmed=False)


async def _measure(folder: Path, plan: _Plan) -> dict[str, Any]:
    async with AsyncExitStack() as opened:
        web = await opened.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=WAIT_S))
        branch = await opened.enter_async_context(_store(folder, web, plan.broker))
        bus = await opened.enter_async_context(StoreBus(BusSettings(port=branch.plan.ports.bus)))
        speaker = _Speaker(bus)
        await speaker.announce(_MARKER)
        await _heard(web, branch, speaker, 1_111)
        browser = await opened.enter_async_context(chromium())
        eye = Eye(await browser.new_page())
        await eye.open(f"{branch.url}/staff/board?lang=en", "#board", _WORDS)
        rss_mb = [_rss_mb(branch)]
        quiet_ms = await _timed(speaker, eye, plan.readings)
        figures: dict[str, Any] = {
            "broker": plan.broker.value,
            "readings": plan.readings,
            "reading_to_dom_ms": spread(quiet_ms),
            "bare_mqtt_sse_dom_ms": spread(await _bare_ms(browser, bus, branch.plan.ports.bus, plan.readings)),
            "rss_before_mb": rss_mb[0],
        }
        figures["at_200_hz"] = await _many(speaker, eye, branch, plan)
        await eye.page.close()
        figures["ceiling"] = await _ceiling(web, speaker, branch)
    return {**figures, "targets": _targets(figures)}


@asynccontextmanager
async def _store(folder: Path, web: httpx.AsyncClient, broker: BrokerKind) -> AsyncIterator[Branch]:
    files = ChainFolder(folder, (StorePlan(counters=1, floor=DEMO_FLOOR),))
    ports = ChainPorts.free(stores=1)
    files.write(ports, demo_programme("CNY"))
    plan = StagePlan(files, ports, broker, (sys.executable, "-m", "provisioning.cli"), seed=1)
    async with Stage(plan, web) as stage:
        yield stage.branches[0]


async def _heard(web: httpx.AsyncClient, branch: Branch, speaker: _Speaker, value: float) -> float:
    """Say the marker until the board's JSON has it; seconds from the last word to that."""
    async with asyncio.timeout(WAIT_S):
        while True:
            await speaker.say(_MARKER, value)
            began_s = time.perf_counter()
            while time.perf_counter() - began_s < LAG_S_MAX:
                board = (await web.get(f"{branch.url}/api/board")).json()
                if any(_MARKER in one["sensor"] and one["value"] == value for one in board["sensors"]):
                    return time.perf_counter() - began_s


async def _timed(speaker: _Speaker, eye: Eye, count: int) -> list[float]:
    """Milliseconds from the marker's word to the board's DOM."""
    samples = []
    for number in range(WARM_UP + count):
        which = (number + 1) % 2
        said_ms = time.time_ns() / 1e6
        await speaker.say(_MARKER, (1_111.0, 2_222.0)[which])
        samples.append(await eye.sees(_WORDS[which]) - said_ms)
        await asyncio.sleep(_PAUSE_S)
    return samples[WARM_UP:]


async def _bare_ms(browser: Browser, bus: StoreBus, bus_port: int, count: int) -> list[float]:
    """The same broker, the same browser, no gateway: a subscriber that hands each word to an event stream."""
    listener = StoreBus(BusSettings(port=bus_port))
    events: asyncio.Queue[str] = asyncio.Queue()

    async def stream(_: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            while True:
                yield f"data: {await events.get()}\n\n"

        return StreamingResponse(body(), media_type="text/event-stream")

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(_BARE_PAGE)

    async def relay() -> None:
        async for heard in listener.messages():
            events.put_nowait(heard.payload.decode())

    (port,) = choose((0,))
    server = WebServer(Starlette(routes=[Route("/", page), Route("/stream", stream)]), host="127.0.0.1", port=port)
    serving = asyncio.create_task(server.run_until_stopped())
    await server.listening.wait()
    async with listener:
        await listener.subscribe(["bare/word"])
        relaying = asyncio.create_task(relay())
        eye = Eye(await browser.new_page())
        words = ["tick", "tock"]
        await eye.open(f"http://127.0.0.1:{port}/", "#stage", words)
        samples = []
        for number in range(count):
            said_ms = time.time_ns() / 1e6
            await bus.publish("bare/word", words[number % 2].encode(), is_confirmed=False)
            samples.append(await eye.sees(words[number % 2]) - said_ms)
        await eye.page.close()
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
    server.ask_to_stop()
    await serving
    return samples


async def _many(speaker: _Speaker, eye: Eye, branch: Branch, plan: _Plan) -> dict[str, Any]:
    """200 sensors at 1 Hz with the board open: what that costs, and what it does to the marker."""
    names = [f"bench-{number:03d}" for number in range(SENSORS - 1)]
    for name in names:
        await speaker.announce(name)
    speaking = asyncio.create_task(_speak(speaker, names, rate=float(len(names))))
    await asyncio.sleep(_SAMPLE_S)  # Every sensor is known and was heard.
    gateway = psutil.Process(branch.gateway.pid)
    began_s, cpu_s = time.perf_counter(), _cpu_s(gateway)
    rss: list[tuple[float, float]] = [(0.0, _rss_mb(branch))]
    loaded_ms: list[float] = []
    while (elapsed_s := time.perf_counter() - began_s) < plan.seconds:
        loaded_ms += (await _timed(speaker, eye, 2))[-2:]
        rss.append((elapsed_s, _rss_mb(branch)))
    cpu = (_cpu_s(gateway) - cpu_s) / (time.perf_counter() - began_s)
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    return {
        "sensors": SENSORS,
        "seconds": plan.seconds,
        "reading_to_dom_ms": spread(loaded_ms),
        "cpu_share_of_a_core": cpu,
        "rss_mb": rss[-1][1],
        "rss_slope_mb_per_min": _slope(rss) * 60.0,
    }


async def _ceiling(web: httpx.AsyncClient, speaker: _Speaker, branch: Branch) -> dict[str, Any]:
    """The highest rate at which the newest word is still on the board within a second; another process speaks."""
    reached, steps = 0.0, []
    for rate in LADDER:
        flood = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks._flood"),
            *(str(branch.plan.ports.bus), str(rate), str(SENSORS - 1)),
            stdout=asyncio.subprocess.PIPE,
        )
        began_s = time.perf_counter()
        lags_s: list[float] = []
        try:
            while time.perf_counter() - began_s < STEP_S:
                lags_s.append(await _heard(web, branch, speaker, rate * 1_000.0 + len(lags_s)))
        except TimeoutError:
            lags_s.append(WAIT_S)
        lasted_s = time.perf_counter() - began_s
        flood.terminate()
        said, _ = await flood.communicate()
        steps.append({"asked_per_s": rate, "said_per_s": int(said) / lasted_s, "worst_lag_s": max(lags_s)})
        if max(lags_s) > LAG_S_MAX:
            break
        reached = int(said) / lasted_s
    return {"readings_per_s": reached, "steps": steps}


async def _speak(speaker: _Speaker, names: list[str], *, rate: float) -> int:
    """Say so many words a second, evenly, until cancelled; how many that were."""
    loop = asyncio.get_running_loop()
    began_s, said = loop.time(), 0
    try:
        while True:
            due = int((loop.time() - began_s) * rate)
            while said < due:
                await speaker.say(names[said % len(names)], 100.0 + said % 977)
                said += 1
            await asyncio.sleep(0.002)
    except asyncio.CancelledError:
        return said


def _slope(points: list[tuple[float, float]]) -> float:
    """Least squares, per second."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread_x = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread_x


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss_mb(branch: Branch) -> float:
    return float(psutil.Process(branch.gateway.pid).memory_info().rss) / 2**20


def _targets(figures: dict[str, Any]) -> list[dict[str, Any]]:
    loaded, ceiling = figures["at_200_hz"], figures["ceiling"]["readings_per_s"]
    highest = (
        ("reading_to_dom_ms.p50", figures["reading_to_dom_ms"]["p50"], P50_MS_MAX),
        ("reading_to_dom_ms.p99", figures["reading_to_dom_ms"]["p99"], P99_MS_MAX),
        ("at_200_hz.cpu_share_of_a_core", loaded["cpu_share_of_a_core"], CPU_SHARE_MAX),
        ("at_200_hz.rss_mb", loaded["rss_mb"], RSS_MB_MAX),
        ("at_200_hz.rss_slope_mb_per_min", loaded["rss_slope_mb_per_min"], RSS_SLOPE_MB_PER_MIN_MAX),
    )
    rows = [{"figure": name, "max": limit, "value": value, "met": value <= limit} for name, value, limit in highest]
    least = {"figure": "ceiling.readings_per_s", "min": READINGS_PER_S_MIN, "value": ceiling}
    return [*rows, {**least, "met": ceiling >= READINGS_PER_S_MIN}]
