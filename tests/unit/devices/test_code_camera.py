"""The camera driver on pictures from memory, from a folder, from a film and from a virtual network camera."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from devices.cameras.frames import Frame, NewestFrame
from devices.cameras.opencv_frames import open_camera, shown_source
from devices.code_scanners.code_camera import DRIVER, CodeCamera
from devices.device import DeviceFault
from devices.observations import CodeScanned, ConditionChanged, DeviceState, Observation
from devices.virtual.camera import VirtualCamera, empty_picture, picture_of

WAIT_S = 20.0


class Table:
    """A camera over a table, in memory. ``lay`` puts a picture there; ``die`` breaks the capture."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.broken = False
        self._picture: Frame = empty_picture()
        self._dead = threading.Event()

    def lay(self, picture: Frame) -> None:
        self._picture = picture

    def die(self) -> None:
        self._dead.set()

    def open(self) -> Table:
        if self.broken:
            raise DeviceFault("no such table", remedy="build one")
        self._dead.clear()
        self.opened += 1
        return self

    def read(self) -> Frame | None:
        return None if self._dead.wait(0.005) else self._picture

    def close(self) -> None:
        self.closed += 1


def camera(table: Table, **changes: object) -> CodeCamera:
    settings = {"source": "0", "decode_per_s_max": 60, **changes}
    return CodeCamera(DRIVER.configure(settings), open_source=table.open)


async def told(seen: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(WAIT_S):
        return await anext(seen)


async def test_a_code_laid_on_the_table_is_told_once_while_it_lies_there() -> None:
    table = Table()
    async with camera(table) as device:
        seen = device.observations()
        table.lay(picture_of("first"))
        assert await told(seen) == CodeScanned("first", "qr")
        table.lay(picture_of("4006381333931", "EAN13"))
        assert await told(seen) == CodeScanned("4006381333931", "ean13")
    assert table.opened == table.closed == 1


async def test_a_dead_capture_is_replaced_and_the_camera_goes_on() -> None:
    table = Table()
    async with camera(table) as device:
        seen = device.observations()
        table.lay(picture_of("before"))
        assert await told(seen) == CodeScanned("before", "qr")
        table.die()
        table.lay(picture_of("after"))
        assert await told(seen) == CodeScanned("after", "qr")
    assert table.opened == table.closed == 2


async def test_a_camera_that_stays_dark_degrades_and_comes_back() -> None:
    table = Table()
    async with camera(table) as device:
        seen = device.observations()
        table.broken = True
        table.die()
        dark = await told(seen)
        table.broken = False
        light = await told(seen)
    assert isinstance(dark, ConditionChanged)
    assert isinstance(light, ConditionChanged)
    assert (dark.state, light.state) == (DeviceState.DEGRADED, DeviceState.ONLINE)
    assert "no such table" in dark.reason


async def test_a_camera_dark_for_too_long_is_a_fault() -> None:
    table = Table()
    async with camera(table, frame_age_max_s=0.3) as device:
        table.broken = True
        table.die()
        with pytest.raises(DeviceFault, match="no picture for") as fault:
            await told(device.observations())
    assert fault.value.remedy


async def test_a_camera_that_cannot_be_opened_is_a_fault_at_once() -> None:
    table = Table()
    table.broken = True
    with pytest.raises(DeviceFault, match="no such table"):
        await camera(table).__aenter__()


async def test_a_camera_that_never_sends_is_a_fault_after_the_open_timeout() -> None:
    never = threading.Event()

    class Dark(Table):
        def read(self) -> Frame | None:
            never.wait(WAIT_S)
            return None

    with pytest.raises(DeviceFault, match="no picture"):
        await camera(Dark(), open_timeout_s=0.1).__aenter__()
    never.set()


def test_a_slow_viewer_sees_the_newest_picture_and_not_a_queue_of_the_past() -> None:
    shown = iter(range(1, 250))

    class Counting(Table):
        def read(self) -> Frame | None:
            number = next(shown, None)
            return None if number is None else empty_picture() * 0 + number

    frames = NewestFrame(Counting().open, clock=lambda: 0.0, name="grab", pause_s=WAIT_S)
    frames.start()
    newest = frames.newer_than(248, timeout_s=WAIT_S)
    assert frames.stop()
    assert newest is not None
    assert (newest.number, int(newest.frame[0, 0])) == (249, 249)


# OpenCV


@pytest.fixture
def network_camera(free_port: Callable[[], int]) -> Iterator[VirtualCamera]:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    with VirtualCamera(free_port()) as camera:
        yield camera


async def test_codes_are_read_from_a_network_camera(network_camera: VirtualCamera) -> None:
    async with CodeCamera(DRIVER.configure({"source": network_camera.url})) as device:
        seen = device.observations()
        network_camera.show(picture_of("member-7"))
        assert await told(seen) == CodeScanned("member-7", "qr")


async def test_a_network_camera_that_restarts_is_read_again(network_camera: VirtualCamera) -> None:
    async with CodeCamera(DRIVER.configure({"source": network_camera.url})) as device:
        seen = device.observations()
        network_camera.show(picture_of("before"))
        assert await told(seen) == CodeScanned("before", "qr")
        await asyncio.to_thread(network_camera.unplug)
        network_camera.show(picture_of("after"))
        network_camera.plug()
        while isinstance(observed := await told(seen), ConditionChanged):
            pass
        assert observed == CodeScanned("after", "qr")


async def test_a_frozen_network_camera_is_a_fault(network_camera: VirtualCamera) -> None:
    table = {"source": network_camera.url, "read_timeout_s": 0.5, "frame_age_max_s": 1.0}
    async with CodeCamera(DRIVER.configure(table)) as device:
        network_camera.freeze()
        with pytest.raises(DeviceFault, match="no picture for"):
            await told(device.observations())


def write_picture(path: Path, picture: Any) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    assert import_module("cv2").imwrite(str(path), picture)


async def test_pictures_saved_into_a_folder_are_read_and_damaged_ones_passed_over(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.png", picture_of("one"))
    (tmp_path / "2.png").write_bytes(b"not a picture")
    (tmp_path / "notes.txt").write_text("nor this")
    async with CodeCamera(DRIVER.configure({"source": str(tmp_path)})) as device:
        seen = device.observations()
        assert await told(seen) == CodeScanned("one", "qr")
        write_picture(tmp_path / "3.png", picture_of("three"))
        assert await told(seen) == CodeScanned("three", "qr")


async def test_a_film_is_read_at_its_own_speed(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480), isColor=True)
    for _ in range(50):
        film.write(cv2.cvtColor(picture_of("film star"), cv2.COLOR_GRAY2BGR))
    film.release()
    async with CodeCamera(DRIVER.configure({"source": str(path)})) as device:
        assert await told(device.observations()) == CodeScanned("film star", "qr")


@pytest.mark.parametrize(
    "source",
    ["999", "/dev/video99", "no-such-file.mp4", "rtsp://127.0.0.1:1/x", "http://u:secret@127.0.0.1:1/x", "12345678901"],
)
def test_a_camera_that_is_not_there_is_a_fault_with_a_remedy_and_without_its_password(source: str) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    with pytest.raises(DeviceFault) as fault:
        open_camera(source, open_timeout_s=1, read_timeout_s=1)
    assert fault.value.remedy
    assert shown_source(source) in fault.value.reason
    assert "secret" not in fault.value.reason


def test_a_file_that_is_no_film_is_a_fault(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\x00" * 1_000)
    with pytest.raises(DeviceFault, match="cannot be opened"):
        open_camera(str(path), open_timeout_s=1, read_timeout_s=1)
