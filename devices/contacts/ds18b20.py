"""A DS18B20 thermometer on the board's 1-wire bus, read through the kernel's file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from devices.contacts.w1_text import LENGTH_MAX, NoTemperature, temperature
from devices.device import DeviceFault, Driver, Trouble
from devices.observations import ConditionChanged, DeviceState, Observation
from devices.reading_thread import ReadingThread
from devices.readings import Measure, SensorFound, SensorRead

BAD_ANSWERS_MAX = 3
"""Bad answers in a row that are passed over: long wires have one now and then."""


class Ds18b20Settings(BaseModel):
    """Settings of a 1-wire thermometer. Its number is in its path, so it is found again wherever it is wired."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="The kernel's file of it: /sys/bus/w1/devices/28-…/w1_slave")
    interval_s: float = Field(10.0, ge=0.01, le=3_600, description="Seconds between two readings")


class Ds18b20:
    """One thermometer, read in a thread of its own: the kernel takes most of a second for each answer."""

    def __init__(self, settings: Ds18b20Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._pause_s = 0.0
        self._thread: ReadingThread[float | NoTemperature] | None = None

    def __repr__(self) -> str:
        return f"Ds18b20({str(self._settings.path)!r}, {'open' if self._thread else 'closed'})"

    async def __aenter__(self) -> Self:
        path = self._settings.path
        try:
            await asyncio.to_thread(path.stat)
        except OSError as error:
            raise _fault(path, error) from error
        self._stop.clear()
        self._pause_s = 0.0
        self._thread = ReadingThread(self._read, name=f"thermometer {path}", interrupt=self._stop.set)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            await thread.stop()

    async def observations(self) -> AsyncIterator[Observation]:
        """How often it measures, then temperatures; a condition when several answers in a row were none."""
        if self._thread is None:
            raise DeviceFault("the thermometer is not open", remedy="enter the device before reading it")
        yield SensorFound("", Measure.TEMPERATURE, product="DS18B20", interval_s=self._settings.interval_s)
        bad = 0
        try:
            async for found in self._thread.items():
                if isinstance(found, NoTemperature):
                    bad += 1
                    if bad == BAD_ANSWERS_MAX:
                        yield ConditionChanged(DeviceState.DEGRADED, found.value, key=Trouble.GARBLED)
                    continue
                if bad >= BAD_ANSWERS_MAX:
                    yield ConditionChanged(DeviceState.ONLINE, "")
                bad = 0
                yield SensorRead("", Measure.TEMPERATURE, found)
        except OSError as error:
            raise _fault(self._settings.path, error) from error

    def _read(self) -> list[float | NoTemperature]:
        if self._stop.wait(self._pause_s):
            return []
        self._pause_s = self._settings.interval_s
        with self._settings.path.open(encoding="ascii", errors="replace") as file:
            return [temperature(file.read(LENGTH_MAX + 1))]


def _fault(path: Path, error: OSError) -> DeviceFault:
    match error:
        case DeviceFault():
            return error
        case FileNotFoundError():
            remedy = "check the wires, that dtoverlay=w1-gpio is in config.txt, and `path` (ls /sys/bus/w1/devices)"
            return DeviceFault(f"{path}: there is no such thermometer", remedy=remedy, key=Trouble.GONE)
        case PermissionError():
            remedy = "let the service's user read the file"
            return DeviceFault(f"{path}: not allowed to read it", remedy=remedy, key=Trouble.FORBIDDEN)
    remedy = "check the wires, the 4.7 kΩ resistor between data and 3.3 V, and the length of the cable"
    return DeviceFault(f"{path}: it does not answer ({error.strerror})", remedy=remedy, key=Trouble.SILENT)


DRIVER: Driver[Ds18b20Settings] = Driver(
    name="ds18b20",
    summary="Thermometer on the board's 1-wire bus",
    settings=Ds18b20Settings,
    open=Ds18b20,
)
