"""A scanner that types into a FIFO, a new code each time."""

from __future__ import annotations

from itertools import count
from typing import Any

from devices.observations import CodeScanned, Observation
from devices.virtual.faults import FaultKind
from devices.virtual.wedge import VirtualWedge
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "wedge_scanner"


def harness(place: HarnessPlace) -> Harness:
    return WedgeHarness(place)


class WedgeHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._wedge = VirtualWedge(place.folder / "by-id" / "usb-scanner-event-kbd")
        self.twin = self._wedge
        self._numbers = count(1)

    async def open(self) -> None:
        self._wedge.plug()

    def settings(self) -> dict[str, Any]:
        return {"path": self._wedge.path, "silence_s": 0.1}

    async def produce(self) -> Observation:
        text = f"Code-{next(self._numbers)}"
        self._wedge.type(f"]Q1{text}")
        return CodeScanned(text, "qr")

    async def unplug(self) -> None:
        self._wedge.unplug()

    async def replug(self) -> None:
        self._wedge.plug()

    async def garble(self) -> None:
        self._wedge.fail(FaultKind.GARBAGE)

    async def silence(self) -> None:
        """A scanner that nobody uses is silent anyway."""

    async def heal(self) -> None:
        self._wedge.heal()

    async def close(self) -> None:
        self._wedge.unplug()
