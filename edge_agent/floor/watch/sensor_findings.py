"""Sensors that are gone or silent while their device is well: one finding each, or one for all that went together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from devices.observations import DeviceState
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.floor.sensors import Sensor

TOGETHER = 4
"""So many sensors of one device that are gone at once are one thing that is wrong."""
SILENT = "silent"
_REASON_LENGTH_MAX = 120


def sensor_findings(
    sensors: Iterable[Sensor], now_s: float, *, devices_gone: Collection[str], said: Mapping[str, Holds]
) -> Iterator[Finding]:
    """What holds of every sensor and was not ``said``, by subject. Of one whose device is gone nothing is said: that
    is one alert, not twenty.
    """
    by_device: dict[str, dict[str, str]] = defaultdict(dict)
    for sensor in sensors:
        # Of a device that is one sensor, supervision tells, under the same name.
        if sensor.id != sensor.device:
            found = by_device[sensor.device]
            found[sensor.id] = found.get(sensor.id) or _trouble(sensor, now_s)
    for device, found in by_device.items():
        gone = {name: reason for name, reason in found.items() if reason}
        is_device_gone, is_many = device in devices_gone, len(gone) >= TOGETHER
        for name in found:
            holds = Holds.YES if name in gone else Holds.NO
            if is_device_gone or (is_many and name in gone):
                holds = Holds.UNSURE
            if said.get(name) is not holds:
                yield Finding(AlertKind.DEVICE_OFFLINE, name, holds, {"reason": gone.get(name, "")})
        if len(found) >= TOGETHER:
            holds = Holds.UNSURE if is_device_gone else Holds.YES if is_many else Holds.NO
            if said.get(f"{device}/*") is not holds:
                reason = f"{len(gone)}/{len(found)}: {next(iter(gone.values()), '')}"[:_REASON_LENGTH_MAX]
                yield Finding(AlertKind.DEVICE_OFFLINE, f"{device}/*", holds, {"reason": reason if gone else ""})


def _trouble(sensor: Sensor, now_s: float) -> str:
    """Why a sensor cannot be counted on; empty when it can."""
    if sensor.state is DeviceState.OFFLINE:
        return sensor.reason[:_REASON_LENGTH_MAX] or "gone"
    return SILENT if sensor.is_stale(now_s) else ""
