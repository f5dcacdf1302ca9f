"""A till that writes a new CSV file for each sale into a folder."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from devices.observations import Observation, SaleCompleted, SaleLine
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "till_folder"
_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def harness(place: HarnessPlace) -> Harness:
    return FolderHarness(place)


class FolderHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._folder = place.folder / "sales"
        self._away = place.folder / "share-gone"
        self._numbers = count(1)

    async def open(self) -> None:
        await asyncio.to_thread(self._folder.mkdir)

    def settings(self) -> dict[str, Any]:
        # A sale that was shown and never became durable would, rightly, be shown again.
        for path in self._folder.glob("*.csv"):
            path.unlink()
        return {"folder": self._folder, "till": "till-1", "currency": "GBP", "poll_s": 0.02}

    async def produce(self) -> Observation:
        number = next(self._numbers)
        row = f"{number},85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
        await asyncio.to_thread(self._drop, f"{number}.csv", f"{_HEADER}\n{row}\n".encode())
        line = SaleLine("85123A", "LANTERN", 6, 255)
        return SaleCompleted(str(number), "till-1", "GBP", 1_530, (line,), datetime(2010, 12, 1, 8, 26, tzinfo=UTC))

    async def unplug(self) -> None:
        await asyncio.to_thread(self._folder.rename, self._away)

    async def replug(self) -> None:
        await asyncio.to_thread(self._away.rename, self._folder)

    async def garble(self) -> None:
        broken = f'{_HEADER}\n1,"broken\n2,A,B,six,yesterday,free,,\n,,,,,,,\n'.encode() + b"\xff\xfe\x00\n"
        await asyncio.to_thread(self._drop, "broken.csv", broken)
        await asyncio.to_thread(self._drop, "noise.csv", bytes(range(256)) * 50)

    async def silence(self) -> None:
        """A till that sells nothing is silent anyway."""

    async def heal(self) -> None:
        """Nothing to end: broken files are moved out of the way."""

    async def close(self) -> None:
        """The folder belongs to the test."""

    def _drop(self, name: str, content: bytes) -> None:
        partial: Path = self._folder / f"{name}.tmp"
        partial.write_bytes(content)
        partial.rename(self._folder / name)
