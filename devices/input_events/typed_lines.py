"""A device that types: its source, its decoder and its reading thread, which together yield typed lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from devices.code_scanners.lines import Dropped, LineFormat, LineFramer, ScannedLine
from devices.device import DeviceFault
from devices.input_events.events import NATIVE, EventDecoder, TimeBits
from devices.input_events.layouts import LAYOUTS
from devices.input_events.source import InputSource
from devices.input_events.typist import END, Suffix, Typist
from devices.reading_thread import ReadingThread

LayoutName = Literal["us", "uk", "de", "fr"]


class TypingSettings(BaseModel):
    """What all devices that type have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="Input device, by its fixed name: /dev/input/by-id/…-event-kbd")
    layout: LayoutName = Field(default="us", description="Keyboard layout it types for: us, uk, de or fr (AZERTY)")
    suffix: Suffix = Field(default=Suffix.ENTER, description="Key that ends what it reads: enter, tab or either")
    grab: bool = Field(
        default=True, description="Have it alone, so that what it types does not also reach a window or a console"
    )
    time_bits: Literal[32, 64] | None = Field(
        default=None, description="Width of the kernel's time words in its events; leave it out for this machine's own"
    )
    debounce_s: float = Field(default=1.0, ge=0, le=60, description="Seconds in which the same is not told again")
    silence_s: float = Field(
        default=0.5, gt=0, le=10, description="Seconds of silence after which half a line is dropped"
    )


class LineTyping:
    """Key events to lines, without I/O: decoder, typist and line framer in a row."""

    def __init__(self, settings: TypingSettings, line_format: LineFormat) -> None:
        bits = NATIVE if settings.time_bits is None else TimeBits(settings.time_bits)
        self._events = EventDecoder(bits)
        self._typist = Typist(LAYOUTS[settings.layout], settings.suffix)
        self._framer = LineFramer(line_format)

    def feed(self, data: bytes) -> list[ScannedLine | Dropped]:
        """Take the next bytes of the device; returns the lines they complete."""
        typed = self._typist.feed(self._events.feed(data))
        return self._framer.feed(typed.encode()) if typed else []

    def silence(self) -> list[ScannedLine | Dropped]:
        """Nothing came for a while: half a line will not be completed any more."""
        self._events.silence()
        self._typist.silence()
        return self._framer.silence()


def typed_format(*, prefix: str = "", aim_ids: bool = False) -> LineFormat:
    """The framing of what is typed: UTF-8, one line feed at the end."""
    return LineFormat(prefix.encode(), END.encode(), "utf-8", aim_ids)


class TypingPort:
    """The open device. ``lines()`` yields what is typed until it fails with :class:`DeviceFault`."""

    def __init__(self, settings: TypingSettings, line_format: LineFormat) -> None:
        self._settings = settings
        self._format = line_format
        self._source: InputSource | None = None
        self._thread: ReadingThread[ScannedLine | Dropped] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be read."""
        return self._thread is not None

    @property
    def complaint(self) -> str:
        """Why what it types may also reach others; empty where it does not."""
        return self._source.complaint if self._source is not None else ""

    async def __aenter__(self) -> Self:
        settings = self._settings
        # Opening an input device never waits for hardware.
        source = InputSource(settings.path, grab=settings.grab)
        typing = LineTyping(settings, self._format)
        self._source = source

        def read() -> list[ScannedLine | Dropped]:
            data = source.read(timeout_s=settings.silence_s)
            return typing.feed(data) if data else typing.silence()

        self._thread = ReadingThread(read, name=f"input {settings.path.name}", interrupt=source.interrupt)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, source = self._thread, self._source
        self._thread = self._source = None
        if thread is not None and source is not None and await thread.stop():
            await asyncio.to_thread(source.close)

    def lines(self) -> AsyncIterator[ScannedLine | Dropped]:
        """Lines and what was none, as they come. Raises :class:`DeviceFault` when it is not open."""
        if self._thread is None:
            raise DeviceFault(f"{self._settings.path}: is not open", remedy="enter the device before reading it")
        return self._thread.items()
