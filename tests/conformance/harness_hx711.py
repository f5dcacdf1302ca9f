"""A load cell on virtual pins, and a hand that puts something else on it for every reading."""

from __future__ import annotations

from itertools import count
from typing import Any

from devices.observations import Observation
from devices.readings import Measure, SensorRead
from devices.virtual.faults import FaultKind
from devices.virtual.gpio_header import VirtualHeader
from devices.virtual.hx711_chip import LoadCell, VirtualHx711
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "hx711"
_SAMPLES = 3


def harness(place: HarnessPlace) -> Harness:
    return Hx711Harness()


class Hx711Harness:
    """The chip converts all the time, as it does in a shop, so that a load is told again until there is another."""

    abilities = frozenset(Ability)

    def __init__(self) -> None:
        # Time passes faster than life, so that settling after each opening does not keep the suite waiting.
        self._header = VirtualHeader(pace=0.1)
        # Without noise: the median of a window in which the load changed is what lay there before, or what lies there.
        self._chip = VirtualHx711(self._header, data_pin=5, clock_pin=6, cell=LoadCell(noise_counts=0))
        self.twin = self._chip
        self._grams = count(10, 10)
        self.former: set[Observation] = set()

    async def open(self) -> None: ...

    def settings(self) -> dict[str, Any]:
        return {"data_pin": 5, "clock_pin": 6, "samples": _SAMPLES, "stuck_after": 0, "pins": self._header}

    async def produce(self) -> Observation:
        self.former.add(self._read())
        self._chip.load_g = float(next(self._grams))
        return self._read()

    def _read(self) -> SensorRead:
        return SensorRead("", Measure.WEIGHT, float(self._chip.counts()), is_raw=True)

    async def unplug(self) -> None:
        self._chip.fail(FaultKind.UNPLUGGED)

    async def replug(self) -> None:
        self._chip.heal()

    async def garble(self) -> None:
        # One sample of it: two in a window would be a weight, for 24 random bits are one.
        self._chip.hold()
        self._chip.fail(FaultKind.GARBAGE)
        self._chip.convert(1)

    async def silence(self) -> None:
        self._chip.fail(FaultKind.SILENT)

    async def heal(self) -> None:
        self._chip.heal()
        self._chip.let_go()

    async def close(self) -> None: ...
