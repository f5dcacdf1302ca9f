"""What a scale was taught: the counts of the empty shelf, and how many counts a kilogram adds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devices.readings import SensorRead

COUNTS_MAX = 2**40
"""Beyond any converter: the contract's own limit."""
KNOWN_G_MAX = 1_000_000
MILLIGRAM_COUNTS_PER_KG = 1_000_000
"""The slope of a scale that tells its weight itself: its counts are the milligrams it tells."""
_COUNTS_PER_GRAM_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """A straight line from counts to grams. ``counts_per_kg`` is negative where the cell is wired the other way round.

    ``at`` is when it was taught, with a UTC offset; ``known_g`` the weight it was taught with, ``None`` where only its
    zero was set. Raises ``ValueError`` for a line that cannot be.
    """

    scale: str
    zero_counts: int
    counts_per_kg: int
    at: datetime
    known_g: int | None = None

    def __post_init__(self) -> None:
        if not self.scale:
            raise ValueError("a calibration names its scale")
        if self.counts_per_kg == 0:
            raise ValueError("a kilogram changes the counts: counts_per_kg cannot be 0")
        if max(abs(self.zero_counts), abs(self.counts_per_kg)) > COUNTS_MAX:
            raise ValueError(f"counts lie between -{COUNTS_MAX} and {COUNTS_MAX}")
        if self.known_g is not None and not 0 < self.known_g <= KNOWN_G_MAX:
            raise ValueError(f"a known weight has 1 to {KNOWN_G_MAX} g, not {self.known_g}")
        if self.at.tzinfo is None:
            raise ValueError("a calibration needs a time with its UTC offset")

    def grams(self, counts: float) -> float:
        """What lies on the shelf, in grams, at these counts."""
        return (counts - self.zero_counts) * 1_000 / self.counts_per_kg

    def span_g(self, counts: float) -> float:
        """How many grams a difference of that many counts (a noise) is; never negative."""
        return abs(counts * 1_000 / self.counts_per_kg)

    def grams_of(self, read: SensorRead) -> float:
        """What lies on the shelf, in grams, by a reading of this scale, be it raw or in grams."""
        return self.grams(counts_of(read))

    def noise_g_of(self, read: SensorRead) -> float:
        """The spread of a reading of this scale, in grams."""
        return self.span_g(counts_of_noise(read))


def counts_of(read: SensorRead) -> float:
    """The counts of a weight: the chip's own where it is raw, else milligrams."""
    return read.value if read.is_raw else read.value * _COUNTS_PER_GRAM_TOLD


def counts_of_noise(read: SensorRead) -> float:
    """The spread of a weight in counts."""
    return read.noise if read.is_raw else read.noise * _COUNTS_PER_GRAM_TOLD
