"""The load cell's driver: raw readings, conditions where there are none, and a thread that ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.device import DeviceFault, Trouble
from devices.observations import ConditionChanged, DeviceState, Observation
from devices.readings import Measure, SensorRead
from devices.shelf.hx711 import DRIVER, Hx711, Hx711Settings
from devices.virtual.faults import FaultKind
from devices.virtual.gpio_header import VirtualHeader
from devices.virtual.hx711_chip import VirtualHx711

SEEN_WITHIN_S = 20.0


def scale(header: VirtualHeader, **changes: object) -> Hx711:
    settings = {"data_pin": 5, "clock_pin": 6, "timeout_s": 0.5, "pins": header} | changes
    return Hx711(Hx711Settings.model_validate(settings))


def chip(header: VirtualHeader, **changes: object) -> VirtualHx711:
    return VirtualHx711(header, data_pin=5, clock_pin=6, **changes)  # type: ignore[arg-type]


async def until(stream: AsyncIterator[Observation], wanted: type[Observation]) -> Observation:
    async with asyncio.timeout(SEEN_WITHIN_S):
        while not isinstance(seen := await anext(stream), wanted):
            pass
    return seen


async def test_readings_are_raw_counts_with_their_noise() -> None:
    header = VirtualHeader(pace=0)
    chip(header).load_g = 500
    async with scale(header) as device:
        seen = await until(device.observations(), SensorRead)
    assert isinstance(seen, SensorRead)
    assert (seen.sensor, seen.measure, seen.is_raw) == ("", Measure.WEIGHT, True)
    assert seen.value == pytest.approx(294_000, abs=150)
    assert 0 < seen.noise < 150


async def test_an_overload_is_told_nothing_is_invented_and_it_recovers() -> None:
    header = VirtualHeader(pace=0)
    load = chip(header)
    async with scale(header) as device:
        stream = device.observations()
        load.load_g = 1e6
        overloaded = await until(stream, ConditionChanged)
        assert overloaded == ConditionChanged(DeviceState.DEGRADED, str(getattr(overloaded, "reason", "")))
        assert "too heavy" in str(getattr(overloaded, "reason", ""))
        assert getattr(overloaded, "key", "") == Trouble.OVERLOADED
        load.load_g = 0
        assert await until(stream, ConditionChanged) == ConditionChanged(DeviceState.ONLINE, "")
        back = await until(stream, SensorRead)
        assert isinstance(back, SensorRead)
        assert back.value == pytest.approx(84_000, abs=150)


async def test_a_frozen_chip_is_degraded_and_says_nothing() -> None:
    header = VirtualHeader(pace=0)
    load = chip(header)
    async with scale(header, stuck_after=20) as device:
        stream = device.observations()
        await until(stream, SensorRead)
        load.fail(FaultKind.FROZEN)
        frozen = await until(stream, ConditionChanged)
        assert "exactly" in str(getattr(frozen, "reason", ""))
        load.heal()
        await until(stream, SensorRead)


async def test_a_line_full_of_garbage_is_given_up_so_that_it_is_opened_anew() -> None:
    header = VirtualHeader(pace=0)
    load = chip(header)
    async with scale(header, samples=2) as device:
        stream = device.observations()
        await until(stream, SensorRead)
        header.pin(5).source = _stuck_low  # a short circuit: ready for ever, and never high after a reading
        with pytest.raises(DeviceFault) as caught:
            await until(stream, type(None))  # type: ignore[arg-type]
    assert caught.value.key is Trouble.GARBLED
    assert load.load_g == 0


def _stuck_low() -> bool:
    return False


async def test_late_samples_are_counted_and_the_rest_is_read() -> None:
    header = VirtualHeader(pace=0)
    load = chip(header, seed=3)
    async with scale(header) as device:
        stream = device.observations()
        load.fail(FaultKind.LATE)
        for _ in range(20):
            seen = await until(stream, SensorRead)
            assert isinstance(seen, SensorRead)
            assert seen.value == pytest.approx(84_000, abs=150)
        assert device.late > 0


async def test_a_chip_that_goes_silent_is_a_fault() -> None:
    header = VirtualHeader(pace=0)
    load = chip(header)
    async with scale(header) as device:
        stream = device.observations()
        await until(stream, SensorRead)
        load.fail(FaultKind.SILENT)
        with pytest.raises(DeviceFault, match="said nothing") as caught:
            await until(stream, type(None))  # type: ignore[arg-type]
    assert caught.value.key is Trouble.SILENT


async def test_two_load_cells_share_the_header_and_closing_one_leaves_the_other_its_pins() -> None:
    header = VirtualHeader(pace=0)
    chip(header).load_g = 100
    VirtualHx711(header, data_pin=23, clock_pin=24).load_g = 200
    async with scale(header, data_pin=23, clock_pin=24) as second:
        stream = second.observations()
        async with scale(header):
            pass
        for _ in range(300):  # more than was waiting when the other one closed
            seen = await until(stream, SensorRead)
        assert isinstance(seen, SensorRead)
        assert seen.value == pytest.approx(84_000 + 200 * 420, abs=150)


async def test_two_devices_at_one_pin_are_refused_by_name() -> None:
    header = VirtualHeader(pace=0)
    chip(header)
    async with scale(header):
        with pytest.raises(DeviceFault, match="already in use") as caught:
            async with scale(header, data_pin=12):
                pass
    assert caught.value.key is Trouble.BUSY
    assert "its own pins" in caught.value.remedy


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has pins")
async def test_without_pins_the_named_library_says_so_and_no_other_is_tried() -> None:
    with pytest.raises(DeviceFault) as caught:
        async with DRIVER.open(DRIVER.configure({"data_pin": 5, "clock_pin": 6})):
            pass
    assert "lgpio" in caught.value.reason
    assert caught.value.key in {Trouble.GONE, Trouble.MISSING_SOFTWARE}
    assert threading.active_count() < 30


@pytest.mark.parametrize(
    "wrong", [{"pins": "mock"}, {"gain": 100}, {"rate_hz": 40}, {"data_pin": 28}, {"clock_pin": -1}, {"samples": 0}]
)
def test_settings_that_the_chip_does_not_know_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DRIVER.configure({"data_pin": 5, "clock_pin": 6} | wrong)
