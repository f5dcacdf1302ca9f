"""A network camera with a new code before its lens each time."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import numpy as np
import pytest

from devices.observations import CodeScanned, Observation
from devices.virtual.camera import VirtualCamera, empty_picture, picture_of
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "code_camera"


def harness(place: HarnessPlace) -> Harness:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    return CameraHarness(place)


class CameraHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        self._camera = VirtualCamera(place.free_port())
        self._numbers = count(1)

    async def open(self) -> None:
        self._camera.plug()

    def settings(self) -> dict[str, Any]:
        self._camera.show(empty_picture())  # what lay there for the last driver is no news for the next
        return {"source": self._camera.url, "read_timeout_s": 0.5, "frame_age_max_s": 2.0, "decode_per_s_max": 30}

    async def produce(self) -> Observation:
        text = f"code-{next(self._numbers)}"
        self._camera.show(await asyncio.to_thread(picture_of, text))
        return CodeScanned(text, "qr")

    async def unplug(self) -> None:
        await asyncio.to_thread(self._camera.unplug)

    async def replug(self) -> None:
        self._camera.plug()

    async def garble(self) -> None:
        noise = np.random.default_rng(7).integers(0, 256, (480, 640), dtype=np.uint8)
        self._camera.show(noise)

    async def silence(self) -> None:
        self._camera.freeze()

    async def heal(self) -> None:
        self._camera.thaw()

    async def close(self) -> None:
        await asyncio.to_thread(self._camera.unplug)
