"""What the harnesses of both USB readers share: a reader on a socket, and a hand with a new card for every tap."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from devices.observations import CardTapped, CardUid, Observation
from devices.virtual.cards import Ntag213
from devices.virtual.faults import FaultKind
from devices.virtual.usb.reader import UsbChip, VirtualUsbReader
from tests.conformance.driver_harness import Ability, HarnessPlace

_READ_WITHIN_S = 20.0
_MISSES = 2


class UsbReaderHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace, chip: UsbChip) -> None:
        self._reader = VirtualUsbReader(place.folder / "reader", chip)
        self.twin = self._reader
        self._numbers = count(1)

    async def open(self) -> None:
        self._reader.start()

    def settings(self) -> dict[str, Any]:
        return {"port": str(self._reader.path)}

    async def produce(self) -> Observation:
        uid = b"\x04" + next(self._numbers).to_bytes(6, "big")
        # Two looks at the empty field, and one more that may have been under way: the last card has left.
        await asyncio.to_thread(self._reader.wait_until_looked, _MISSES + 1, timeout_s=_READ_WITHIN_S)
        with self._reader.holding(Ntag213(uid)):
            await asyncio.to_thread(self._reader.wait_until_read, timeout_s=_READ_WITHIN_S)
        return CardTapped(CardUid(uid), "nfc-a")

    async def unplug(self) -> None:
        await asyncio.to_thread(self._reader.fail, FaultKind.UNPLUGGED)

    async def replug(self) -> None:
        self._reader.heal()

    async def garble(self) -> None:
        self._reader.fail(FaultKind.GARBAGE)

    async def silence(self) -> None:
        self._reader.fail(FaultKind.SILENT)

    async def heal(self) -> None:
        self._reader.heal()

    async def close(self) -> None:
        await asyncio.to_thread(self._reader.stop)
