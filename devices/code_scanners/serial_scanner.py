"""A hand or counter scanner on a serial line (USB CDC or RS-232), read through pyserial."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import termios
from collections.abc import AsyncIterator, Callable
from functools import partial
from types import TracebackType
from typing import Literal, Self

import serial
from pydantic import BaseModel, ConfigDict, Field

from devices.code_scanners.hearing import Hearing, Line, code_or_complaint
from devices.code_scanners.lines import LineFormat, LineFramer
from devices.device import DeviceFault, Driver, Trouble
from devices.observations import Observation
from devices.reading_thread import ReadingThread

_READ_BYTES_MAX = 4_096
# pyserial lets termios.error through on a vanished port, and that is not an OSError.
_LINE_ERRORS = (serial.SerialException, OSError, termios.error)


_CAUSES = {
    errno.ENOENT: (Trouble.GONE, "there is no such port", "plug the scanner in, or mend `port` (ls /dev/serial/by-id)"),
    errno.EACCES: (Trouble.FORBIDDEN, "not allowed to open it", "add the service's user to the group dialout"),
    errno.EBUSY: (Trouble.BUSY, "another program has it open", "stop the other program, or give each scanner its port"),
    errno.EAGAIN: (
        Trouble.BUSY,
        "another program has it open",
        "stop the other program, or give each scanner its port",
    ),
}


class SerialScannerSettings(BaseModel):
    """Settings of a serial scanner; everything but the port fits most scanners as they are sold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str = Field(min_length=1, description="Serial port, best by its fixed name: /dev/serial/by-id/…")
    baud: int = Field(9_600, ge=300, le=4_000_000, description="Line speed in bit/s; USB scanners ignore it")
    prefix: str = Field("", max_length=16, description="Sent before each code; a line without it is dropped")
    suffix: str = Field(
        "", max_length=16, description="Characters that end a code; empty: carriage return, line feed or both"
    )
    encoding: Literal["utf-8", "gb18030", "latin-1"] = Field("utf-8", description="How the scanner encodes text")
    aim_ids: bool = Field(default=True, description="Take ]Q1, ]E0 … at the start of a code as its AIM identifier")
    debounce_s: float = Field(1.0, ge=0, le=60, description="Seconds in which the same code is not told again")
    silence_s: float = Field(0.5, gt=0, le=10, description="Seconds of silence after which half a code is dropped")

    def line_format(self) -> LineFormat:
        """The framing these settings describe."""
        return LineFormat(self.prefix.encode(), self.suffix.encode(), self.encoding, self.aim_ids)


class SerialScanner:
    """One scanner on one serial port, read in a thread of its own. ``dropped`` counts lines that were no code."""

    def __init__(self, settings: SerialScannerSettings, *, clock: Callable[[], float] | None = None) -> None:
        self._settings = settings
        self._hearing = Hearing(
            partial(code_or_complaint, place=settings.port, unit="bytes"),
            reads="codes",
            check="Check baud, prefix, suffix and encoding against the scanner's set-up",
        )
        self._clock = clock
        self._port: serial.Serial | None = None
        self._thread: ReadingThread[Line] | None = None

    def __repr__(self) -> str:
        state = "open" if self._port is not None else "closed"
        return f"SerialScanner({self._settings.port!r}, {state}, dropped={self.dropped})"

    @property
    def dropped(self) -> int:
        """Lines that were no code, since it was made."""
        return self._hearing.dropped

    async def __aenter__(self) -> Self:
        try:
            port = await asyncio.to_thread(self._open)
        except _LINE_ERRORS as error:
            raise _fault(self._settings.port, error) from error
        framer = LineFramer(self._settings.line_format())
        self._port = port
        self._thread = ReadingThread(
            lambda: _read(port, framer), name=f"scanner {self._settings.port}", interrupt=port.cancel_read
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, port = self._thread, self._port
        self._thread = self._port = None
        if thread is not None:
            await thread.stop()
        if port is not None:
            with contextlib.suppress(*_LINE_ERRORS):
                await asyncio.to_thread(port.close)

    async def observations(self) -> AsyncIterator[Observation]:
        """Codes as they are scanned; a line that was no code is told as a condition, and counted."""
        if self._thread is None:
            raise DeviceFault("the scanner is not open", remedy="enter the device before reading it")
        now_s = self._clock or asyncio.get_running_loop().time
        said = self._hearing.observations(self._thread.items(), debounce_s=self._settings.debounce_s, now_s=now_s)
        try:
            async for seen in said:
                yield seen
        except _LINE_ERRORS as error:
            raise _fault(self._settings.port, error) from error

    def _open(self) -> serial.Serial:
        settings = self._settings
        return serial.Serial(settings.port, settings.baud, timeout=settings.silence_s, exclusive=True)


def _read(port: serial.Serial, framer: LineFramer) -> list[Line]:
    """Wait for bytes as long as the port's timeout, the silence after which half a code is given up."""
    data = port.read(max(1, min(port.in_waiting, _READ_BYTES_MAX)))
    return framer.feed(data) if data else framer.silence()


def _fault(port: str, error: BaseException) -> DeviceFault:
    """The fault to show, with what to try."""
    number = getattr(error, "errno", None) or 0
    otherwise = (Trouble.GONE, f"the line broke ({error})", "check the cable and plug the scanner in again")
    key, reason, remedy = _CAUSES.get(number, otherwise)
    return DeviceFault(f"{port}: {reason}", remedy=remedy, key=key)


DRIVER: Driver[SerialScannerSettings] = Driver(
    name="serial_scanner",
    summary="Bar code and QR scanner on a serial port",
    settings=SerialScannerSettings,
    open=SerialScanner,
)
