"""A camera that reads codes held before it: bar codes, QR codes on phones and cards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from devices.cameras.frames import FrameSource, NewestFrame, OpenSource
from devices.cameras.opencv_frames import open_camera, shown_source
from devices.code_scanners.decode import decode
from devices.code_scanners.sightings import Sightings
from devices.device import DeviceFault, Driver, Trouble
from devices.observations import ConditionChanged, DeviceState, Observation
from devices.reading_thread import ReadingThread

_LOOK_S = 0.2
_DEGRADED_AFTER_S = 2.0


class CodeCameraSettings(BaseModel):
    """Settings of a camera that reads codes. Needs the extra ``vision``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        min_length=1,
        max_length=500,
        description="V4L2 number or path, rtsp:// or http:// address, film, or folder of pictures",
    )
    decode_per_s_max: float = Field(8.0, gt=0, le=60, description="Pictures looked at per second, at most")
    thorough_every_s: float = Field(1.0, gt=0, le=60, description="Seconds between looks that try everything")
    away_s: float = Field(3.0, ge=0, le=3_600, description="Seconds out of sight after which a code is told again")
    open_timeout_s: float = Field(5.0, gt=0, le=60, description="Seconds a camera may take to open")
    read_timeout_s: float = Field(5.0, gt=0, le=60, description="Seconds a stream may be silent before it is given up")
    frame_age_max_s: float = Field(20.0, gt=0, le=600, description="Seconds without a picture that make a fault")


class CodeCamera:
    """Looks at the newest picture again and again, in a thread; a dead capture is replaced meanwhile.

    ``open_source`` stands for the camera in place of the one the settings name.
    """

    def __init__(self, settings: CodeCameraSettings, *, open_source: OpenSource | None = None) -> None:
        self._settings = settings
        self._open_source = open_source or self._open_camera
        self._frames: NewestFrame | None = None
        self._thread: ReadingThread[Observation] | None = None

    def __repr__(self) -> str:
        state = f"reopened={self._frames.reopened}" if self._frames else "closed"
        return f"CodeCamera({shown_source(self._settings.source)!r}, {state})"

    async def __aenter__(self) -> Self:
        clock = asyncio.get_running_loop().time
        frames = NewestFrame(self._open_source, clock=clock, name="camera grab")
        frames.start()
        try:
            first = await asyncio.to_thread(frames.newer_than, 0, timeout_s=self._settings.open_timeout_s)
        except asyncio.CancelledError:
            frames.stop()
            raise
        if first is None:
            await asyncio.to_thread(frames.stop)
            raise frames.trouble or _no_pictures(self._settings, frames)
        self._frames = frames
        looking = _Looking(self._settings, frames, clock)
        self._thread = ReadingThread(looking.look, name="camera codes", interrupt=looking.hurry.set)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, frames = self._thread, self._frames
        self._thread = self._frames = None
        if thread is not None:
            await thread.stop()
        if frames is not None:
            await asyncio.to_thread(frames.stop)

    async def observations(self) -> AsyncIterator[Observation]:
        """Each code once while it is in view; a camera without pictures degrades, then fails."""
        if self._thread is None:
            raise DeviceFault("the camera is not open", remedy="enter the device before reading it")
        async for seen in self._thread.items():
            yield seen

    def _open_camera(self) -> FrameSource:
        settings = self._settings
        return open_camera(
            settings.source, open_timeout_s=settings.open_timeout_s, read_timeout_s=settings.read_timeout_s
        )


class _Looking:
    """What the thread does: wait for a newer picture, decode it, tell what is news."""

    def __init__(self, settings: CodeCameraSettings, frames: NewestFrame, clock: Callable[[], float]) -> None:
        self.hurry = threading.Event()
        self._settings = settings
        self._frames = frames
        self._clock = clock
        self._sightings = Sightings(settings.away_s)
        self._number = 0
        self._pause_s = 1 / settings.decode_per_s_max
        self._thorough_s = clock() - settings.thorough_every_s
        self._degraded = False

    def look(self) -> list[Observation]:
        """Take one look, waiting for it a fifth of a second at most. Raises :class:`DeviceFault` when all is dark."""
        began_s = self._clock()
        newest = self._frames.newer_than(self._number, timeout_s=_LOOK_S)
        if newest is None:
            return self._without_picture()
        self._number = newest.number
        told: list[Observation] = []
        if self._degraded:
            self._degraded = False
            told.append(ConditionChanged(DeviceState.ONLINE, "pictures are coming again"))
        thorough = began_s - self._thorough_s >= self._settings.thorough_every_s
        told += self._sightings.see(decode(newest.frame, thorough=thorough), newest.taken_s)
        if thorough:
            self._thorough_s = began_s
        self.hurry.wait(max(0.0, self._pause_s - (self._clock() - began_s)))
        return told

    def _without_picture(self) -> list[Observation]:
        if self._frames.age_s > self._settings.frame_age_max_s:
            raise _no_pictures(self._settings, self._frames)
        if self._degraded or self._frames.age_s < _DEGRADED_AFTER_S:
            return []
        self._degraded = True
        trouble = self._frames.trouble
        reason = trouble.reason if trouble else "no picture comes"
        told = f"{shown_source(self._settings.source)}: {reason}"
        return [ConditionChanged(DeviceState.DEGRADED, told, _key(trouble))]


def _no_pictures(settings: CodeCameraSettings, frames: NewestFrame) -> DeviceFault:
    why = f" ({frames.trouble.reason})" if frames.trouble else ""
    return DeviceFault(
        f"{shown_source(settings.source)}: no picture for {frames.age_s:.0f} s{why}",
        remedy="check the camera's power, cable and network",
        key=_key(frames.trouble),
    )


def _key(trouble: DeviceFault | None) -> Trouble:
    return (trouble and trouble.key) or Trouble.SILENT


DRIVER: Driver[CodeCameraSettings] = Driver(
    name="code_camera",
    summary="Camera that reads bar codes and QR codes",
    settings=CodeCameraSettings,
    open=CodeCamera,
)
