"""Lamps, buzzers and relays at the board's pins. The patterns differ, the pin does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from devices.device import DeviceFault, IndicatorDriver, Signal
from devices.gpio.header import PinNumber, Pins, header_of, pin_faults
from devices.indicators.patterns import BUZZER, FOR_EVER, LAMP, RELAY, Patterns, Step

Sleep = Callable[[float], Awaitable[None]]


class OutputSettings(BaseModel):
    """Settings of anything that is switched by one pin."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    pin: PinNumber = Field(description="GPIO number of the pin that switches it")
    active_low: bool = Field(
        default=False, description="On when the pin is low, as most relay boards are, and lamps wired to 3.3 V"
    )
    pins: Pins = Field("lgpio", description="Library that drives the pins: lgpio, or rpigpio; the same for all devices")


class BuzzerSettings(OutputSettings):
    """Settings of a buzzer that sounds while its pin is on (an active buzzer)."""

    quiet_after_s: float = Field(
        60.0, ge=1, le=3_600, description="Seconds after which it falls silent, whatever it was told to sound"
    )


class GpioIndicator:
    """One pin that shows signals by ``patterns``; after ``limit_s`` it is off, whatever it shows."""

    def __init__(
        self,
        settings: OutputSettings,
        patterns: Patterns,
        *,
        limit_s: float = FOR_EVER,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._patterns = patterns
        self._limit_s = limit_s
        self._sleep = sleep
        self._output: Any = None
        self._shows: Signal | None = None
        self._is_on = False
        self._failure: DeviceFault | None = None
        self._playing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"GpioIndicator(pin={self._settings.pin}, {self._shows or 'closed'})"

    async def __aenter__(self) -> Self:
        settings = self._settings
        header = await header_of(settings.pins)
        with self._faults():
            from gpiozero import OutputDevice  # noqa: PLC0415 - as in devices.gpio.header

            self._output = OutputDevice(settings.pin, active_high=not settings.active_low, pin_factory=header.factory)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_playing()
        output, self._output, self._shows = self._output, None, None
        if output is not None:
            with suppress(DeviceFault), self._faults():
                output.off()
                output.close()

    async def show(self, signal: Signal) -> None:
        """Show it from now on; the same again goes on as it is. Raises :class:`DeviceFault` when the pin cannot."""
        if self._output is None:
            raise DeviceFault("the indicator is not open", remedy="enter it before it shall show anything")
        if self._failure is not None:
            raise self._failure
        if signal is self._shows:
            self._switch(is_on=self._is_on)
            return
        await self._end_playing()
        steps = self._patterns[signal].play(limit_s=self._limit_s)
        first = next(steps)
        self._switch(is_on=first.is_on)
        self._shows = signal
        if first.seconds < FOR_EVER:
            self._playing = asyncio.create_task(self._play(first, steps), name=f"pin {self._settings.pin}")

    async def _play(self, shown: Step, steps: Iterator[Step]) -> None:
        try:
            for step in steps:
                await self._sleep(shown.seconds)
                self._switch(is_on=step.is_on)
                shown = step
        except DeviceFault as fault:
            # Nobody waits for a blinking lamp: whoever shows the next thing learns of it.
            self._failure = fault

    async def _end_playing(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            await asyncio.wait([playing])

    def _switch(self, *, is_on: bool) -> None:
        with self._faults():
            self._output.value = is_on
        self._is_on = is_on

    def _faults(self) -> Any:
        return pin_faults(f"GPIO {self._settings.pin}")


def _lamp(settings: OutputSettings) -> GpioIndicator:
    return GpioIndicator(settings, LAMP)


def _buzzer(settings: BuzzerSettings) -> GpioIndicator:
    return GpioIndicator(settings, BUZZER, limit_s=settings.quiet_after_s)


def _relay(settings: OutputSettings) -> GpioIndicator:
    return GpioIndicator(settings, RELAY)


LED_DRIVER: IndicatorDriver[OutputSettings] = IndicatorDriver(
    name="gpio_led", summary="Lamp (LED) at a pin of the board", settings=OutputSettings, open=_lamp
)
BUZZER_DRIVER: IndicatorDriver[BuzzerSettings] = IndicatorDriver(
    name="gpio_buzzer", summary="Active buzzer at a pin of the board", settings=BuzzerSettings, open=_buzzer
)
RELAY_DRIVER: IndicatorDriver[OutputSettings] = IndicatorDriver(
    name="gpio_relay", summary="Relay at a pin of the board", settings=OutputSettings, open=_relay
)
