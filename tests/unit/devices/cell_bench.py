"""A load cell on virtual pins, read bit by bit in virtual time, without a thread."""

from __future__ import annotations

import threading
from typing import Any

from devices.readings import Measure, SensorRead
from devices.shelf.hx711_frames import Flaw
from devices.shelf.hx711_line import Hx711Line
from devices.shelf.samples import Reading, Samples, Unusable
from devices.virtual.gpio_header import VirtualHeader
from devices.virtual.hx711_chip import LoadCell, VirtualHx711

DATA, CLOCK = 5, 6


class CellBench:
    """Chip, wires and reader. All time is the header's."""

    def __init__(
        self,
        *,
        gain: int = 128,
        rate_hz: int = 10,
        samples: int = 5,
        seed: int = 7,
        header: VirtualHeader | None = None,
        **cell: Any,
    ) -> None:
        self.header = header or VirtualHeader(pace=0)
        self.chip = VirtualHx711(self.header, data_pin=DATA, clock_pin=CLOCK, cell=LoadCell(**cell), seed=seed)
        self.chip.rate_hz = rate_hz
        self.line = Hx711Line(self.header, DATA, CLOCK, gain=gain, rate_hz=rate_hz)
        self.samples = Samples(samples, stuck_after=50)
        self._stop = threading.Event()

    def start(self) -> None:
        self.line.start(self._stop, timeout_s=2)

    def sample(self) -> int | Flaw:
        found = self.line.read(self._stop, timeout_s=2)
        assert found is not None
        return found

    def counts(self) -> int:
        found = self.sample()
        assert isinstance(found, int), found
        return found

    def next(self) -> SensorRead | Unusable:
        """What the driver would say next."""
        while True:
            taken = self.samples.take(self.sample())
            if isinstance(taken, Reading):
                return SensorRead("", Measure.WEIGHT, taken.counts, is_raw=True, noise=taken.noise)
            if taken is not None:
                return taken
