"""A PN532 on a pty, and a hand with a new card for every tap."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from devices.observations import CardTapped, CardUid, Observation
from devices.virtual.cards import Ntag213
from devices.virtual.faults import FaultKind
from devices.virtual.pn532_chip import VirtualPn532
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "pn532"
_READ_WITHIN_S = 20.0


def harness(place: HarnessPlace) -> Harness:
    return Pn532Harness(place)


class Pn532Harness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._chip = VirtualPn532(place.folder / "by-id" / "usb-reader")
        self.twin = self._chip
        self._numbers = count(1)

    async def open(self) -> None:
        self._chip.start()

    def settings(self) -> dict[str, Any]:
        return {"path": str(self._chip.port.link)}

    async def produce(self) -> Observation:
        uid = b"\x04" + next(self._numbers).to_bytes(6, "big")
        # Presented from the event loop: a cancelled production must not hold up its card later.
        await asyncio.to_thread(self._chip.wait_until_waiting, timeout_s=_READ_WITHIN_S)
        with self._chip.holding(Ntag213(uid)):
            await asyncio.to_thread(self._chip.wait_until_read, timeout_s=_READ_WITHIN_S)
        return CardTapped(CardUid(uid), "nfc-a")

    async def unplug(self) -> None:
        self._chip.fail(FaultKind.UNPLUGGED)

    async def replug(self) -> None:
        self._chip.heal()

    async def garble(self) -> None:
        self._chip.fail(FaultKind.GARBAGE)

    async def silence(self) -> None:
        self._chip.fail(FaultKind.SILENT)

    async def heal(self) -> None:
        self._chip.heal()

    async def close(self) -> None:
        self._chip.stop()
