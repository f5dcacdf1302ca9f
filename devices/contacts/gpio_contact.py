"""A door's reed contact, a motion sensor (PIR) or a light beam at a pin of the board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from devices.contacts.debounce import Debounce
from devices.device import DeviceFault, Driver
from devices.gpio.header import PinNumber, Pins, header_of, pin_faults
from devices.observations import Observation
from devices.readings import Measure, SensorRead

TOLD_AGAIN_S = 60.0
"""A contact is silent while nothing happens: it says so this often, that it can be told from a dead one."""


class GpioContactSettings(BaseModel):
    """Settings of a contact: two wires that are open or closed, or a sensor with a switching output."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    pin: PinNumber = Field(description="GPIO number of the pin it is wired to")
    measure: Literal["door", "motion", "occupancy"] = Field(
        "door", description="What it sees: door (a reed contact), motion (a PIR), occupancy (a light beam)"
    )
    pull: Literal["up", "down", "none"] = Field(
        "up", description="Resistor of the board at the pin: up for a contact to ground, none for a PIR's output"
    )
    on_when: Literal["high", "low"] = Field(
        "high", description="Level at which the door is open, or something moves: high for a reed contact to ground"
    )
    debounce_s: float = Field(0.05, ge=0, le=10, description="Seconds a level must stay before it is told")
    pins: Pins = Field("lgpio", description="Library that drives the pins: lgpio, or rpigpio; the same for all devices")


class GpioContact:
    """One contact: how it was found at opening, then each change, and now and then that all is as it was."""

    def __init__(
        self,
        settings: GpioContactSettings,
        *,
        clock: Callable[[], float] | None = None,
        told_again_s: float = TOLD_AGAIN_S,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._told_again_s = told_again_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._input: Any = None
        self._edge = asyncio.Event()

    def __repr__(self) -> str:
        return f"GpioContact(pin={self._settings.pin}, {'closed' if self._input is None else 'open'})"

    async def __aenter__(self) -> Self:
        settings = self._settings
        header = await header_of(settings.pins)
        self._loop = asyncio.get_running_loop()
        with self._faults():
            from gpiozero import InputDevice  # noqa: PLC0415 - as in devices.gpio.header

            is_pulled = {"up": True, "down": False, "none": None}[settings.pull]
            active = True if is_pulled is None else None
            self._input = InputDevice(settings.pin, pull_up=is_pulled, active_state=active, pin_factory=header.factory)
            self._input.pin.edges = "both"
            self._input.pin.when_changed = self._changed
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wired, self._input = self._input, None
        if wired is not None:
            with suppress(DeviceFault), self._faults():
                wired.pin.when_changed = None
                wired.close()

    async def observations(self) -> AsyncIterator[Observation]:
        """What the contact says; the first is what it was found at."""
        if self._input is None:
            raise DeviceFault("the contact is not open", remedy="enter the device before reading it")
        now_s = self._clock or asyncio.get_running_loop().time
        contact = Debounce(self._settings.debounce_s, is_on=self._is_on())
        yield self._read(contact, is_retained=True)
        while True:
            # Read, not counted: an edge that the library missed cannot turn the door inside out.
            self._edge.clear()
            contact.see(self._is_on(), now_s())
            if contact.settled(now_s()) is not None:
                yield self._read(contact)
                continue
            due_s = contact.due_s()
            try:
                async with asyncio.timeout(self._told_again_s if due_s is None else max(0.0, due_s - now_s())):
                    await self._edge.wait()
            except TimeoutError:
                if due_s is None:
                    yield self._read(contact)

    def _read(self, contact: Debounce, *, is_retained: bool = False) -> SensorRead:
        return SensorRead("", Measure(self._settings.measure), float(contact.is_on), is_retained=is_retained)

    def _is_on(self) -> bool:
        with self._faults():
            return bool(self._input.pin.state) is (self._settings.on_when == "high")

    def _changed(self, _ticks: object, _state: object) -> None:
        """In a thread of the pin library."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._edge.set)

    def _faults(self) -> Any:
        return pin_faults(f"GPIO {self._settings.pin}")


DRIVER: Driver[GpioContactSettings] = Driver(
    name="gpio_contact",
    summary="Door contact, motion sensor or light beam at a pin of the board",
    settings=GpioContactSettings,
    open=GpioContact,
)
