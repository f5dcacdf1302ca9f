"""``/api/devices`` and the alert of a device: what is told of a device that cannot be healed."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from devices.device import Trouble
from devices.observations import DeviceState
from devices.readings import Measure, SensorRead
from edge_agent.floor.findings import AlertKind, Holds
from edge_agent.floor.sensors import Sensors
from edge_agent.supervision import DeviceCondition, HealingFigures, Rung
from edge_agent.supervision.calling import device_finding
from edge_agent.web.device_report import DeviceSource, device_pages

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
GONE = DeviceCondition(
    "reader-1",
    "pn532",
    DeviceState.OFFLINE,
    "there is no such port",
    key=Trouble.GONE,
    remedy="plug it in",
    rung=Rung.ALERT,
    failures=12,
    since=NOON,
)


def test_a_device_that_cannot_be_healed_is_a_finding_with_reason_and_remedy() -> None:
    found = device_finding(GONE, is_needed=True)
    assert (found.kind, found.subject, found.holds) == (AlertKind.DEVICE_OFFLINE, "reader-1", Holds.YES)
    assert found.facts["reason"] == "there is no such port"
    assert found.facts["since"] == "2026-06-01T12:00:00+00:00"
    assert device_finding(GONE, is_needed=False).holds is Holds.NO


def test_the_report_tells_state_healing_and_the_age_of_each_sample() -> None:
    now_s = 100.0
    sensors = Sensors(monotonic=lambda: now_s)
    sensors.hear("scale-1", SensorRead("", Measure.WEIGHT, 8_388_607.0, is_raw=True))
    sensors.hear("bus", SensorRead("fridge", Measure.TEMPERATURE, 4.5, is_retained=True))
    now_s = 103.5
    source = DeviceSource(
        "store-1",
        conditions=lambda: (GONE, DeviceCondition("scale-1", "hx711"), DeviceCondition("bus", "mqtt_sensors")),
        healing=lambda: {"reader-1": HealingFigures({Rung.REOPEN: 10, Rung.ALERT: 2}, 0)},
        sensors=sensors.all,
        monotonic=lambda: now_s,
    )
    reader, scale, bus = source.report().devices
    assert (reader.state, reader.key, reader.rung, reader.failures) == (DeviceState.OFFLINE, "gone", "alert", 12)
    assert reader.healing == {"reopen": 10, "alert": 2}
    assert [(one.value, one.unit, one.age_s) for one in scale.sensors] == [(8_388_607.0, "counts", 3.5)]
    assert [(one.sensor, one.unit, one.age_s) for one in bus.sensors] == [("bus/fridge", "°C", None)]


async def asked_to_blink(name: str, **body: object) -> tuple[int, list[str]]:
    """The status of ``POST /api/devices/NAME/blink``, and what was made to blink; there is one lamp."""
    blinked: list[str] = []

    async def blink(indicator: str) -> bool:
        blinked.append(indicator)
        return indicator == "lamp"

    source = DeviceSource("store-1", conditions=lambda: (), healing=dict, sensors=tuple, monotonic=lambda: 0.0)
    application = FastAPI()
    application.include_router(device_pages(source, blink))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", trust_env=False) as web:
        answer = await web.post(f"/api/devices/{name}/blink", **body)  # type: ignore[arg-type]
    return answer.status_code, blinked


async def test_a_lamp_blinks_when_asked_and_what_is_none_is_not_found() -> None:
    assert await asked_to_blink("lamp", json={}) == (204, ["lamp"])
    assert await asked_to_blink("reader-1", json={}) == (404, ["reader-1"])


@pytest.mark.parametrize("body", [{}, {"data": {"a": "b"}}, {"content": b"{}"}, {"json": {"seconds": 9}}], ids=str)
async def test_a_form_of_another_page_makes_nothing_blink(body: dict[str, object]) -> None:
    assert await asked_to_blink("lamp", **body) == (422, [])
