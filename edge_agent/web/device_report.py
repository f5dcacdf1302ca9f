"""``/api/devices``: every device with its state, its healing and its sensors, for programs and the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from devices.observations import DeviceState
from edge_agent.floor.sensors import Sensor
from edge_agent.supervision import DeviceCondition, HealingFigures
from kiosk_ui.kiosk.pages import same_origin


class SensorReport(BaseModel):
    """One sensor of a device: its last value, how old that is, and whether it can be taken for the present."""

    sensor: str
    measure: str
    value: float | None = Field(description="Nothing before its first sample")
    unit: str = Field(description="Empty for what is either so or not; counts for raw weights")
    age_s: float | None = Field(description="Nothing where the age is not known")
    is_stale: bool
    state: DeviceState
    reason: str


class DeviceReport(BaseModel):
    """One device: how it stands, since when and why, and what was done about it since the gateway started."""

    name: str
    driver: str
    state: DeviceState
    reason: str
    key: str = Field(description="The reason in one word; empty where only the text tells")
    remedy: str
    since: AwareDatetime | None
    last_seen: AwareDatetime | None
    rung: str = Field(description="What is being tried: retry, reopen, power or alert; empty while it works")
    failures: int = Field(description="Failures in a row")
    healing: dict[str, int] = Field(description="How often each rung was used")
    hold_ups: int = Field(description="How often its driver kept all others waiting for more than 50 ms")
    sensors: list[SensorReport]


class Blinking(BaseModel):
    """An empty object: a form of another page cannot send one."""

    model_config = ConfigDict(extra="forbid")


class Devices(BaseModel):
    """All devices of a gateway."""

    gateway: str
    devices: list[DeviceReport]


@dataclass(frozen=True, slots=True)
class DeviceSource:
    """Where the report comes from. ``monotonic`` is the clock by which sensors age."""

    gateway: str
    conditions: Callable[[], tuple[DeviceCondition, ...]]
    healing: Callable[[], Mapping[str, HealingFigures]]
    sensors: Callable[[], tuple[Sensor, ...]]
    monotonic: Callable[[], float]

    def report(self) -> Devices:
        """All devices as they are now."""
        now_s, healing = self.monotonic(), self.healing()
        sensors: dict[str, list[SensorReport]] = {}
        for sensor in self.sensors():
            sensors.setdefault(sensor.device, []).append(_sensor(sensor, now_s))
        return Devices(
            gateway=self.gateway,
            devices=[
                _device(condition, healing.get(condition.name), sensors.get(condition.name, []))
                for condition in self.conditions()
            ],
        )


Blink = Callable[[str], Awaitable[bool]]
"""Makes an indicator blink for a while; returns whether there is one of that name that may."""


def device_pages(source: DeviceSource, blink: Blink) -> APIRouter:
    """``GET /api/devices`` and ``POST /api/devices/NAME/blink``."""
    router = APIRouter()

    @router.get("/api/devices")
    async def devices() -> Devices:
        """Every device of this gateway, its indicators and kiosk screens included."""
        return source.report()

    @router.post("/api/devices/{name}/blink", dependencies=[Depends(same_origin)])
    async def blink_once(name: str, _: Blinking) -> Response:
        """Make an indicator blink for three seconds, and answer when it is over: 204, or 404 for what cannot."""
        return Response(status_code=204 if await blink(name) else 404)

    return router


def _device(condition: DeviceCondition, figures: HealingFigures | None, sensors: list[SensorReport]) -> DeviceReport:
    return DeviceReport(
        name=condition.name,
        driver=condition.driver,
        state=condition.state,
        reason=condition.reason,
        key=condition.key,
        remedy=condition.remedy,
        since=condition.since,
        last_seen=condition.last_seen,
        rung=condition.rung.value if condition.rung else "",
        failures=condition.failures,
        healing={rung.value: count for rung, count in figures.rungs.items()} if figures else {},
        hold_ups=figures.hold_ups if figures else 0,
        sensors=sensors,
    )


def _sensor(sensor: Sensor, now_s: float) -> SensorReport:
    last = sensor.last
    age_s = sensor.age_s(now_s)
    return SensorReport(
        sensor=sensor.id,
        measure=sensor.measure.value,
        value=last.value if last else None,
        unit="counts" if last and last.is_raw else sensor.measure.unit,
        age_s=None if age_s is None else round(age_s, 3),
        is_stale=sensor.is_stale(now_s),
        state=sensor.state,
        reason=sensor.reason,
    )
