"""Lamps, buzzers and relays on virtual pins: what each signal looks like, and that nothing waits for it."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

import pytest

from devices.device import DeviceFault, Signal
from devices.indicators.gpio_indicators import (
    BUZZER_DRIVER,
    LED_DRIVER,
    RELAY_DRIVER,
    GpioIndicator,
    OutputSettings,
)
from devices.indicators.patterns import BUZZER, FOR_EVER, LAMP, RELAY, Patterns, Step
from devices.registry import UnknownDriver, installed_indicators, load_driver, load_indicator
from devices.virtual.gpio_header import VirtualHeader

PIN = 17


class Clockwork:
    """Sleep that ends when told to."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._turn = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._turn.acquire()

    async def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self._turn.release()
            for _ in range(5):
                await asyncio.sleep(0)


def indicator(header: VirtualHeader, patterns: Patterns, clockwork: Clockwork, **changes: Any) -> GpioIndicator:
    limit_s = changes.pop("limit_s", FOR_EVER)
    settings = OutputSettings.model_validate({"pin": PIN, "pins": header} | changes)
    return GpioIndicator(settings, patterns, limit_s=limit_s, sleep=clockwork.sleep)


async def seen(header: VirtualHeader, clockwork: Clockwork, times: int) -> list[bool]:
    levels = []
    for _ in range(times):
        levels.append(header.level(PIN))
        await clockwork.turn()
    return levels


@pytest.mark.parametrize(
    ("signal", "levels"),
    [
        (Signal.OFF, [False] * 4),
        (Signal.ON, [True] * 4),
        (Signal.BLINK, [True, False, True, False]),
        (Signal.ALARM, [True, False, True, False]),
    ],
)
async def test_a_lamp_shows_each_signal(signal: Signal, levels: list[bool]) -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, LAMP, clockwork) as lamp:
        await lamp.show(signal)
        assert await seen(header, clockwork, 4) == levels
    assert header.pin(PIN).function == "input"


async def test_an_alarm_blinks_faster_than_a_call() -> None:
    for signal, seconds in ((Signal.BLINK, 0.5), (Signal.ALARM, 0.12)):
        header, clockwork = VirtualHeader(), Clockwork()
        async with indicator(header, LAMP, clockwork) as lamp:
            await lamp.show(signal)
            await clockwork.turn(3)
            assert set(clockwork.asked) == {seconds}


async def test_the_same_signal_again_does_not_begin_anew_and_another_one_shows_at_once() -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, LAMP, clockwork) as lamp:
        await lamp.show(Signal.BLINK)
        await clockwork.turn()
        assert header.level(PIN) is False
        await lamp.show(Signal.BLINK)
        assert header.level(PIN) is False
        await lamp.show(Signal.ON)
        assert header.level(PIN) is True
        await clockwork.turn(3)
        assert header.level(PIN) is True


async def test_a_relay_board_that_switches_on_low_levels_is_on_when_low() -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, RELAY, clockwork, active_low=True) as relay:
        assert header.level(PIN) is True
        await relay.show(Signal.ON)
        assert header.level(PIN) is False
        await relay.show(Signal.OFF)
        assert header.level(PIN) is True


@pytest.mark.parametrize("signal", [Signal.ON, Signal.BLINK, Signal.ALARM])
async def test_a_relay_never_rattles(signal: Signal) -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, RELAY, clockwork) as relay:
        await relay.show(signal)
        await clockwork.turn(20)
        assert header.level(PIN) is True
        assert clockwork.asked == []


async def test_a_buzzer_falls_silent_by_itself_and_stays_so_until_something_else_happens() -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, BUZZER, clockwork, limit_s=6.0) as buzzer:
        await buzzer.show(Signal.ALARM)
        assert header.level(PIN) is True
        await clockwork.turn(50)
        assert header.level(PIN) is False
        assert sum(clockwork.asked) == pytest.approx(6.0)
        await buzzer.show(Signal.ALARM)
        assert header.level(PIN) is False
        await buzzer.show(Signal.OFF)
        await buzzer.show(Signal.ALARM)
        assert header.level(PIN) is True


@pytest.mark.parametrize("patterns", [LAMP, BUZZER, RELAY])
@pytest.mark.parametrize("limit_s", [1.0, 2.5, 60.0])
def test_no_pattern_is_on_after_its_limit(patterns: Patterns, limit_s: float) -> None:
    assert set(patterns) == set(Signal)
    for pattern in patterns.values():
        steps = list(islice(pattern.play(limit_s=limit_s), 2_000))
        passed_s = 0.0
        for step in steps:
            passed_s += step.seconds
            assert not step.is_on or passed_s <= limit_s + 1e-9
        assert steps[-1] == Step(is_on=False)


def test_without_a_limit_a_steady_light_is_one_step() -> None:
    assert list(LAMP[Signal.ON].play()) == [Step(is_on=True)]


async def test_a_pin_that_fails_while_it_blinks_is_told_to_whoever_shows_the_next_thing() -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    async with indicator(header, LAMP, clockwork) as lamp:
        await lamp.show(Signal.BLINK)
        header.pin(PIN).function = "input"  # somebody else took it
        await clockwork.turn()
        with pytest.raises(DeviceFault):
            await lamp.show(Signal.BLINK)
        with pytest.raises(DeviceFault):
            await lamp.show(Signal.OFF)


async def test_a_closed_lamp_shows_nothing() -> None:
    lamp = indicator(VirtualHeader(), LAMP, Clockwork())
    with pytest.raises(DeviceFault, match="not open"):
        await lamp.show(Signal.ON)


async def test_nothing_is_left_blinking_after_closing() -> None:
    header, clockwork = VirtualHeader(), Clockwork()
    before = len(asyncio.all_tasks())
    async with indicator(header, LAMP, clockwork) as lamp:
        await lamp.show(Signal.BLINK)
    assert len(asyncio.all_tasks()) == before


def test_the_three_are_installed_by_name_and_are_no_devices() -> None:
    assert {"gpio_led", "gpio_buzzer", "gpio_relay"} <= set(installed_indicators())
    assert load_indicator("gpio_led") is LED_DRIVER
    assert load_indicator("gpio_buzzer") is BUZZER_DRIVER
    assert load_indicator("gpio_relay") is RELAY_DRIVER
    with pytest.raises(UnknownDriver, match="gpio_relay"):
        load_indicator("gpio_lamp")
    with pytest.raises(UnknownDriver):
        load_driver("gpio_led")


@pytest.mark.parametrize("driver", [LED_DRIVER, BUZZER_DRIVER, RELAY_DRIVER])
async def test_each_driver_opens_what_it_is_called(driver: Any) -> None:
    header = VirtualHeader()
    async with driver.open(driver.configure({"pin": PIN, "pins": header})) as opened:
        await opened.show(Signal.ON)
        assert header.level(PIN) is True
    undescribed = [name for name, field in driver.settings.model_fields.items() if not field.description]
    assert not undescribed
