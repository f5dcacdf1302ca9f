"""What all devices that type have in common, whatever it is that they type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from devices.code_scanners.hearing import Hearing
from devices.code_scanners.lines import LineFormat
from devices.device import Trouble
from devices.input_events.typed_lines import TypingPort, TypingSettings
from devices.observations import ConditionChanged, DeviceState, Observation


class TypingDevice:
    """One device that types. ``dropped`` counts lines that said nothing."""

    def __init__(
        self,
        settings: TypingSettings,
        line_format: LineFormat,
        hearing: Hearing,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._hearing = hearing
        self._clock = clock
        self._port = TypingPort(settings, line_format)

    def __repr__(self) -> str:
        state = "open" if self._port.is_open else "closed"
        return f"{type(self).__name__}({str(self._settings.path)!r}, {state}, dropped={self.dropped})"

    @property
    def dropped(self) -> int:
        """Lines that said nothing, since it was made."""
        return self._hearing.dropped

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._port.__aexit__(kind, error, trace)

    async def observations(self) -> AsyncIterator[Observation]:
        """What it types, as it means it; a line that says nothing is told as a condition, and counted."""
        lines = self._port.lines()
        now_s = self._clock or asyncio.get_running_loop().time
        if complaint := self._port.complaint:
            reason = f"{complaint}: what it reads may also be typed into whatever has the keyboard"
            yield ConditionChanged(DeviceState.DEGRADED, reason, Trouble.SHARED)
        async for said in self._hearing.observations(lines, debounce_s=self._settings.debounce_s, now_s=now_s):
            yield said
