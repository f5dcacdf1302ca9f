"""A thermometer's file, and weather."""

from __future__ import annotations

from itertools import count
from typing import Any

from devices.observations import Observation
from devices.readings import Measure, SensorFound, SensorRead
from devices.virtual.faults import FaultKind
from devices.virtual.wired import VirtualThermometer
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "ds18b20"
_INTERVAL_S = 0.02


def harness(place: HarnessPlace) -> Harness:
    return Ds18b20Harness(place)


class Ds18b20Harness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._thermometer = VirtualThermometer(place.folder / "28-0316a2795af2" / "w1_slave", celsius=-20.0)
        self.twin = self._thermometer
        self._sixteenths = count(1)
        self.former: set[Observation] = {
            SensorFound("", Measure.TEMPERATURE, product="DS18B20", interval_s=_INTERVAL_S)
        }

    async def open(self) -> None: ...

    def settings(self) -> dict[str, Any]:
        return {"path": str(self._thermometer.path), "interval_s": _INTERVAL_S}

    async def produce(self) -> Observation:
        self.former.add(self._read())
        self._thermometer.celsius = next(self._sixteenths) / 16
        return self._read()

    def _read(self) -> SensorRead:
        return SensorRead("", Measure.TEMPERATURE, int(self._thermometer.celsius * 1_000) / 1_000)

    async def unplug(self) -> None:
        self._thermometer.fail(FaultKind.UNPLUGGED)

    async def replug(self) -> None:
        self._thermometer.heal()

    async def garble(self) -> None:
        self._thermometer.fail(FaultKind.GARBAGE)

    async def silence(self) -> None:
        self._thermometer.fail(FaultKind.SILENT)

    async def heal(self) -> None:
        self._thermometer.heal()

    async def close(self) -> None: ...
