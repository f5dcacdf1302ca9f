"""Cameras through OpenCV: V4L2, RTSP and HTTP streams, films, and folders of pictures.

OpenCV is the extra ``vision``. It is imported when a camera is opened and not before.
"""

from __future__ import annotations

import re
import threading
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from devices.cameras.frames import Frame, FrameSource
from devices.device import DeviceFault, Trouble

_V4L2_NUMBER = re.compile(r"[0-9]{1,3}")
_STREAM = re.compile(r"(rtsp|rtsps|http|https)://", re.IGNORECASE)
_CREDENTIALS = re.compile(r"//[^/@]*@")
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
_PICTURE_S = 0.2
_FRAMES_PER_S_USUALLY = 25.0
_FRAMES_PER_S_MAX = 120.0


def shown_source(source: str) -> str:
    """The source as it may be shown and logged: without the password in its address."""
    return _CREDENTIALS.sub("//…@", source)


def open_camera(source: str, *, open_timeout_s: float, read_timeout_s: float) -> FrameSource:
    """Open ``source``: a V4L2 number or path, an RTSP or HTTP address, a film, or a folder of pictures.

    A stream that falls silent is given up after ``read_timeout_s``; V4L2 has a limit of its own
    (10 s). Raises :class:`DeviceFault`, also when OpenCV is not installed.
    """
    cv2 = _opencv()
    path = Path(source)
    if path.is_dir():
        return PictureFolder(cv2, path)
    is_number = _V4L2_NUMBER.fullmatch(source) is not None
    if is_number or source.startswith("/dev/"):
        capture = cv2.VideoCapture(int(source) if is_number else source, cv2.CAP_V4L2)
        return _checked(cv2, capture, source, paced=False)
    is_stream = _STREAM.match(source) is not None
    if not is_stream and not path.is_file():
        remedy = "write a V4L2 number, /dev/video…, rtsp://…, http://…, a film or a folder of pictures"
        raise DeviceFault(f"{shown_source(source)}: there is no such camera", remedy=remedy, key=Trouble.GONE)
    limits = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(open_timeout_s * 1_000)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(read_timeout_s * 1_000)),
    ]
    return _checked(cv2, cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits), source, paced=not is_stream)


def _opencv() -> ModuleType:
    try:
        return import_module("cv2")
    except ImportError as error:
        remedy = "install the extra: pip install 'regulars[vision]'"
        reason = f"a camera needs OpenCV, which is not installed ({error})"
        raise DeviceFault(reason, remedy=remedy, key=Trouble.MISSING_SOFTWARE) from error


def _checked(cv2: ModuleType, capture: Any, source: str, *, paced: bool) -> FrameSource:
    if not capture.isOpened():
        capture.release()
        remedy = "check cable, power, address and password; `v4l2-ctl --list-devices` lists local cameras"
        reason = f"{shown_source(source)}: the camera cannot be opened"
        raise DeviceFault(reason, remedy=remedy, key=Trouble.GONE)
    return Capture(cv2, capture, paced=paced)


class Capture:
    """A camera or stream that OpenCV has open; a film is ``paced`` to its own speed."""

    def __init__(self, cv2: ModuleType, capture: Any, *, paced: bool) -> None:
        self._cv2 = cv2
        self._capture = capture
        frames_per_s = capture.get(cv2.CAP_PROP_FPS) or _FRAMES_PER_S_USUALLY
        self._pause_s = 1 / min(max(frames_per_s, 1.0), _FRAMES_PER_S_MAX) if paced else 0.0
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        """The next picture; ``None`` once the stream ended, timed out or broke."""
        if self._pause_s:
            self._closed.wait(self._pause_s)
        try:
            taken, frame = self._capture.read()
        except self._cv2.error:
            return None
        return frame if taken else None

    def close(self) -> None:
        """Release the camera."""
        self._closed.set()
        self._capture.release()


class PictureFolder:
    """A folder some other program saves pictures into: each shown once, in order of name; the last one stays."""

    def __init__(self, cv2: ModuleType, folder: Path) -> None:
        self._cv2 = cv2
        self._folder = folder
        self._last_name = ""
        self._shown: Frame | None = None
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        """The next picture, five a second; waits for the first one. ``None`` when the folder is gone."""
        while not self._closed.wait(_PICTURE_S):
            try:
                names = sorted(path.name for path in self._folder.iterdir() if path.suffix.lower() in _PICTURES)
            except OSError:
                return None
            self._advance(names)
            if self._shown is not None:
                return self._shown
        return None

    def _advance(self, names: list[str]) -> None:
        """Go to the first newer picture that can be read; a damaged one is passed over."""
        for name in names:
            if name > self._last_name:
                self._last_name = name
                picture = self._cv2.imread(str(self._folder / name))
                if picture is not None:
                    self._shown = picture
                    return

    def close(self) -> None:
        """Stop waiting."""
        self._closed.set()
