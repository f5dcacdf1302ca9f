"""An HX711 on two pins, read bit by bit. Blocks; belongs to one thread."""

from __future__ import annotations

import threading

from devices.device import DeviceFault, Trouble
from devices.gpio.header import Header
from devices.shelf.hx711_frames import (
    BITS,
    HIGH_S_MAX,
    POWER_UP_GAIN,
    PULSES,
    RESET_HIGH_S,
    SETTLING_CONVERSIONS,
    Flaw,
    Frame,
    sample,
)

_FIRST_LOOK = 0.6
"""Share of a conversion's time after which it is looked for: no chip is that much faster than it says."""
_LOOKS = 50
"""Looks at the line in the time of one conversion."""
_TOTAL_SHARE_MAX = 0.5
"""Of a conversion's time, what reading it may take: the next one must not come in between."""


class Hx711Line:
    """The chip's two wires. ``late`` counts samples dropped because this machine was too slow."""

    def __init__(self, header: Header, data_pin: int, clock_pin: int, *, gain: int, rate_hz: int) -> None:
        from gpiozero import InputDevice, OutputDevice  # noqa: PLC0415 - as in devices.gpio.header

        self.late = 0
        self._header = header
        self._gain = gain
        self._period_s = 1 / rate_hz
        self._is_fresh = True
        self._unsettled = 0
        # A cut wire reads high, which the chip never is for long.
        self._data = InputDevice(data_pin, pull_up=True, pin_factory=header.factory)
        try:
            self._clock = OutputDevice(clock_pin, pin_factory=header.factory)
        except BaseException:
            self._data.close()
            raise

    def close(self) -> None:
        """Let go of both pins."""
        self._data.close()
        self._clock.close()

    def start(self, stop: threading.Event, *, timeout_s: float) -> None:
        """Switch the chip off and on. Raises :class:`DeviceFault` when it says nothing within ``timeout_s``."""
        self._clock.on()
        self._header.wait(RESET_HIGH_S, stop)
        self._clock.off()
        self._restarted()
        self._wait_until_ready(stop, timeout_s)

    def read(self, stop: threading.Event, *, timeout_s: float) -> int | Flaw | None:
        """The next settled sample; ``None`` when it shall stop. Raises :class:`DeviceFault` for a silent chip."""
        while True:
            if not self._is_fresh:
                self._header.wait(_FIRST_LOOK * self._period_s, stop)
            if not self._wait_until_ready(stop, timeout_s):
                return None
            self._is_fresh = False
            found = sample(self._shift(), total_s_max=_TOTAL_SHARE_MAX * self._period_s)
            if found is Flaw.LATE:
                self.late += 1
                self._restarted()
                return found
            if self._unsettled == 0:
                return found
            self._unsettled -= 1

    def _restarted(self) -> None:
        # With another gain the first reading only chooses it: the chip wakes with its own.
        self._unsettled = SETTLING_CONVERSIONS + (self._gain != POWER_UP_GAIN)

    def _wait_until_ready(self, stop: threading.Event, timeout_s: float) -> bool:
        pin, ticks, between = self._data.pin, self._header.factory.ticks, self._header.factory.ticks_diff
        began = ticks()
        while pin.state:
            # By the clock, not by the number of looks: on a busy machine each takes longer than it should.
            if between(ticks(), began) >= timeout_s:
                raise self._silent(timeout_s)
            if self._header.wait(self._period_s / _LOOKS, stop):
                return False
        return True

    def _silent(self, timeout_s: float) -> DeviceFault:
        return DeviceFault(
            f"the chip said nothing for {timeout_s:g} s",
            remedy="check its power (3.3 V), the wires of data and clock, and that the pin numbers are GPIO numbers",
            key=Trouble.SILENT,
        )

    def _shift(self) -> Frame:
        """Clock one reading out. The time is taken around each pulse: it can only look longer than it was."""
        data, clock = self._data.pin, self._clock.pin
        ticks, between = self._header.factory.ticks, self._header.factory.ticks_diff
        bits, high_s = 0, 0.0
        began = ticks()
        for pulse in range(PULSES[self._gain]):
            rising = ticks()
            clock.state = True
            clock.state = False
            high_s = max(high_s, between(ticks(), rising))
            if high_s > HIGH_S_MAX:
                break  # It is starting anew: more pulses would mean something else to it.
            if pulse < BITS:
                bits = bits << 1 | bool(data.state)
        return Frame(bits, high_s, between(ticks(), began), bool(data.state))
