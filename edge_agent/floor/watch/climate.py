"""Temperature and humidity: a quarter of an hour becomes one event, and limits are watched with hysteresis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cloud_bridge.floor_contract import ClimateMeasuredV1
from devices.readings import Measure
from edge_agent.config.floor_settings import TemperatureLimits
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.floor.sensors import Sensor

SECONDS = 900.0
SAMPLES_MAX = 1_000_000
CLIMATE = frozenset({Measure.TEMPERATURE, Measure.HUMIDITY})
_MILLI_MAX = 10**9


@dataclass(slots=True)
class _Quarter:
    """What one sensor measured since ``began_s``."""

    began_s: float
    lowest: float = math.inf
    highest: float = -math.inf
    total: float = 0.0
    samples: int = 0

    def take(self, value: float) -> None:
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)
        self.total += value
        self.samples += 1


class Climate:
    """Gathers what is measured. A quarter that could not be journalled goes on until it can be."""

    def __init__(self) -> None:
        self._quarters: dict[tuple[str, Measure], _Quarter] = {}

    def hear(self, sensor: Sensor, now_s: float) -> None:
        """A sensor was read just now."""
        if sensor.last is None or sensor.measure not in CLIMATE or abs(sensor.last.value) * 1_000 > _MILLI_MAX:
            return
        quarter = self._quarters.setdefault((sensor.id, sensor.measure), _Quarter(now_s))
        if quarter.samples < SAMPLES_MAX:
            quarter.take(sensor.last.value)

    def due(self, now_s: float) -> dict[tuple[str, Measure], ClimateMeasuredV1]:
        """The events of quarters that are over."""
        return {
            key: ClimateMeasuredV1(
                sensor=key[0],
                measure=key[1].value,
                lowest=_milli(quarter.lowest),
                mean=_milli(quarter.total / quarter.samples),
                highest=_milli(quarter.highest),
                samples=quarter.samples,
                seconds=max(1, min(86_400, round(now_s - quarter.began_s))),
            )
            for key, quarter in self._quarters.items()
            if now_s - quarter.began_s >= SECONDS
        }

    def accept(self, told: dict[tuple[str, Measure], ClimateMeasuredV1]) -> None:
        """They are journalled. The next quarter of a sensor begins with its next sample."""
        for key in told:
            del self._quarters[key]


def temperature_findings(sensor: Sensor, limits: TemperatureLimits, *, is_stale: bool) -> Iterator[Finding]:
    """Whether a sensor's temperature is beyond its limits. What is old says nothing."""
    if sensor.last is None or sensor.last.is_retained:
        return
    value = sensor.last.value
    low, high = _or(limits.low, -math.inf), _or(limits.high, math.inf)
    if is_stale:
        holds = Holds.UNSURE
    elif not low <= value <= high:
        holds = Holds.YES
    else:
        is_well = low + limits.hysteresis <= value <= high - limits.hysteresis
        holds = Holds.NO if is_well else Holds.UNSURE
    name = sensor.found.name if sensor.found else ""
    facts: dict[str, str | int] = {"milli": _milli(value)}
    if name:
        facts |= {"name_zh": name, "name_en": name}
    yield Finding(AlertKind.TEMPERATURE, sensor.id, holds, facts)


def _or(limit: float | None, otherwise: float) -> float:
    return otherwise if limit is None else limit


def _milli(value: float) -> int:
    return round(value * 1_000)
