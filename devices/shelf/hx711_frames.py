"""The HX711's wire: 24 bits of two's complement, and as many clock pulses as choose the next input and gain.

The chip pulls its data line low when a conversion is ready. Each rising clock edge then shifts out one bit, the
highest first; pulses 25 to 27 choose input and gain of the *next* conversion, and the 25th lets the data line go high
again. A clock line that is high for longer than 60 µs switches the chip off; low again, it starts anew with input A at
gain 128. (Avia Semiconductor, HX711 data sheet.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

BITS = 24
HIGHEST = (1 << (BITS - 1)) - 1
LOWEST = -(1 << (BITS - 1))
HIGH_S_MAX = 60e-6
"""How long the clock may be high before the chip switches itself off."""
RESET_HIGH_S = 100e-6
"""How long the clock is held high to switch it off on purpose."""
SETTLING_CONVERSIONS = 4
"""Conversions after a start or a change of input that are not settled yet: 400 ms at 10, 50 ms at 80 a second."""
POWER_UP_GAIN = 128

PULSES = {128: 25, 32: 26, 64: 27}
"""Clock pulses of a whole reading, by the gain of the next one. Gain 32 is the chip's second input, B."""

_ALL_ONES = (1 << BITS) - 1


class Flaw(Enum):
    """Why a sample is none."""

    LATE = "read too slowly, so that the chip switched off or went on"
    NO_CHIP = "the data line did not do what the chip does"
    SATURATED = "beyond what the chip can measure"


@dataclass(frozen=True, slots=True)
class Frame:
    """One reading of the line: its 24 ``bits`` as an unsigned number, and how the reading went.

    ``high_s`` is the longest time the clock was high, ``total_s`` the time of the whole reading, ``ends_high`` whether
    the data line was high after the last pulse.
    """

    bits: int
    high_s: float
    total_s: float
    ends_high: bool


def sample(frame: Frame, *, total_s_max: float) -> int | Flaw:
    """The counts of a reading, or what is wrong with it."""
    if frame.high_s > HIGH_S_MAX or frame.total_s > total_s_max:
        return Flaw.LATE
    # All ones is what a chip without power says: one count beside zero is given up for that.
    if not frame.ends_high or frame.bits == _ALL_ONES:
        return Flaw.NO_CHIP
    counts = signed(frame.bits)
    return Flaw.SATURATED if counts in {HIGHEST, LOWEST} else counts


def signed(bits: int) -> int:
    """24 bits as the two's complement number they are. Raises ``ValueError`` for more than 24."""
    if not 0 <= bits < 1 << BITS:
        raise ValueError(f"not {BITS} bits: {bits:#x}")
    return bits - (1 << BITS) if bits >> (BITS - 1) else bits


def unsigned(counts: int) -> int:
    """The 24 bits of a count; one beyond the chip's range is told as its end, as the chip does."""
    return min(HIGHEST, max(LOWEST, counts)) & _ALL_ONES
