"""Counters: which reader, scanner, kiosk and till stand together, so that a tap belongs to a sale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counter:
    """One place where members are served. A device belongs to at most one counter."""

    name: str
    kiosk: str
    till: str
    readers: tuple[str, ...] = ()
    scanners: tuple[str, ...] = ()


class Counters:
    """Finds the counter of a device, a till or a kiosk."""

    def __init__(self, counters: Iterable[Counter]) -> None:
        self.all = tuple(counters)
        self._by_device = {device: c for c in self.all for device in (*c.readers, *c.scanners)}
        self._by_till = {c.till: c for c in self.all}
        self._by_kiosk = {c.kiosk: c for c in self.all}

    def of_device(self, device: str) -> str:
        """The counter of a reader or scanner; one that stands alone is a counter of its own."""
        counter = self._by_device.get(device)
        return counter.name if counter else device

    def of_till(self, till: str) -> str:
        """The counter of a till; one that stands alone is a counter of its own."""
        counter = self._by_till.get(till)
        return counter.name if counter else till

    def of_kiosk(self, kiosk: str) -> str:
        """The counter of a kiosk; one that stands alone is a counter of its own."""
        counter = self._by_kiosk.get(kiosk)
        return counter.name if counter else kiosk

    def till_at(self, counter: str) -> str | None:
        """The till of a counter, if it has one."""
        return next((c.till for c in self.all if c.name == counter), None)

    def kiosk_at(self, counter: str) -> str | None:
        """The kiosk of a counter, if it has one."""
        return next((c.kiosk for c in self.all if c.name == counter), None)
