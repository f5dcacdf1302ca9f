"""A card reader that types decimal numbers from their other end, a new card each time."""

from __future__ import annotations

from itertools import count
from typing import Any

from devices.observations import CardTapped, CardUid, Observation
from devices.virtual.faults import FaultKind
from devices.virtual.wedge import VirtualWedge
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "uid_wedge"


def harness(place: HarnessPlace) -> Harness:
    return UidWedgeHarness(place)


class UidWedgeHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._wedge = VirtualWedge(place.folder / "by-id" / "usb-reader-event-kbd", layout="de")
        self.twin = self._wedge
        self._numbers = count(0x04A1_0000)

    async def open(self) -> None:
        self._wedge.plug()

    def settings(self) -> dict[str, Any]:
        return {
            "path": self._wedge.path,
            "layout": "de",
            "number": "decimal",
            "byte_order": "reversed",
            "silence_s": 0.1,
        }

    async def produce(self) -> Observation:
        number = next(self._numbers).to_bytes(4, "big")
        self._wedge.type(f"{int.from_bytes(number, 'little'):010d}")
        return CardTapped(CardUid(number), "typed-uid")

    async def unplug(self) -> None:
        self._wedge.unplug()

    async def replug(self) -> None:
        self._wedge.plug()

    async def garble(self) -> None:
        self._wedge.fail(FaultKind.GARBAGE)

    async def silence(self) -> None:
        """A reader without a card is silent anyway."""

    async def heal(self) -> None:
        self._wedge.heal()

    async def close(self) -> None:
        self._wedge.unplug()
