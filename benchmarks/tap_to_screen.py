"""From a card entering the field to its member's name in the kiosk's DOM, with the cloud out of reach.

A real gateway process, a virtual PN532 on a pty, a real Chromium on the kiosk's page. Beside it, from
the same run: what the disk's fsync and a bare event stream to the same browser cost by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from benchmarks._browser import WAIT_S, Eye, chromium, spread
from devices.observations import CardUid
from devices.virtual.pn532_chip import VirtualPn532
from edge_agent.web.server import WebServer
from kiosk_ui.kiosk.screens import kiosk_channel
from simulation.branch import Branch
from simulation.cable import Cut
from simulation.day.turns import SeedMember
from simulation.evidence.books import Auditor
from simulation.evidence.witness import Witness
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.programme import demo_programme
from simulation.files.store import KIOSK
from simulation.hands import virtual_card
from simulation.head_office import HeadOffice, members_arrived
from simulation.processes.ports import choose
from simulation.stage import BrokerKind, Stage, StagePlan

describe = "card enters the field -> member's name in the kiosk's DOM, cloud down: p50 and p99 beside their floors"

P50_MS_MAX = 15.0
P99_MS_MAX = 50.0
RSS_MB_MAX = 90.0
START_S_MAX = 3.0
WARM_UP_TAPS = 10
FLOOR_SAMPLES = 200
_MEMBERS = (
    SeedMember("m-anna", "Anna Bench", "en", CardUid.from_hex("04A1B2C3D4E580")),
    SeedMember("m-bao", "Bao Bench", "en", CardUid.from_hex("04A1B2C3D4E581")),
)
_BARE_PAGE = """<!doctype html><p id="stage"></p><script>
new EventSource("/stream").onmessage = (event) => { document.getElementById("stage").textContent = event.data; };
</script>"""


def run(argv: list[str]) -> dict[str, Any]:
    """Run it and return the figures with their targets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tap_to_screen")
    parser.add_argument("--taps", type=int, default=300, help="how many taps to measure (200 or more)")
    taps = max(200, parser.parse_args(argv).taps)
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        return asyncio.run(_measure(Path(folder), taps))


async def _measure(folder: Path, taps: int) -> dict[str, Any]:
    async with AsyncExitStack() as opened:
        web = await opened.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=WAIT_S))
        branch = await opened.enter_async_context(_open_store(folder, web))
        browser = await opened.enter_async_context(chromium())
        branch.cable.pull(Cut.REFUSED)
        eye = Eye(await browser.new_page())
        await eye.open(f"{branch.url}/kiosk/{KIOSK}", "#stage", [member.name for member in _MEMBERS])
        reader = branch.counters[0].reader
        tap_ms = [await _tap(reader, eye, number) for number in range(WARM_UP_TAPS + taps)][WARM_UP_TAPS:]
        figures: dict[str, Any] = {
            "taps": taps,
            "tap_to_screen_ms": spread(tap_ms),
            "of_which_gateway_mean_ms": await _gateway_mean_ms(web, branch),
            "fsync_floor_ms": spread(await asyncio.to_thread(_fsync_ms, folder)),
            "sse_to_dom_floor_ms": spread(await _bare_stream_ms(browser)),
            "rss_mb": _rss_mb(branch),
        }
        figures["start_to_first_tap_s"] = await _start_to_first_tap_s(branch)
        figures["rss_after_restart_mb"] = _rss_mb(branch)
    return {**figures, "targets": _targets(figures)}


@asynccontextmanager
async def _open_store(folder: Path, web: httpx.AsyncClient) -> AsyncIterator[Branch]:
    """A store whose gateway knows the members, run by the product's own command."""
    files = ChainFolder(folder)
    ports = ChainPorts.free(stores=1)
    files.write(ports, demo_programme("CNY"))
    plan = StagePlan(files, ports, BrokerKind.EMBEDDED, (sys.executable, "-m", "provisioning.cli"), seed=1)
    async with Stage(plan, web) as stage:
        await HeadOffice(web, stage.cloud_url).enrol(_MEMBERS)
        auditor = Auditor.of(stage.branches[0], web, cloud=stage.cloud_url)
        await members_arrived(auditor, len(_MEMBERS))
        yield stage.branches[0]


