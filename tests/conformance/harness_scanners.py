"""A hand scanner on a pty, scanning a new code each time."""

from __future__ import annotations

from itertools import count
from typing import Any

from devices.observations import CodeScanned, Observation
from devices.virtual.scanner import VirtualScanner
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "serial_scanner"


def harness(place: HarnessPlace) -> Harness:
    return ScannerHarness(place)


class ScannerHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._scanner = VirtualScanner(place.folder / "by-id" / "usb-scanner")
        self.twin = self._scanner
        self._numbers = count(1)

    async def open(self) -> None:
        self._scanner.plug()

    def settings(self) -> dict[str, Any]:
        return {"port": str(self._scanner.port.link)}

    async def produce(self) -> Observation:
        text = f"code-{next(self._numbers)}"
        self._scanner.scan(text, aim_id="]Q1")
        return CodeScanned(text, "qr")

    async def unplug(self) -> None:
        self._scanner.unplug()

    async def replug(self) -> None:
        self._scanner.plug()

    async def garble(self) -> None:
        self._scanner.noise(b"\xff\x00\x1b[2J\r\n\r\r\n" + bytes(range(1, 13)) + b"\r" + b"\x80" * 9_000 + b"\r\n")

    async def silence(self) -> None:
        """A scanner that nobody uses is silent anyway."""

    async def heal(self) -> None:
        """Noise ends by itself."""

    async def close(self) -> None:
        self._scanner.unplug()
