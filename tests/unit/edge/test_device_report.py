"""``/api/devices`` and the alert of a device: what is told of a device that cannot be healed."""

from __future__ import annotations

from datetime import UTC, datetime

from devices.device import Trouble
from devices.observations import DeviceState
from devices.readings import Measure, SensorRead
from edge_agent.floor.findings import AlertKind, Holds
from edge_agent.floor.sensors import Sensors
from edge_agent.supervision import DeviceCondition, HealingFigures, Rung
from edge_agent.supervision.calling import device_finding
from edge_agent.web.device_report import DeviceSource

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
