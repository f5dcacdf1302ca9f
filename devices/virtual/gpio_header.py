"""A pin header that virtual hardware is wired to: gpiozero's mock pins, and time of its own.

The production drivers run against it unchanged: hand it in as their ``pins``. Each use of a pin takes two microseconds
of its time, and each wait as long as it says, so that what a pulse lasts does not depend on the machine that tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

PIN_USE_S = 2e-6
"""What one use of a pin takes, about as on the board."""

Levels = Callable[[], bool | None]
"""The level that hardware puts on a pin now; ``None``: it lets go of it."""


class VirtualHeader:
    """Forty pins and their time. ``pace`` is how many real seconds a second of waiting takes; 0: none."""

    def __init__(self, *, pace: float = 1.0) -> None:
        self.factory = _Factory(self)
        self.now_s = 0.0
        """Seconds since it was made, in its own time."""
        self.changing = threading.RLock()
        """Held while virtual hardware changes or is looked at: drivers come from threads of their own."""
        self._pace = pace
        self._shown = threading.Condition(self.changing)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """As :meth:`devices.gpio.header.Header.wait`, in its own time."""
        self.pass_time(seconds)
        return stop.wait(seconds * self._pace)

    def pass_time(self, seconds: float) -> None:
        """Let time pass that nobody waits for: the machine was busy elsewhere."""
        with self.changing:
            self.now_s += seconds

    def pin(self, number: int) -> _Pin:
        """A pin by its GPIO number, the same one that a driver gets."""
        pin: _Pin = self.factory.pin(number)
        return pin

    def level(self, number: int) -> bool:
        """The level of a pin now."""
        return bool(self.pin(number).state)

    def wait_for_level(self, number: int, level: bool, *, timeout_s: float) -> bool:  # noqa: FBT001 - a level
        """Wait in real time until a driver put this level on a pin; False after the timeout."""
        with self.changing:
            return self._shown.wait_for(lambda: self.pin(number).output is level, timeout_s)

    def used(self, pin: _Pin, level: bool | None = None) -> None:  # noqa: FBT001 - a level
        """Called by a pin at each use; ``level`` where one was put on it."""
        with self.changing:
            self.now_s += PIN_USE_S
            if level is not None:
                if pin.listener is not None:
                    pin.listener(level)
                self._shown.notify_all()


class _Pin(MockPin):  # type: ignore[misc]
    """A mock pin with hardware on it: ``source`` gives its level, ``listener`` hears of levels put on it."""

    def __init__(self, factory: _Factory, info: Any) -> None:
        self.source: Levels | None = None
        self.listener: Callable[[bool], None] | None = None
        super().__init__(factory, info)

    @property
    def output(self) -> bool | None:
        """The level that a driver put on it; ``None`` where it is no output."""
        return bool(self._state) if self._function == "output" else None

    def edge(self, level: bool) -> None:  # noqa: FBT001 - a level
        """Its hardware changed to this level: whoever watches it is called, as by the pin library's thread."""
        watching = self._when_changed() if self._when_changed is not None else None
        if watching is not None:
            watching(self.factory.ticks(), level)

    def _get_state(self) -> bool:
        self.factory.header.used(self)
        driven = self.source() if self.source is not None else None
        if driven is not None:
            return driven
        return bool(super()._get_state())

    def _set_state(self, value: bool) -> None:  # noqa: FBT001 - gpiozero's
        super()._set_state(value)
        self.factory.header.used(self, bool(value))


class _Factory(MockFactory):  # type: ignore[misc]
    """gpiozero's mock factory, its ticks those of the header."""

    def __init__(self, header: VirtualHeader) -> None:
        super().__init__(revision="c03111", pin_class=_Pin)
        self.header = header

    def ticks(self) -> float:
        return self.header.now_s

    def ticks_diff(self, later: float, earlier: float) -> float:
        return later - earlier
