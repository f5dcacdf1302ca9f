"""A door's contact on virtual pins, and somebody who opens and shuts the door."""

from __future__ import annotations

from typing import Any

from devices.observations import Observation
from devices.readings import Measure, SensorRead
from devices.virtual.gpio_header import VirtualHeader
from devices.virtual.wired import VirtualContact
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "gpio_contact"
_PIN = 17


def harness(place: HarnessPlace) -> Harness:
    return GpioContactHarness()


class GpioContactHarness:
    # A cut wire looks like an open door to every board: nothing tells them apart.
    abilities = frozenset({Ability.GARBLE})

    def __init__(self) -> None:
        self._header = VirtualHeader()
        self._contact = VirtualContact(self._header, _PIN)
        self.former: set[Observation] = set()

    async def open(self) -> None: ...

    def settings(self) -> dict[str, Any]:
        return {"pin": _PIN, "measure": "door", "debounce_s": 0.01, "pins": self._header}

    async def produce(self) -> Observation:
        self.former = {self._read(is_retained=True), self._read()}
        self._contact.go(high=not self._contact.is_high)
        return self._read()

    def _read(self, *, is_retained: bool = False) -> SensorRead:
        return SensorRead("", Measure.DOOR, float(self._contact.is_high), is_retained=is_retained)

    async def unplug(self) -> None: ...

    async def replug(self) -> None: ...

    async def garble(self) -> None:
        self._contact.bounce()

    async def silence(self) -> None: ...

    async def heal(self) -> None: ...

    async def close(self) -> None: ...
