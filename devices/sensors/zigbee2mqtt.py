"""Zigbee2MQTT, read: the bridge's list of devices with what each exposes, their states, and whether they are heard.

Topics (https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html), all below a base topic:
``bridge/devices`` and ``bridge/state``, ``<friendly name>`` with one JSON object, and ``<friendly name>/availability``.
States of bridge and devices are said as ``{"state": "online"}``, by older versions as ``online``.
A device is called by its IEEE address, whatever people rename it to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from devices.readings import Measure, SensorFound
from devices.sensors.payload import Unreadable, parse_json
from devices.sensors.plans import (
    Announcement,
    Mode,
    NumberReading,
    Presence,
    SensorPlan,
    SwitchReading,
    readable,
    safe_name,
    topic_problem,
)
from devices.sensors.template import TemplateRefused, understand
from devices.sensors.units import conversion

ORIGIN = "Zigbee2MQTT"
"""How it calls itself where it also announces its devices to Home Assistant."""
LIST_BYTES_MAX = 4 * 1024 * 1024
DEVICES_MAX = 300
EXPOSES_MAX = 64
CHECK_IN_S = 25 * 3_600.0
"""Battery devices say something at least once in this time, or the bridge counts them as lost."""
_PATIENCE = 3.0
_NUMBERS = {
    "weight": Measure.WEIGHT,
    "temperature": Measure.TEMPERATURE,
    "humidity": Measure.HUMIDITY,
    "battery": Measure.BATTERY,
}
_SWITCHES = {
    "contact": Measure.DOOR,
    "occupancy": Measure.OCCUPANCY,
    "presence": Measure.OCCUPANCY,
    "moving": Measure.MOTION,
    "battery_low": Measure.PROBLEM,
}


class _Refused(ValueError):
    """Why something that a device exposes cannot be read."""


@dataclass(frozen=True, slots=True)
class Zigbee2Mqtt:
    """The rules for one bridge, by its base topic."""

    base: str = "zigbee2mqtt"

    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (f"{self.base}/bridge/devices",)

    def is_announcement(self, topic: str) -> bool:
        """Whether the topic is one of theirs."""
        return topic == f"{self.base}/bridge/devices"

    def read(self, topic: str, payload: bytes) -> Announcement | None:
        """What the list of devices announces; ``None`` for every other topic."""
        if not self.is_announcement(topic):
            return None
        if not payload.strip():
            return Announcement(topic)
        try:
            listed = parse_json(payload, bytes_max=LIST_BYTES_MAX)
        except Unreadable as error:
            return Announcement(topic, problems=(f"{topic}: {error}",))
        if not isinstance(listed, list):
            return Announcement(topic, problems=(f"{topic}: no list of devices",))
        plans: list[SensorPlan] = []
        problems: list[str] = [f"{topic}: more than {DEVICES_MAX} devices"] if len(listed) > DEVICES_MAX else []
        for device in listed[:DEVICES_MAX]:
            try:
                plans += self._plans(device)
            except _Refused as error:
                problems.append(f"{topic}: {error}")
        return Announcement(topic, tuple(plans), tuple(problems))

    def _plans(self, device: Any) -> Iterator[SensorPlan]:
        if not isinstance(device, dict) or device.get("disabled") is True:
            return
        definition, name, address = device.get("definition"), device.get("friendly_name"), device.get("ieee_address")
        if not isinstance(definition, dict) or not isinstance(address, str):
            return  # the coordinator, or a device that is not interviewed yet
        if problem := topic_problem(name):
            raise _Refused(f"the device {address[:24]}: {problem}")
        found = SensorFound(
            safe_name(address),
            Measure.PROBLEM,
            name=readable(name),
            maker=readable(definition.get("vendor")),
            product=readable(definition.get("model")),
            interval_s=CHECK_IN_S / _PATIENCE,
        )
        exposes = definition.get("exposes")
        for exposed in (exposes if isinstance(exposes, list) else [])[:EXPOSES_MAX]:
            plan = self._plan(exposed, found, str(name))
            if plan is not None:
                yield plan

    def _plan(self, exposed: Any, device: SensorFound, friendly_name: str) -> SensorPlan | None:
        if not isinstance(exposed, dict):
            return None
        name, prop = exposed.get("name"), exposed.get("property")
        if not isinstance(name, str) or not isinstance(prop, str):
            return None
        kinds = {"numeric": _NUMBERS, "binary": _SWITCHES}.get(str(exposed.get("type")), {})
        measure = kinds.get(name)
        if measure is None:
            return None
        # Twice the same, at two ends of one device, are two sensors.
        sensor = device.sensor if prop == name else safe_name(device.sensor, prop)
        found = SensorFound(sensor, measure, device.name, device.maker, device.product, interval_s=device.interval_s)
        unit = exposed.get("unit")
        unit = unit if isinstance(unit, str) else ""
        reading: NumberReading | SwitchReading = SwitchReading()
        refusal = ""
        try:
            reading = _reading(exposed, measure, unit, prop)
        except ValueError as error:
            refusal = str(error)
        topic = f"{self.base}/{friendly_name}"
        presence = tuple(
            Presence(name, in_json="state") for name in (f"{self.base}/bridge/state", f"{topic}/availability")
        )
        return SensorPlan(
            found, topic, reading, unit, presence, Mode.ALL, refusal, own_presence=f"{topic}/availability"
        )


def _reading(exposed: dict[str, Any], measure: Measure, unit: str, prop: str) -> NumberReading | SwitchReading:
    if '"' in prop or "\\" in prop:
        raise TemplateRefused("it names a property that is not one")
    template = understand(f'{{{{ value_json["{prop}"] }}}}')
    if not measure.is_binary:
        return NumberReading(conversion(measure, unit), template)
    on, off = exposed.get("value_on"), exposed.get("value_off")
    if measure is Measure.DOOR:
        # A contact that is made is a door that is shut, whichever of the two the device calls "on".
        if not (isinstance(on, bool) and isinstance(off, bool) and on is not off):
            raise _Refused("it does not say what its contact means")
        on, off = False, True
    return SwitchReading(str(on), str(off), template)
