"""A card reader that types the card's number like a keyboard: cheap, slow, and good for plain numbers only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Literal, Self

from pydantic import Field

from devices.code_scanners.lines import ScannedLine
from devices.code_scanners.repeats import Repeats
from devices.device import Driver, Trouble
from devices.input_events.typed_lines import TypingPort, TypingSettings, typed_format
from devices.input_events.uids import UidFormat
from devices.input_events.wedge_scanner import shared
from devices.observations import CardTapped, CardUid, ConditionChanged, DeviceState, Observation

TECHNOLOGY = "typed-uid"


class UidWedgeSettings(TypingSettings):
    """Where the reader is, and how it writes a card's number.

    A card has the same number here as at another reader only if this says how the number is written.
    """

    number: Literal["hexadecimal", "decimal"] = Field(
        default="hexadecimal", description="How it types a card's number: hexadecimal or decimal"
    )
    byte_order: Literal["as-sent", "reversed"] = Field(
        default="as-sent", description="Whether the bytes of the number come in the card's order or from its other end"
    )
    uid_bytes: int = Field(
        default=4, ge=4, le=10, description="How many bytes a decimal number stands for; hexadecimal shows it itself"
    )

    def uid_format(self) -> UidFormat:
        """How to read what is typed."""
        return UidFormat(self.number, self.byte_order, self.uid_bytes)


class UidWedge:
    """One reader. ``dropped`` counts lines that were no card's number."""

    def __init__(self, settings: UidWedgeSettings, *, clock: Callable[[], float] | None = None) -> None:
        self.dropped = 0
        self._settings = settings
        self._clock = clock
        self._port = TypingPort(settings, typed_format())

    def __repr__(self) -> str:
        state = "open" if self._port.is_open else "closed"
        return f"UidWedge({str(self._settings.path)!r}, {state}, dropped={self.dropped})"

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._port.__aexit__(kind, error, trace)

    async def observations(self) -> AsyncIterator[Observation]:
        """A tap for each card; a line that was no card's number is told as a condition, and counted."""
        lines = self._port.lines()
        now_s = self._clock or asyncio.get_running_loop().time
        repeats = Repeats(self._settings.debounce_s)
        uid_format = self._settings.uid_format()
        if self._port.complaint:
            yield ConditionChanged(DeviceState.DEGRADED, shared(self._port.complaint), Trouble.SHARED)
        is_degraded = False
        async for line in lines:
            uid = uid_format.uid(line.text) if isinstance(line, ScannedLine) else None
            if uid is None:
                self.dropped += 1
                if not is_degraded:
                    is_degraded = True
                    yield ConditionChanged(DeviceState.DEGRADED, self._complaint(), Trouble.GARBLED)
                continue
            if is_degraded:
                is_degraded = False
                yield ConditionChanged(DeviceState.ONLINE, f"reads cards again; dropped so far: {self.dropped}")
            if repeats.is_new(_key(uid), now_s()):
                yield CardTapped(uid, TECHNOLOGY)

    def _complaint(self) -> str:
        return (
            f"{self._settings.path}: typed something that is no card's number; dropped so far: {self.dropped}. "
            "Check number, uid_bytes, layout and suffix against what it types into a text editor"
        )


def _key(uid: CardUid) -> str:
    return uid.number.hex()


DRIVER: Driver[UidWedgeSettings] = Driver(
    name="uid_wedge",
    summary="Card reader that types card numbers like a USB keyboard",
    settings=UidWedgeSettings,
    open=UidWedge,
)