async def _tap(reader: VirtualPn532, eye: Eye, number: int) -> float:
    """One tap of the next member; ms from the card's entering the field to the name in the DOM."""
    member = _MEMBERS[number % len(_MEMBERS)]
    card = virtual_card(member.card)
    await asyncio.to_thread(reader.wait_until_waiting, timeout_s=WAIT_S)
    entered_ms = time.time_ns() / 1e6
    reader.present(card)
    try:
        return await eye.sees(member.name) - entered_ms
    finally:
        reader.remove()


def _fsync_ms(folder: Path) -> list[float]:
    """What making 4 KiB durable costs on the journal's disk."""
    samples = []
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT)
    try:
        for number in range(FLOOR_SAMPLES):
            os.pwrite(file, b"x" * 4096, number * 4096)
            began = time.perf_counter()
            os.fdatasync(file)
            samples.append((time.perf_counter() - began) * 1e3)
    finally:
        os.close(file)
    return samples


async def _bare_stream_ms(browser: Browser) -> list[float]:
    """What an event stream and a browser cost with nothing behind them."""
    events: asyncio.Queue[str] = asyncio.Queue()

    async def stream(_: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            while True:
                yield f"data: {await events.get()}\n\n"

        return StreamingResponse(body(), media_type="text/event-stream")

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(_BARE_PAGE)

    (port,) = choose((0,))
    app = Starlette(routes=[Route("/", page), Route("/stream", stream)])
    server = WebServer(app, host="127.0.0.1", port=port)
    serving = asyncio.create_task(server.run_until_stopped())
    await server.listening.wait()
    eye = Eye(await browser.new_page())
    words = ["tick", "tock"]
    await eye.open(f"http://127.0.0.1:{port}/", "#stage", words)
    samples = []
    for number in range(FLOOR_SAMPLES):
        sent_ms = time.time_ns() / 1e6
        events.put_nowait(words[number % 2])
        samples.append(await eye.sees(words[number % 2]) - sent_ms)
    await eye.page.close()
    server.ask_to_stop()
    await serving
    return samples


async def _start_to_first_tap_s(branch: Branch) -> float:
    """From the start of a gateway's process to a greeting on its kiosk's stream, a card held all along."""
    async with Witness(f"{branch.url}/live/{kiosk_channel(KIOSK)}") as witness:
        await asyncio.wait_for(witness.connected.wait(), WAIT_S)
        branch.kill_gateway()
        await branch.gateway.wait()
        before = witness.count
        branch.counters[0].reader.present(virtual_card(_MEMBERS[0].card))
        began_s = asyncio.get_running_loop().time()
        seen = await witness.sees({"greeting"}, after=before, timeout_s=WAIT_S)
        branch.counters[0].reader.remove()
        if seen is None or branch.gateway.pid is None:
            raise RuntimeError("the gateway did not greet after its restart")
        waited_s = psutil.Process(branch.gateway.pid).create_time() - (
            time.time() - (asyncio.get_running_loop().time() - began_s)
        )
        return seen.at_s - began_s - waited_s


async def _gateway_mean_ms(web: httpx.AsyncClient, branch: Branch) -> float:
    """From the driver's word to the kiosk's stream, as the gateway itself counts it."""
    text = (await web.get(f"{branch.url}/metrics")).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("regulars_tap_to_screen"))
    total_s, count = (float(figures[f"regulars_tap_to_screen_seconds_{part}"]) for part in ("sum", "count"))
    return total_s / count * 1e3


def _rss_mb(branch: Branch) -> float:
    return psutil.Process(branch.gateway.pid).memory_info().rss / 2**20


def _targets(figures: dict[str, Any]) -> list[dict[str, Any]]:
    reached = (
        ("tap_to_screen_ms.p50", figures["tap_to_screen_ms"]["p50"], P50_MS_MAX),
        ("tap_to_screen_ms.p99", figures["tap_to_screen_ms"]["p99"], P99_MS_MAX),
        ("rss_mb", figures["rss_mb"], RSS_MB_MAX),
        ("start_to_first_tap_s", figures["start_to_first_tap_s"], START_S_MAX),
    )
    return [{"figure": name, "max": limit, "value": value, "met": value <= limit} for name, value, limit in reached]
