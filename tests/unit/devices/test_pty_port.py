"""The virtual serial line behaves as a USB serial adapter does: it appears, carries bytes, vanishes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from devices.virtual.pty_port import PtyPort

_WAIT_S = 20.0


def _open_fds() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def port(tmp_path: Path) -> Iterator[PtyPort]:
    with PtyPort(tmp_path / "by-id" / "usb-reader") as plugged:
        yield plugged


def test_bytes_cross_the_line_unchanged_in_both_directions(port: PtyPort) -> None:
    every_byte = bytes(range(256))
    with serial.Serial(str(port.link), timeout=_WAIT_S) as line:
        assert port.send(every_byte) == 256
        assert line.read(256) == every_byte
        line.write(every_byte)
        arrived = b""
        while len(arrived) < 256:
            chunk = port.receive(timeout_s=_WAIT_S)
            assert chunk
            arrived += chunk
        assert arrived == every_byte


def test_a_driver_may_close_and_open_the_line_again(port: PtyPort) -> None:
    for text in (b"first", b"second"):
        with serial.Serial(str(port.link), timeout=_WAIT_S) as line:
            line.write(text)
            assert port.receive(timeout_s=_WAIT_S) == text


def test_unplugging_removes_the_path_and_hangs_the_driver_up(port: PtyPort) -> None:
    with contextlib.ExitStack() as leaving:
        line = leaving.enter_context(serial.Serial(str(port.link), timeout=_WAIT_S))
        port.unplug()
        assert not port.link.is_symlink()
        assert not port.plugged
        with pytest.raises(serial.SerialException):
            line.read(1)


def test_plugging_again_brings_the_same_path_back(port: PtyPort) -> None:
    port.unplug()
    port.plug()
    with serial.Serial(str(port.link), timeout=_WAIT_S) as line:
        port.send(b"!")
        assert line.read(1) == b"!"


def test_the_device_sees_the_speed_the_driver_sets(port: PtyPort) -> None:
    with serial.Serial(str(port.link), 115_200) as line:
        assert port.baudrate == 115_200
        line.baudrate = 921_600
        assert port.baudrate == 921_600
    port.unplug()
    assert port.baudrate == 0


def test_unplugging_ends_a_wait_for_bytes(port: PtyPort) -> None:
    arrived: list[bytes] = []
    waiting = threading.Thread(target=lambda: arrived.append(port.receive(timeout_s=60)))
    waiting.start()
    port.unplug()
    waiting.join(_WAIT_S)
    assert arrived == [b""]


def test_a_line_nobody_reads_loses_bytes_instead_of_stopping_the_device(port: PtyPort) -> None:
    assert 0 < port.send(b"x" * 1_000_000) < 1_000_000


def test_a_stale_link_is_replaced_and_a_real_file_is_never_touched(tmp_path: Path) -> None:
    stale = tmp_path / "stale"
    stale.symlink_to(tmp_path / "gone")
    with PtyPort(stale) as port:
        assert port.link.exists()
    precious = tmp_path / "precious"
    precious.write_text("mine")
    with pytest.raises(FileExistsError, match="choose another path"):
        PtyPort(precious).plug()
    assert precious.read_text() == "mine"


def test_no_file_descriptor_is_left_behind(tmp_path: Path) -> None:
    before = _open_fds()
    for _ in range(10):
        with PtyPort(tmp_path / "line"):
            pass
    assert _open_fds() == before
