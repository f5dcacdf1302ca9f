"""A code scanner that types like a keyboard: the cheapest there is, and most as they come out of their box."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from pydantic import Field

from devices.code_scanners.lines import Dropped
from devices.code_scanners.repeats import Repeats
from devices.device import Driver, Trouble
from devices.input_events.typed_lines import TypingPort, TypingSettings, typed_format
from devices.observations import CodeScanned, ConditionChanged, DeviceState, Observation


class WedgeScannerSettings(TypingSettings):
    """Where the scanner is and how it is set up."""

    prefix: str = Field(default="", max_length=16, description="Typed before each code; a line without it is dropped")
    aim_ids: bool = Field(default=True, description="Take ]Q1, ]E0 … at the start of a code as its AIM identifier")


class WedgeScanner:
    """One scanner. ``dropped`` counts lines that were no code."""

    def __init__(self, settings: WedgeScannerSettings, *, clock: Callable[[], float] | None = None) -> None:
        self.dropped = 0
        self._settings = settings
        self._clock = clock
        self._port = TypingPort(settings, typed_format(prefix=settings.prefix, aim_ids=settings.aim_ids))

    def __repr__(self) -> str:
        state = "open" if self._port.is_open else "closed"
        return f"WedgeScanner({str(self._settings.path)!r}, {state}, dropped={self.dropped})"

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._port.__aexit__(kind, error, trace)

    async def observations(self) -> AsyncIterator[Observation]:
        """Codes as they are scanned; a line that was no code is told as a condition, and counted."""
        lines = self._port.lines()
        now_s = self._clock or asyncio.get_running_loop().time
        repeats = Repeats(self._settings.debounce_s)
        if self._port.complaint:
            yield ConditionChanged(DeviceState.DEGRADED, shared(self._port.complaint), Trouble.SHARED)
        is_degraded = False
        async for line in lines:
            if isinstance(line, Dropped):
                self.dropped += 1
                if not is_degraded:
                    is_degraded = True
                    yield ConditionChanged(DeviceState.DEGRADED, self._complaint(line), Trouble.GARBLED)
                continue
            if is_degraded:
                is_degraded = False
                yield ConditionChanged(DeviceState.ONLINE, f"reads codes again; dropped so far: {self.dropped}")
            if repeats.is_new(line.text, now_s()):
                yield CodeScanned(line.text, line.symbology)

    def _complaint(self, line: Dropped) -> str:
        return (
            f"{self._settings.path}: dropped {line.length_bytes} characters that were no code ({line.why}); "
            f"dropped so far: {self.dropped}. Check layout, suffix and prefix against the scanner's set-up"
        )


def shared(complaint: str) -> str:
    """What follows when the device is not ours alone."""
    return f"{complaint}: what it reads may also be typed into whatever has the keyboard"


DRIVER: Driver[WedgeScannerSettings] = Driver(
    name="wedge_scanner",
    summary="Bar code and QR scanner that types like a USB keyboard",
    settings=WedgeScannerSettings,
    open=WedgeScanner,
)
