"""The production scanner driver, reading a virtual scanner over a real pseudo-terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.code_scanners.serial_scanner import DRIVER, SerialScanner, SerialScannerSettings
from devices.device import DeviceFault
from devices.observations import CodeScanned, ConditionChanged, DeviceState, Observation
from devices.virtual.scanner import VirtualScanner

WAIT_S = 10.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(tmp_path / "scanner") as scanner:
        yield scanner


def settings(scanner: VirtualScanner, **changes: object) -> SerialScannerSettings:
    return DRIVER.configure({"port": str(scanner.port.link), "silence_s": 0.2, **changes})


async def told(seen: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(WAIT_S):
        return await anext(seen)


async def test_a_scanned_code_is_told_with_its_symbology(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)) as device:
        seen = device.observations()
        scanner.scan("member-7", aim_id="]Q1")
        scanner.scan("4006381333931")
        assert await told(seen) == CodeScanned("member-7", "qr")
        assert await told(seen) == CodeScanned("4006381333931", "unknown")


async def test_the_same_code_twice_is_told_once_until_it_was_away(scanner: VirtualScanner) -> None:
    clock = Clock()
    async with SerialScanner(settings(scanner, debounce_s=5), clock=clock) as device:
        seen = device.observations()
        scanner.scan("A")
        assert await told(seen) == CodeScanned("A", "unknown")
        clock.now_s = 4
        scanner.scan("A")
        scanner.scan("B")
        assert await told(seen) == CodeScanned("B", "unknown")
        clock.now_s = 9
        scanner.scan("A")
        assert await told(seen) == CodeScanned("A", "unknown")


async def test_noise_on_the_line_is_one_condition_and_no_code(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)) as device:
        seen = device.observations()
        scanner.noise(b"\xff\xfe\x00\r\n\x00\x01\r\n")
        degraded = await told(seen)
        scanner.scan("good")
        online = await told(seen)
        assert isinstance(degraded, ConditionChanged)
        assert isinstance(online, ConditionChanged)
        assert (degraded.state, online.state) == (DeviceState.DEGRADED, DeviceState.ONLINE)
        assert "baud" in degraded.reason
        assert str(scanner.port.link) in degraded.reason
        assert await told(seen) == CodeScanned("good", "unknown")
        assert device.dropped == 2


async def test_half_a_code_is_given_up_when_the_line_falls_silent(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)) as device:
        seen = device.observations()
        scanner.noise(b"half a co")
        assert isinstance(await told(seen), ConditionChanged)
        scanner.scan("whole")
        assert isinstance(await told(seen), ConditionChanged)
        assert await told(seen) == CodeScanned("whole", "unknown")


async def test_pulling_the_cable_is_a_fault_with_a_remedy_and_plugging_in_mends_it(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)) as device:
        seen = device.observations()
        scanner.scan("before")
        assert await told(seen) == CodeScanned("before", "unknown")
        scanner.unplug()
        with pytest.raises(DeviceFault) as fault:
            await told(seen)
        assert "cable" in fault.value.remedy
    with pytest.raises(DeviceFault, match="no such port"):
        await SerialScanner(settings(scanner)).__aenter__()
    scanner.plug()
    async with SerialScanner(settings(scanner)) as device:
        scanner.scan("after")
        assert await told(device.observations()) == CodeScanned("after", "unknown")


async def test_codes_read_before_the_cable_was_pulled_are_still_told(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)) as device:
        seen = device.observations()
        for number in range(20):
            scanner.scan(f"code-{number}")
        assert await told(seen) == CodeScanned("code-0", "unknown")
        for number in range(1, 20):
            assert await told(seen) == CodeScanned(f"code-{number}", "unknown")
        scanner.unplug()
        with pytest.raises(DeviceFault):
            await told(seen)


async def test_a_port_in_use_says_so(scanner: VirtualScanner) -> None:
    async with SerialScanner(settings(scanner)):
        with pytest.raises(DeviceFault, match="another program") as fault:
            await SerialScanner(settings(scanner)).__aenter__()
        assert fault.value.remedy


async def test_a_file_that_is_no_serial_port_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "not-a-port"
    path.write_text("text")
    with pytest.raises(DeviceFault):
        await SerialScanner(SerialScannerSettings(port=str(path))).__aenter__()


async def test_leaving_ends_the_thread_though_nobody_reads(scanner: VirtualScanner) -> None:
    async with asyncio.timeout(WAIT_S):
        async with SerialScanner(settings(scanner, silence_s=10)) as device:
            for number in range(600):
                scanner.scan(f"code-{number}")
        assert "closed" in repr(device)


async def test_reading_a_closed_scanner_is_a_fault(scanner: VirtualScanner) -> None:
    with pytest.raises(DeviceFault, match="not open"):
        await told(SerialScanner(settings(scanner)).observations())


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="bauds"):
        DRIVER.configure({"port": "/dev/ttyACM0", "bauds": 9600})
