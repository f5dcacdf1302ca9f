"""A whole gateway on a bus where somebody means ill: its shelf is weighed, its pages answer, and no secret gets out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from devices.store_bus import BusSettings
from devices.store_bus.messages import PAYLOAD_BYTES_MAX
from tests.brokers import Broker
from tests.conformance.bus_ear import say
from tests.story.test_home_assistant import open_store, shelf

WITHIN_S = 60.0
DEEP = b"[" * 1_000 + b"]" * 1_000
MARKED = "<img src=x onerror=alert(1)> @everyone \u202e evil.example\n\u2028\u001b[31m"
ANNOUNCED = {"dev_cla": "temperature", "unit_of_meas": "°C", "stat_t": "n/t", "uniq_id": "probe", "name": MARKED}
NAMES = 600
"""More sensors than are listened to."""


def config(name: str, **changes: Any) -> tuple[str, bytes]:
    return f"homeassistant/sensor/n/{name}/config", orjson.dumps({**ANNOUNCED, "uniq_id": name, **changes})


def spoilt(key: str, value: bytes) -> tuple[str, bytes]:
    return f"homeassistant/sensor/n/spoilt-{key}/config", orjson.dumps({**ANNOUNCED, key: "@@"}).replace(b'"@@"', value)


DEVICES = b'[{"friendly_name":"f","ieee_address":"0x1","definition":{"exposes":' + DEEP + b"}}]"

HOSTILE = (
    *(spoilt(key, DEEP) for key in ("enc", "pl_avail", "avty", "name", "dev", "val_tpl", "o", "uniq_id")),
    config("echo", stat_t="regulars/shop-1/sensors/bus_shelf-1_a1", val_tpl="{{ value_json.value + 1 }}"),
    config("echo-there", avty_t="regulars/shop-1/status"),
    config("huge", val_tpl="{{ (value|int) * (value|int) }}", stat_t="n/huge"),
    ("n/huge", b"1e308"),
    ("n/t", b"nan"),
    ("homeassistant/sensor/thief/a1/config", orjson.dumps({**ANNOUNCED, "dev_cla": "weight", "uniq_id": "shelf-1.a1"})),
    ("homeassistant/device/shop-1/mine/config", b'{"cmps":{"x":{"p":"sensor","uniq_id":"x"}}}'),
    ("homeassistant/device/shop-1/\u202e/config", DEEP),
    ("regulars/shop-1/alerts/acknowledge", b"0" * 32),
    ("regulars/shop-1/alerts/acknowledge", b"\xff" * 100_000),
    ("zigbee2mqtt/bridge/devices", DEVICES),
    ("zigbee2mqtt/bridge/devices", b" " * (PAYLOAD_BYTES_MAX - 1) + b"["),
    config("marked"),
    *(config(f"crowd-{number}", stat_t=f"n/{number}") for number in range(NAMES)),
)


async def slot_of(web: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await web.get("/api/board")
    assert answer.status_code == 200, answer.text
    return next(slot for slot in answer.json()["slots"] if slot["slot"] == name)


async def weighed(web: httpx.AsyncClient, name: str, units: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                if (await slot_of(web, name))["units"] == units:
                    return
            except httpx.ConnectError:
                continue


@pytest.mark.timeout(180)
async def test_whatever_is_kept_on_the_bus_the_shelf_is_weighed_and_no_secret_gets_out(
    tmp_path: Path, mosquitto: Broker, free_port: Callable[[], int], capfd: pytest.CaptureFixture[str]
) -> None:
    node = shelf(mosquitto, units=7)
    async with open_store(tmp_path, mosquitto, free_port) as web, node:
        await weighed(web, "A1", 7)
        await say(BusSettings(port=mosquitto.port), *HOSTILE, retain=True)
        node.weigh("a1", 300.0)
        await weighed(web, "A1", 3)
        devices = {one["name"]: one for one in (await web.get("/api/devices")).json()["devices"]}
        bus = devices["bus"]
        assert (bus["state"], bus["failures"]) == ("degraded", 0)
        assert bus["reason"].isprintable()
        for page in ("/staff/board", "/staff/status", "/staff/calibration", "/api/status", "/metrics"):
            answer = await web.get(page)
            assert answer.status_code == 200
            assert "<img src=x" not in answer.text
            assert "0123456789abcdef" not in answer.text
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "0123456789abcdef" not in said.out + said.err


@pytest.mark.timeout(180)
async def test_a_gateway_that_starts_amid_what_was_kept_weighs_its_shelf(
    tmp_path: Path, mosquitto: Broker, free_port: Callable[[], int]
) -> None:
    await say(BusSettings(port=mosquitto.port), *HOSTILE[:-NAMES], retain=True)
    async with shelf(mosquitto, units=5), open_store(tmp_path, mosquitto, free_port) as web:
        await weighed(web, "A1", 5)
