"""How lamps, buzzers and relays show each signal: seconds on and off, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

from devices.device import Signal

FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Step:
    """On or off, for so long."""

    is_on: bool
    seconds: float = FOR_EVER


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps, again and again unless the last stays for ever; with a limit, off after so many seconds."""

    steps: tuple[Step, ...]

    def play(self, *, limit_s: float = FOR_EVER) -> Iterator[Step]:
        """The steps to show, one after the other; the last one stays for ever."""
        left_s = limit_s
        for steps in repeat(self.steps):
            for step in steps:
                if step.is_on and left_s < step.seconds and left_s < FOR_EVER:
                    yield Step(is_on=True, seconds=left_s)
                    yield Step(is_on=False)
                    return
                yield step
                if step.seconds == FOR_EVER:
                    return
                left_s -= step.seconds
                if left_s <= 0:
                    yield Step(is_on=False)
                    return


Patterns = Mapping[Signal, Pattern]


def _on(seconds: float = FOR_EVER) -> Step:
    return Step(is_on=True, seconds=seconds)


def _off(seconds: float = FOR_EVER) -> Step:
    return Step(is_on=False, seconds=seconds)


LAMP: Patterns = {
    Signal.OFF: Pattern((_off(),)),
    Signal.ON: Pattern((_on(),)),
    Signal.BLINK: Pattern((_on(0.5), _off(0.5))),
    Signal.ALARM: Pattern((_on(0.12), _off(0.12))),
}
BUZZER: Patterns = {
    Signal.OFF: Pattern((_off(),)),
    Signal.ON: Pattern((_on(0.15), _off())),
    Signal.BLINK: Pattern((_on(0.15), _off(0.15), _on(0.15), _off(8.0))),
    Signal.ALARM: Pattern((_on(0.4), _off(0.2))),
}
"""A beep; two beeps now and then; a beep without end."""
RELAY: Patterns = {
    Signal.OFF: Pattern((_off(),)),
    # A relay that blinked once a second would be worn out within a day or two.
    Signal.ON: Pattern((_on(),)),
    Signal.BLINK: Pattern((_on(),)),
    Signal.ALARM: Pattern((_on(),)),
}
