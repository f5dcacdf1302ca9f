"""A bought sensor, the store's stock and its alerts, end to end: node, broker, gateway, Home Assistant."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from devices.store_bus import BusSettings
from devices.virtual.bus.esphome import VirtualEspHome
from devices.virtual.faults import FaultKind
from edge_agent.app import serve
from edge_agent.config import EdgeSettings
from edge_agent.surroundings import Surroundings
from tests.brokers import Broker
from tests.conformance.bus_ear import say
from tests.story.played_home_assistant import PlayedHomeAssistant

CONFIG = """
[gateway]
id = "shop-1"
store = "high-street"
store_name = "High Street"
language = "en"
data_dir = "data"
secret_file = "secret"
medium_key_file = "secret"
[web]
port = {web}
[broker]
port = {nobody}
[floor]
planogram_file = "planogram.csv"
settle_s = 0.5
[[counters]]
name = "front"
kiosk = "front"
[[devices]]
name = "bus"
driver = "mqtt_sensors"
port = {bus}
[home_assistant]
port = {bus}
sensor_interval_s = 0
"""
PLANOGRAM = """slot,sku,name_zh,name_en,unit_weight_g,capacity,reorder_at,zone,scale,light
A1,tea,茶,Tea,100,10,2,drinks,bus/shelf-1.a1,
B1,bun,面包,Bun,,10,2,bakery,,
"""
BEAT_S = 0.1


@asynccontextmanager
async def open_store(folder: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[httpx.AsyncClient]:
    web = free_port()
    (folder / "edge.toml").write_text(CONFIG.format(web=web, nobody=free_port(), bus=broker.port))
    (folder / "planogram.csv").write_text(PLANOGRAM)
    (folder / "secret").write_text("0123456789abcdef")
    (folder / "secret").chmod(0o600)
    stopping = asyncio.Event()
    settings = EdgeSettings.load(folder / "edge.toml")
    serving = asyncio.create_task(serve(settings, Surroundings(chance=random.Random(5)), stopping))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{web}", trust_env=False, timeout=5) as client:
            yield client
    finally:
        stopping.set()
        await asyncio.wait_for(serving, 10)


def shelf(broker: Broker, *, units: int) -> VirtualEspHome:
    node = VirtualEspHome(BusSettings(port=broker.port), "shelf-1", interval_s=BEAT_S)
    node.add_scale("a1", grams=units * 100.0, noise_g=0.1)
    return node


@pytest.mark.timeout(120)
async def test_a_bought_sensor_appears_without_code_and_tells_of_stock_and_alerts(
    tmp_path: Path, any_broker: Broker, free_port: Callable[[], int]
) -> None:
    home = PlayedHomeAssistant(BusSettings(port=any_broker.port))
    node = shelf(any_broker, units=8)
    async with home, open_store(tmp_path, any_broker, free_port) as client, node:
        await home.until(home.shows("sensor", "_A1_stock", 8))
        await home.until(home.shows("sensor", "_weight", 800))
        scale = home.find("sensor", "_weight")
        assert scale is not None
        assert (scale.config["unit_of_measurement"], scale.config["device_class"]) == ("g", "weight")
        board = (await client.get("/api/board")).json()
        assert [sensor["sensor"] for sensor in board["sensors"]] == ["bus/shelf-1.a1"]

        node.weigh("a1", 0.0)
        await home.until(home.shows("sensor", "store_alerts", 1))
        await home.until(home.shows("binary_sensor", "_A1_out", "ON"))
        await home.until(lambda: home.happened("raised"))
        await home.until(lambda: home.can_press("store_acknowledge"))
        await home.press("store_acknowledge")
        await home.until(lambda: home.happened("acknowledged"))
        (alert,) = (await client.get("/api/board")).json()["alerts"]
        assert (alert["state"], alert["claimed_by"]) == ("acknowledged", "Home Assistant")

        node.weigh("a1", 800.0)
        await home.until(home.shows("sensor", "store_alerts", 0))
        await home.until(home.shows("binary_sensor", "_A1_out", "OFF"))
        node.fail(FaultKind.UNPLUGGED)
        await home.until(lambda: not home.is_available("_weight"))
        assert home.is_available("store_link")


@pytest.mark.timeout(120)
async def test_home_assistant_is_told_again_when_it_is_born_and_when_the_broker_was_dead(
    tmp_path: Path, any_broker: Broker, free_port: Callable[[], int]
) -> None:
    settings = BusSettings(port=any_broker.port)
    async with open_store(tmp_path, any_broker, free_port) as client:
        async with PlayedHomeAssistant(settings) as home:
            await home.until(home.shows("binary_sensor", "store_link", "OFF"))
            before = home.announcements
            await home.is_born()
            await home.until(lambda: home.announcements > before)
        await asyncio.to_thread(any_broker.kill)
        assert (await client.get("/healthz")).status_code == 200
        await asyncio.to_thread(any_broker.start)
        async with PlayedHomeAssistant(settings) as home:
            await home.until(home.shows("binary_sensor", "store_link", "OFF"))


@pytest.mark.timeout(120)
async def test_a_gateway_that_ends_is_unavailable_and_what_it_no_longer_has_is_taken_back_after_its_restart(
    tmp_path: Path, any_broker: Broker, free_port: Callable[[], int]
) -> None:
    settings = BusSettings(port=any_broker.port)
    async with PlayedHomeAssistant(settings) as home:
        async with open_store(tmp_path, any_broker, free_port), shelf(any_broker, units=5):
            await home.until(lambda: any(e.config.get("device_class") == "weight" for e in home.entities.values()))
        await home.until(lambda: not any(entity.is_available for entity in home.entities.values()))
        # The node is gone for good, and the broker forgets what it had announced.
        await say(settings, ("homeassistant/sensor/shelf-1/a1/config", b""), retain=True)
        async with open_store(tmp_path, any_broker, free_port):
            await home.until(lambda: home.find("sensor", "_weight") is None)
            await home.until(home.shows("binary_sensor", "store_link", "OFF"))
