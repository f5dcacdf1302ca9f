"""A gateway as one process: it starts, serves, refuses what is hostile, stops in time, and dies of its bugs."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict

from devices.device import Device, Driver
from devices.registry import UnknownDriver
from edge_agent.app import Ending, serve
from edge_agent.config import EdgeSettings
from edge_agent.service_notify import ServiceNotifier
from edge_agent.surroundings import Surroundings
from edge_agent.web.server import AddressTaken
from tests.unit.edge.fake_reader import FakeReader

CONFIG = """
[gateway]
id = "shop-1"
store = "high-street"
store_name = "High Street"
data_dir = "data"
secret_file = "secret"
medium_key_file = "secret"
[web]
port = {port}
[broker]
port = {nobody}
[[counters]]
name = "front"
kiosk = "front"
readers = ["door"]
[[devices]]
name = "door"
driver = "fake"
"""


class _NoSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shop:
    """A gateway in this process, its reader a fake, its broker absent."""

    def __init__(self, folder: Path, free_port: Callable[[], int], *, extra: str = "") -> None:
        self.reader = FakeReader()
        self.port = free_port()
        self.config = folder / "edge.toml"
        self.config.write_text(CONFIG.format(port=self.port, nobody=free_port()) + extra)
        (folder / "secret").write_text("0123456789abcdef")
        (folder / "secret").chmod(0o600)
        self.stopping = asyncio.Event()
        self.web = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=5)

    def drivers(self, name: str) -> Driver[Any]:
        if name != "fake":
            raise UnknownDriver(name, ("fake",))
        return Driver("fake", "A fake", _NoSettings, self._open)

    def _open(self, _: _NoSettings) -> Device:
        return self.reader

    async def serve(self, **around: Any) -> Ending:
        settings = EdgeSettings.load(self.config, drivers=self.drivers)
        world = Surroundings(drivers=self.drivers, chance=random.Random(5), **around)
        return await serve(settings, world, self.stopping)


class Ready:
    """Hears when the gateway says that it is ready."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._address = folder / "notify"
        self._socket.bind(str(self._address))
        self._socket.setblocking(False)
        self.notifier = ServiceNotifier(str(self._address))

    async def hears(self, word: str) -> None:
        async with asyncio.timeout(10):
            while word not in (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode():
                pass

    def close(self) -> None:
        self._socket.close()
        self._address.unlink()


@asynccontextmanager
async def open_shop(shop: Shop, folder: Path, **around: Any) -> AsyncIterator[asyncio.Task[Ending]]:
    ready = Ready(folder)
    serving = asyncio.create_task(shop.serve(service=ready.notifier, **around))
    try:
        heard = asyncio.create_task(ready.hears("READY=1"))
        await asyncio.wait((heard, serving), return_when=asyncio.FIRST_COMPLETED)
        yield serving
        shop.stopping.set()
        await asyncio.wait_for(asyncio.shield(serving), 5)
    finally:
        heard.cancel()
        ready.close()
        await shop.web.aclose()


async def test_pages_figures_and_health_are_served(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop = Shop(tmp_path, free_port)
    async with open_shop(shop, tmp_path) as serving:
        assert (await shop.web.get("/", follow_redirects=True)).url.path == "/kiosk/front"
        assert (await shop.web.get("/healthz")).status_code == (await shop.web.head("/healthz")).status_code == 200
        ready = await shop.web.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (503, ["no members have come from the cloud yet"])
        status = (await shop.web.get("/api/status")).json()
        assert status["gateway"] == "shop-1"
        assert {d["name"]: d["driver"] for d in status["devices"]} == {"door": "fake", "touch-front": "kiosk_touch"}
        assert (await shop.web.get("/api/ledger/digest")).json()["postings"] == 0
        page = await shop.web.get("/staff/status")
        assert "default-src 'self'" in page.headers["content-security-policy"]
    assert serving.result() == Ending(0)


async def test_a_relay_that_powers_a_device_is_not_made_to_blink(tmp_path: Path, free_port: Callable[[], int]) -> None:
    relay = '[[indicators]]\nname = "relay"\ndriver = "gpio_relay"\npin = 4\n'
    shop = Shop(tmp_path, free_port, extra=f'power = "relay"\n{relay}')
    async with open_shop(shop, tmp_path):
        assert (await shop.web.post("/api/devices/relay/blink", json={})).status_code == 404
        assert {d["name"] for d in (await shop.web.get("/api/devices")).json()["devices"]} >= {"door", "relay"}


async def test_hostile_requests_get_a_clear_answer_and_never_a_500(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    shop = Shop(tmp_path, free_port)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 4096

    async with open_shop(shop, tmp_path):
        press = "/kiosk/front/choice"
        assert (await shop.web.post(press, content=b"x" * 100_000)).status_code == 413
        assert (await shop.web.post(press, content=endless())).status_code in {400, 413}
        assert (await shop.web.post(press, content=b"{")).status_code == 422
        assert (await shop.web.post(press, json={"choice": "explode"})).status_code == 422
        assert (
            await shop.web.post(press, json={"choice": "done"}, headers={"origin": "http://evil"})
        ).status_code == 403
        assert (await shop.web.get("/", headers={"host": "evil.example"})).status_code == 400
        assert (await shop.web.get("/live/nothing")).status_code == 404
        assert (await shop.web.get("/assets/../../etc/passwd")).status_code == 404
        assert (await shop.web.post(press, json={"choice": "done"})).status_code == 204


async def test_a_tap_is_counted_in_the_metrics_and_journalled(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop = Shop(tmp_path, free_port)
    async with open_shop(shop, tmp_path):
        shop.reader.tap("04a1b2c3d4e580")
        await asyncio.wait_for(shop.reader.receipts.get(), 5)
        text = (await shop.web.get("/metrics")).text
        assert 'regulars_observations_total{device="door",kind="CardTapped"} 1.0' in text
        assert 'regulars_decisions_total{kind="medium_unknown"} 1.0' in text
        assert 'regulars_journal_rows{is="queued",lane="ledger"} 1.0' in text
        assert "regulars_tap_to_screen_seconds_count 1.0" in text
        assert "04a1b2c3" not in text.lower()


async def test_the_kiosks_stream_says_that_a_reader_failed(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop = Shop(tmp_path, free_port)
    async with open_shop(shop, tmp_path), shop.web.stream("GET", "/live/kiosk.front") as stream:
        shop.reader.unplug()
        async with asyncio.timeout(5):
            async for line in stream.aiter_lines():
                if "reader_fault" in line:
                    break


async def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop = Shop(tmp_path, free_port)
    loop = asyncio.get_running_loop()
    async with open_shop(shop, tmp_path) as serving, shop.web.stream("GET", "/live/status") as stream:
        assert stream.status_code == 200
        began_s = loop.time()
        shop.stopping.set()
        assert await serving == Ending(0)
        assert loop.time() - began_s < 2.0


async def test_a_driver_that_will_not_close_is_named_and_left_behind(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    shop = Shop(tmp_path, free_port)
    loop = asyncio.get_running_loop()
    async with open_shop(shop, tmp_path) as serving:
        shop.reader.tap("04a1b2c3d4e580")
        await asyncio.wait_for(shop.reader.receipts.get(), 5)
        shop.reader.refuse_to_close()
        began_s = loop.time()
        shop.stopping.set()
        assert await serving == Ending(0, ("door",))
        assert loop.time() - began_s < 2.0
        shop.reader.deaf = False
        for task in asyncio.all_tasks():
            if task.get_name() == "device door":
                task.cancel()


async def test_the_death_of_an_essential_part_ends_the_gateway_with_status_one(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    shop = Shop(tmp_path, free_port)

    class Clockless(ServiceNotifier):
        async def keep_alive(self, proof: object) -> None:
            raise RuntimeError("a bug")

    assert await asyncio.wait_for(shop.serve(service=Clockless()), 10) == Ending(1)
    await shop.web.aclose()


async def test_a_taken_port_is_one_message_with_its_remedy(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop = Shop(tmp_path, free_port)
    with socket.create_server(("127.0.0.1", shop.port)), pytest.raises(AddressTaken, match=r"another \[web\] port"):
        await shop.serve()
    await shop.web.aclose()


async def test_the_operators_password_is_asked_for_where_it_is_set(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    shop = Shop(tmp_path, free_port)
    shop.config.write_text(shop.config.read_text().replace("[web]", '[web]\noperator_password_file = "secret"'))
    async with open_shop(shop, tmp_path):
        assert (await shop.web.get("/kiosk/front")).status_code == 200
        assert (await shop.web.get("/api/status")).status_code == 401
        assert (await shop.web.get("/api/status", auth=("staff", "0123456789abcdef"))).status_code == 200


async def test_a_tap_recorded_but_not_decided_is_decided_at_the_next_start(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    shop = Shop(tmp_path, free_port)

    def fails_to_decide(station: str, _: str) -> None:
        if station == "decide":
            raise ZeroDivisionError

    async with open_shop(shop, tmp_path, passing=fails_to_decide):
        shop.reader.tap("04a1b2c3d4e580")
        async with asyncio.timeout(5):
            while (await shop.web.get("/api/status")).json()["undecided"] == 0:
                pass
    shop = Shop(tmp_path, free_port)
    async with open_shop(shop, tmp_path):
        status = (await shop.web.get("/api/status")).json()
        assert status["undecided"] == 0
        assert status["lanes"]["ledger"]["recorded"] == 1


def test_sigterm_ends_the_process_with_status_zero(tmp_path: Path, free_port: Callable[[], int]) -> None:
    shop_text = CONFIG.format(port=free_port(), nobody=free_port())
    (tmp_path / "secret").write_text("0123456789abcdef")
    config = tmp_path / "edge.toml"
    config.write_text(shop_text.partition("readers")[0])
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "notify"))
    heard.settimeout(20)
    program = (
        "import sys; from pathlib import Path; from edge_agent.app import run; "
        "from edge_agent.config import EdgeSettings; from edge_agent.surroundings import Surroundings; "
        "from edge_agent.service_notify import ServiceNotifier; "
        "sys.exit(run(EdgeSettings.load(Path(sys.argv[1])), Surroundings(service=ServiceNotifier(sys.argv[2]))))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(config), str(tmp_path / "notify")])
    try:
        assert heard.recv(4096).startswith(b"READY=1")
        os.kill(process.pid, signal.SIGTERM)
        assert heard.recv(4096) == b"STOPPING=1"
        assert process.wait(timeout=5) == 0
    finally:
        process.kill()
        process.wait()
        heard.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_kiosk_rests_in_the_language_of_its_store(
    tmp_path: Path, free_port: Callable[[], int], language: str
) -> None:
    shop = Shop(tmp_path, free_port, extra="")
    text = shop.config.read_text().replace("[web]", f'language = "{language}"\n[web]')
    shop.config.write_text(text)
    async with open_shop(shop, tmp_path):
        page = await shop.web.get("/kiosk/front")
        assert f'data-home="{language}"' in page.text
