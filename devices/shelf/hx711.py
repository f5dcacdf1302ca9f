"""A load cell on an HX711 at the board's pins, read in a thread of its own.

Python cannot promise the chip's timing, so it measures it: each pulse is timed, a sample with a late one is dropped and
counted, and a reading is the median of several samples. Raw counts come out; a calibration makes them grams.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from devices.device import DeviceFault, Driver
from devices.gpio.header import PinNumber, Pins, header_of, pin_faults
from devices.observations import ConditionChanged, DeviceState, Observation
from devices.reading_thread import ReadingThread
from devices.readings import Measure, SensorRead
from devices.shelf.hx711_line import Hx711Line
from devices.shelf.samples import Reading, Samples, Unusable


class Hx711Settings(BaseModel):
    """Settings of a load cell at the pins; the chip's data sheet calls them DOUT, PD_SCK and RATE."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    data_pin: PinNumber = Field(description="GPIO number of the pin at DOUT (or DT)")
    clock_pin: PinNumber = Field(description="GPIO number of the pin at PD_SCK (or SCK)")
    gain: Literal[128, 64, 32] = Field(128, description="Gain: 128 or 64 for input A, 32 for input B")
    rate_hz: Literal[10, 80] = Field(10, description="Samples a second, as the RATE pin is wired: low 10, high 80")
    samples: int = Field(5, ge=1, le=100, description="Samples whose median is one reading")
    stuck_after: int = Field(
        50, ge=0, le=10_000, description="Equal samples in a row after which it is not believed any more; 0: never"
    )
    timeout_s: float = Field(2.0, ge=0.5, le=60, description="Silence after which the chip is opened anew")
    pins: Pins = Field("lgpio", description="Library that drives the pins: lgpio, or rpigpio; the same for all devices")

    @property
    def place(self) -> str:
        """The device's pins in words."""
        return f"HX711 at GPIO {self.data_pin} (data) and {self.clock_pin} (clock)"


class _Started:
    """The chip answered for the first time."""


_Said = Reading | Unusable | _Started


class Hx711:
    """One load cell. ``late`` counts samples dropped because this machine was too slow."""

    def __init__(self, settings: Hx711Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._line: Hx711Line | None = None
        self._thread: ReadingThread[_Said] | None = None

    def __repr__(self) -> str:
        state = "open" if self._thread is not None else "closed"
        return f"Hx711({self._settings.place}, {state}, late={self.late})"

    @property
    def late(self) -> int:
        """Samples dropped because a pulse took too long."""
        return self._line.late if self._line else 0

    async def __aenter__(self) -> Self:
        settings = self._settings
        header = await header_of(settings.pins)
        with pin_faults(settings.place):
            line = self._line = Hx711Line(
                header, settings.data_pin, settings.clock_pin, gain=settings.gain, rate_hz=settings.rate_hz
            )
            self._stop.clear()
            self._thread = ReadingThread(
                _Turns(line, settings, self._stop), name=settings.place, interrupt=self._stop.set
            )
            try:
                async with aclosing(self._thread.items()) as items:
                    await anext(items)
            except BaseException:
                await self._close()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def observations(self) -> AsyncIterator[Observation]:
        """Raw weights as they are read; a condition where there is nothing to read."""
        if self._thread is None:
            raise DeviceFault("the load cell is not open", remedy="enter the device before reading it")
        complaint = ""
        with pin_faults(self._settings.place):
            async for found in self._thread.items():
                if isinstance(found, Unusable):
                    if found.reason != complaint:
                        complaint = found.reason
                        yield ConditionChanged(DeviceState.DEGRADED, complaint, found.key)
                elif isinstance(found, Reading):
                    if complaint:
                        complaint = ""
                        yield ConditionChanged(DeviceState.ONLINE, "")
                    yield SensorRead("", Measure.WEIGHT, found.counts, is_raw=True, noise=found.noise)

    async def _close(self) -> None:
        thread, line = self._thread, self._line
        self._thread = self._line = None
        if thread is not None:
            await thread.stop()
        if line is not None:
            line.close()


class _Turns:
    """What the thread does again and again: first start the chip, then take a sample."""

    def __init__(self, line: Hx711Line, settings: Hx711Settings, stop: threading.Event) -> None:
        self._line = line
        self._stop = stop
        self._timeout_s = settings.timeout_s
        self._samples = Samples(settings.samples, stuck_after=settings.stuck_after)
        self._has_started = False

    def __call__(self) -> list[_Said]:
        if not self._has_started:
            self._line.start(self._stop, timeout_s=self._timeout_s)
            self._has_started = True
            return [_Started()]
        found = self._line.read(self._stop, timeout_s=self._timeout_s)
        taken = None if found is None else self._samples.take(found)
        if isinstance(taken, Unusable) and taken.is_fault:
            remedy = "check the wires of data and clock, and its power"
            raise DeviceFault(taken.reason, remedy=remedy, key=taken.key)
        return [] if taken is None else [taken]


DRIVER: Driver[Hx711Settings] = Driver(
    name="hx711",
    summary="Load cell under a shelf, on an HX711 at the board's pins",
    settings=Hx711Settings,
    open=Hx711,
)
