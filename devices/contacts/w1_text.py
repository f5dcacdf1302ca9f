"""What the kernel writes of a DS18B20: nine bytes twice, whether their checksum fits, and the temperature.

::

    72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
    72 01 4b 46 7f ff 0e 10 57 t=23125
"""

from __future__ import annotations

import re
from enum import StrEnum

LENGTH_MAX = 200
POWER_ON_MILLI = 85_000
LOWEST_MILLI = -55_000
HIGHEST_MILLI = 125_000

_TEXT = re.compile(
    r"((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)\n((?:[0-9a-f]{2} ){9})t=(-?[0-9]{1,6})\n?", re.ASCII
)


class NoTemperature(StrEnum):
    """Why there is none, in words for people."""

    GARBLED = "its answer cannot be read: check the wires and the 4.7 kΩ resistor"
    EMPTY = "it answers nothing but zeros: it has no power, or data is short-circuited"
    POWER_ON = "it says 85 °C, what it says before it measured: its power fails while it measures"
    OUT_OF_RANGE = "it says a temperature that it cannot measure"


def temperature(text: str) -> float | NoTemperature:
    """Degrees Celsius, or why there are none."""
    match = _TEXT.fullmatch(text) if len(text) <= LENGTH_MAX else None
    if match is None or match[2] == "NO" or match[1] != match[3]:
        return NoTemperature.GARBLED
    # The checksum of nine zeros is zero: the kernel calls that a good answer.
    if not any(bytes.fromhex(match[1])):
        return NoTemperature.EMPTY
    milli = int(match[4])
    if milli == POWER_ON_MILLI:
        return NoTemperature.POWER_ON
    if not LOWEST_MILLI <= milli <= HIGHEST_MILLI:
        return NoTemperature.OUT_OF_RANGE
    return milli / 1_000
