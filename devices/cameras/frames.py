"""The newest picture of a camera, whatever happens to the camera.

A grab thread reads as fast as the camera sends and keeps one picture: whoever looks sees now, not a
queue of the past. A capture that died never recovers, so it is closed and a new one opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from devices.device import DeviceFault

Frame = npt.NDArray[np.uint8]
"""Height × width × 3 bytes (blue, green, red), or height × width (grey)."""

_STOP_S = 0.5


class FrameSource(Protocol):
    """An open camera, stream, film or folder of pictures. Used by one thread."""

    def read(self) -> Frame | None:
        """Wait for the next picture; ``None`` when there will be no more."""

    def close(self) -> None: ...


OpenSource = Callable[[], FrameSource]
"""Opens the camera again, each time from the beginning. Raises :class:`DeviceFault`."""


@dataclass(frozen=True, slots=True)
class NumberedFrame:
    """A picture, the how-manieth it is, and when it came (seconds of the clock that was passed in)."""

    number: int
    taken_s: float
    frame: Frame


class NewestFrame:
    """Grabs in a thread from ``start`` to ``stop``. ``reopened`` counts captures that had to be replaced."""

    def __init__(self, open_source: OpenSource, *, clock: Callable[[], float], name: str, pause_s: float = 0.5) -> None:
        self.reopened = 0
        self.trouble: DeviceFault | None = None
        self._open_source = open_source
        self._clock = clock
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._fresh = threading.Condition()
        self._newest: NumberedFrame | None = None
        self._alive_s = clock()
        self._thread = threading.Thread(target=self._grab, name=name, daemon=True)

    def start(self) -> None:
        """Open the camera and begin; what goes wrong is in ``trouble``."""
        self._thread.start()

    def stop(self) -> bool:
        """End the thread. One that is stuck in the camera is left behind and closes it when it comes back."""
        self._stopping.set()
        with self._fresh:
            self._fresh.notify_all()
        self._thread.join(_STOP_S)
        return not self._thread.is_alive()

    @property
    def age_s(self) -> float:
        """Seconds since the last picture, or since the beginning when there was none yet."""
        return self._clock() - self._alive_s

    def newer_than(self, number: int, *, timeout_s: float) -> NumberedFrame | None:
        """Wait for a picture after ``number`` (0: any).

        ``None`` after ``timeout_s``, when the camera could not be opened at all, and when stopped.
        """
        with self._fresh:
            self._fresh.wait_for(lambda: self._is_news(number) or self._stopping.is_set(), timeout_s)
            return self._newest if self._newest and self._newest.number > number else None

    def _is_news(self, number: int) -> bool:
        if self._newest is None:
            return self.trouble is not None
        return self._newest.number > number

    def _grab(self) -> None:
        while not self._stopping.is_set():
            try:
                source = self._open_source()
            except DeviceFault as fault:
                self._tell_trouble(fault)
            else:
                try:
                    self._grab_from(source)
                finally:
                    source.close()
                self.reopened += 1
            self._stopping.wait(self._pause_s)

    def _grab_from(self, source: FrameSource) -> None:
        while not self._stopping.is_set():
            frame = source.read()
            if frame is None:
                self._tell_trouble(DeviceFault("the camera stopped sending", remedy="check its power and its network"))
                return
            with self._fresh:
                number = self._newest.number + 1 if self._newest else 1
                self._alive_s = self._clock()
                self.trouble = None
                self._newest = NumberedFrame(number, self._alive_s, frame)
                self._fresh.notify_all()

    def _tell_trouble(self, fault: DeviceFault) -> None:
        with self._fresh:
            self.trouble = fault
            self._fresh.notify_all()
