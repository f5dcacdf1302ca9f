"""What holds for every registered driver, whatever its hardware: the promises of ``devices.device``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.device import Device, DeviceFault, Driver
from devices.observations import ConditionChanged, Observation, SaleCompleted, SaleReceipt, SaleStatus
from devices.registry import installed_drivers, load_driver
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace
from tests.conformance.ward import harness_modules

_SEEN_WITHIN_S = 20.0
_FAULT_WITHIN_S = 20.0
_CLOSED_WITHIN_S = 2.0
"""A second is promised; as much again is for a machine busy with other tests."""
_REOPENINGS_MAX = 50
_LOOP_BLOCKED_S = 0.5


_HARNESSES = harness_modules()


@pytest.fixture(params=sorted(_HARNESSES))
def driver(request: pytest.FixtureRequest) -> Driver[Any]:
    return load_driver(request.param)


@pytest.fixture
async def harness(driver: Driver[Any], tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Harness]:
    hardware: Harness = _HARNESSES[driver.name].harness(HarnessPlace(tmp_path, free_port))
    await hardware.open()
    try:
        yield hardware
    finally:
        await hardware.close()


def _open(driver: Driver[Any], harness: Harness) -> Device:
    return driver.open(driver.configure(harness.settings()))


def _needs(harness: Harness, ability: Ability) -> None:
    if ability not in harness.abilities:
        pytest.skip(f"this hardware cannot {ability}")


async def _next(stream: AsyncIterator[Observation]) -> Observation:
    """The next thing seen, recorded as the gateway would: a sale is answered, conditions are only shown."""
    while True:
        seen = await anext(stream)
        if isinstance(seen, SaleCompleted):
            seen.reply(SaleReceipt(seen.sale_id, SaleStatus.RECORDED))
        if not isinstance(seen, ConditionChanged):
            return seen


async def _see_one(stream: AsyncIterator[Observation], harness: Harness) -> None:
    async with asyncio.timeout(_SEEN_WITHIN_S):
        shown = asyncio.create_task(harness.produce())
        try:
            seen = await _next(stream)
            await asyncio.sleep(0)  # what is said at once was the case before anything was produced
            while seen in getattr(harness, "former", ()):
                seen = await _next(stream)
            assert seen == await shown
        finally:
            shown.cancel()


async def _see_one_reopening(driver: Driver[Any], harness: Harness) -> None:
    """Open until it works, as the supervisor does, and see one thing."""
    async with asyncio.timeout(_SEEN_WITHIN_S):
        for _ in range(_REOPENINGS_MAX):
            with contextlib.suppress(DeviceFault):
                async with _open(driver, harness) as device:
                    await _see_one(device.observations(), harness)
                    return
    pytest.fail(f"still faulty after {_REOPENINGS_MAX} openings")


async def _fault(stream: AsyncIterator[Observation]) -> DeviceFault:
    async with asyncio.timeout(_FAULT_WITHIN_S):
        with pytest.raises(DeviceFault) as caught:
            await _next(stream)
    return caught.value


def _assert_helpful(fault: DeviceFault) -> None:
    assert fault.reason
    assert fault.remedy
    assert fault.key, "pages that speak other languages have no words for it"
    assert isinstance(fault, OSError)


def test_every_registered_driver_has_a_harness() -> None:
    assert set(installed_drivers()) == set(_HARNESSES)


async def test_it_yields_what_the_hardware_shows_in_order(driver: Driver[Any], harness: Harness) -> None:
    async with _open(driver, harness) as device:
        stream = device.observations()
        for _ in range(3):
            await _see_one(stream, harness)


async def test_opening_unplugged_hardware_is_a_fault_with_a_remedy(driver: Driver[Any], harness: Harness) -> None:
    _needs(harness, Ability.UNPLUG)
    await harness.unplug()
    async with asyncio.timeout(_FAULT_WITHIN_S):
        with pytest.raises(DeviceFault) as caught:
            async with _open(driver, harness) as device:
                await _next(device.observations())
    _assert_helpful(caught.value)


async def test_unplugging_is_a_fault_and_replugging_heals_by_reopening(driver: Driver[Any], harness: Harness) -> None:
    _needs(harness, Ability.UNPLUG)
    for _ in range(2):
        async with _open(driver, harness) as device:
            stream = device.observations()
            await _see_one(stream, harness)
            await harness.unplug()
            _assert_helpful(await _fault(stream))
        await harness.replug()
    await _see_one_reopening(driver, harness)


async def test_garbage_is_never_taken_for_an_observation(driver: Driver[Any], harness: Harness) -> None:
    _needs(harness, Ability.GARBLE)
    async with _open(driver, harness) as device:
        stream = device.observations()
        await _see_one(stream, harness)
        await harness.garble()
        await harness.heal()
        with contextlib.suppress(DeviceFault):
            await _see_one(stream, harness)
    await _see_one_reopening(driver, harness)


async def test_silent_hardware_is_closed_promptly_and_heals(driver: Driver[Any], harness: Harness) -> None:
    _needs(harness, Ability.SILENCE)
    loop = asyncio.get_running_loop()
    async with _open(driver, harness) as device:
        await _see_one(device.observations(), harness)
        await harness.silence()
        leaving = loop.time()
    assert loop.time() - leaving < _CLOSED_WITHIN_S
    await harness.heal()
    await _see_one_reopening(driver, harness)


async def test_closing_while_nothing_happens_is_prompt(driver: Driver[Any], harness: Harness) -> None:
    loop = asyncio.get_running_loop()
    async with _open(driver, harness) as device:
        waiting = asyncio.ensure_future(anext(device.observations()))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        leaving = loop.time()
    assert loop.time() - leaving < _CLOSED_WITHIN_S


def _held() -> tuple[int, list[str], int]:
    """Open files, threads (but for the event loop's own pool, whose workers come to stay) and tasks."""
    threads = sorted(thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio_"))
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), threads, len(asyncio.all_tasks())


async def test_ten_reopenings_leak_no_thread_task_or_file(driver: Driver[Any], harness: Harness) -> None:
    async def use() -> None:
        async with _open(driver, harness) as device:
            stream = device.observations()
            await _see_one(stream, harness)
            await stream.aclose()  # type: ignore[attr-defined]

    for _ in range(2):  # whatever is opened once and kept is not a leak
        await use()
    before = _held()
    for _ in range(10):
        await use()
    assert _held() == before


async def test_the_event_loop_is_never_blocked(
    driver: Driver[Any], harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = _LOOP_BLOCKED_S
    with caplog.at_level(logging.WARNING, logger="asyncio"):
        async with _open(driver, harness) as device:
            await _see_one(device.observations(), harness)
    blocked = [record.getMessage() for record in caplog.records if record.name == "asyncio" and "took" in record.msg]
    assert not blocked


def test_a_misspelt_setting_is_refused_by_name(driver: Driver[Any]) -> None:
    with pytest.raises(ValidationError, match="speling"):
        driver.configure({"speling": 1})


def test_every_setting_says_what_it_is(driver: Driver[Any]) -> None:
    assert driver.summary
    undescribed = [name for name, field in driver.settings.model_fields.items() if not field.description]
    assert not undescribed
    assert driver.settings.model_config.get("frozen")
