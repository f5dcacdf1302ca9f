"""Codes out of a picture: zxing-cpp first, then harder looks at what it could not read.

Codes that correct their own errors (QR and the like) count at the first read. A linear code has one
check digit, so one misread in ten looks right: it counts once two looks agree. The looks are
zxing on the picture, zxing and zbar on it at twice the size, zxing on it with contrast evened out and
sharpened, and zbar on it as it is. OpenCV's own QR detector is not used: it reads half as many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import zxingcpp

from devices.code_scanners.symbologies import of_decoder

Picture = npt.NDArray[np.uint8]
"""Height × width (grey) or height × width × 3 (blue, green, red), one byte per value."""

PIXELS_MAX = 64_000_000
_DOUBLED_PIXELS_MAX = 640 * 480
_COLOUR_DIMENSIONS = 3
_SIDE_PIXELS_MIN = 3
_AGREEING_LOOKS = 2
_SELF_CORRECTING = frozenset({"qr", "micro_qr", "rmqr", "datamatrix", "aztec", "pdf417", "maxicode"})
_ZBAR_SYMBOLS = ("QRCODE", "EAN13", "EAN8", "UPCA", "UPCE", "CODE128", "CODE39")
_CONTRAST_LIMIT = 3.0
_CONTRAST_TILES = (8, 8)
_SHARPEN = 2.5
_SHARPEN_RADIUS = 3.0


@dataclass(frozen=True, slots=True)
class Code:
    """What was read. ``sure`` is false for a linear code that only one look has seen."""

    text: str = field(repr=False)
    symbology: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Decoders:
    """Which decoders are here, by version, and in words what is missing for the harder looks."""

    zxing: str
    opencv: str | None
    zbar: str | None
    missing: tuple[str, ...]


@cache
def decoders() -> Decoders:
    """Look once which optional parts can be used; nothing is imported before this is asked or a code is hard."""
    missing: list[str] = []
    found: dict[str, str | None] = {"cv2": None, "pyzbar.pyzbar": None}
    for module, package, cure in (
        ("cv2", "opencv-python-headless", "pip install 'regulars[vision]'"),
        ("pyzbar.pyzbar", "pyzbar", "apt-get install libzbar0; pip install 'regulars[vision]'"),
    ):
        try:
            import_module(module)
            found[module] = version(package)
        except ImportError as error:  # pyzbar says so too when the C library is not there
            missing.append(f"{package}: {error} ({cure})")
    return Decoders(version("zxing-cpp"), found["cv2"], found["pyzbar.pyzbar"], tuple(missing))


def decode(picture: Picture, *, thorough: bool = True) -> list[Code]:
    """Every code in the picture, in the order in which they were read.

    Without ``thorough`` zxing looks once: about a tenth of the time, for pictures that keep coming.
    Raises ``ValueError`` for an array that is no picture.
    """
    _require_picture(picture)
    votes: Counter[str] = Counter()
    symbologies: dict[str, str] = {}
    for look in _looks(picture) if thorough else (lambda: _zxing(picture),):
        for text, symbology in dict(look()).items():
            symbologies.setdefault(text, symbology)
            votes[text] += _AGREEING_LOOKS if symbology in _SELF_CORRECTING else 1
        if sure := [text for text, count in votes.items() if count >= _AGREEING_LOOKS]:
            return [Code(text, symbologies[text], sure=True) for text in sure]
    # One text that one look has seen may be right; of several, nobody can say which.
    return [Code(text, symbologies[text], sure=False) for text in votes] if len(votes) == 1 or not thorough else []


def _require_picture(picture: Picture) -> None:
    shape = picture.shape
    if picture.dtype != np.uint8 or len(shape) not in {2, 3} or (len(shape) == _COLOUR_DIMENSIONS and shape[2] != 3):
        raise ValueError(f"a picture is height × width (× 3) bytes, not {shape} {picture.dtype}")
    if min(shape[:2]) < _SIDE_PIXELS_MIN or shape[0] * shape[1] > PIXELS_MAX:
        raise ValueError(f"a picture has {_SIDE_PIXELS_MIN} pixels a side and at most {PIXELS_MAX}, not {shape}")


Look = Callable[[], list[tuple[str, str]]]


def _looks(picture: Picture) -> Iterator[Look]:
    """One look after the other, cheapest first; a look is only prepared when those before it were not enough.

    A large picture is not doubled: what is small in it is small because it is far away, and four
    times the pixels take four times as long. No two looks may be the same, or they would agree.
    """
    yield lambda: _zxing(picture)
    here = decoders()
    if here.opencv is None:
        return
    cv2 = import_module("cv2")
    zbar = import_module("pyzbar.pyzbar") if here.zbar else None
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == _COLOUR_DIMENSIONS else picture
    doubled = grey.size <= _DOUBLED_PIXELS_MAX
    enlarged = _twice if doubled else _as_it_is
    large = enlarged(cv2, grey)
    if doubled:
        yield lambda: _zxing(large)
    if zbar is not None:
        yield lambda: _zbar(zbar, large)
    yield lambda: _zxing(enlarged(cv2, cv2.createCLAHE(_CONTRAST_LIMIT, _CONTRAST_TILES).apply(grey)))
    yield lambda: _zxing(enlarged(cv2, _sharpened(cv2, grey)))
    if doubled and zbar is not None:
        yield lambda: _zbar(zbar, grey)


def _as_it_is(_: ModuleType, grey: Any) -> Any:
    return grey


def _twice(cv2: ModuleType, grey: Any) -> Any:
    return cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def _sharpened(cv2: ModuleType, grey: Any) -> Any:
    blurred = cv2.GaussianBlur(grey, (0, 0), _SHARPEN_RADIUS)
    return cv2.addWeighted(grey, _SHARPEN, blurred, 1 - _SHARPEN, 0)


def _zxing(picture: Any) -> list[tuple[str, str]]:
    # Plain text is what a serial scanner would send; the default mode adds brackets for human readers.
    found = zxingcpp.read_barcodes(np.ascontiguousarray(picture), text_mode=zxingcpp.TextMode.Plain)
    return [(code.text, of_decoder(code.format.name)) for code in found if code.text]


def _zbar(zbar: ModuleType, grey: Any) -> list[tuple[str, str]]:
    wanted = [zbar.ZBarSymbol[name] for name in _ZBAR_SYMBOLS]
    read = []
    for code in zbar.decode(grey, symbols=wanted):
        try:
            read.append((code.data.decode(), of_decoder(code.type)))
        except UnicodeDecodeError:
            continue  # bytes of another encoding: zxing, which knows encodings, has had its look
    return [(text, symbology) for text, symbology in read if text]
