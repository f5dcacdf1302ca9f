"""A load cell under a shelf slot, as good and as bad as a cheap one is.

Pure: time (seconds of any steady clock) and temperature are passed in, and the same seed gives the same noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

_CREEP_STEP_S_MAX = 3_600.0


@dataclass(frozen=True, slots=True)
class CellTraits:
    """How a cell errs; the defaults are those of a 5 kg bar cell with an HX711 behind it."""

    noise_g: float = 0.9
    """Standard deviation of one sample."""
    gain_error: float = 0.001
    """What is left of the slope's error after calibration, as a share of the load."""
    drift_g_per_c: float = 0.25
    """How the zero moves with temperature, from the one it was tared at."""
    creep_share: float = 0.000_4
    """How much more it shows when the same load stays, as a share of the load …"""
    creep_s: float = 240.0
    """… and the time in which two thirds of that have come."""
    tared_at_c: float = 21.0


class LoadCell:
    """One cell. ``read`` is to be called with times that do not go back."""

    def __init__(self, *, seed: str, traits: CellTraits | None = None) -> None:
        self.traits = CellTraits() if traits is None else traits
        self._random = Random(f"regulars/cell/{seed}")  # noqa: S311 - noise, not a secret
        self._creep_g = 0.0
        self._last_s: float | None = None

    def read(self, now_s: float, load_g: float, *, temperature_c: float = 21.0) -> float:
        """One sample in grams of what presses on it now."""
        traits = self.traits
        self._creep(now_s, load_g)
        drift_g = traits.drift_g_per_c * (temperature_c - traits.tared_at_c)
        noise_g = self._random.gauss(0.0, traits.noise_g)
        return load_g * (1 + traits.gain_error) + self._creep_g + drift_g + noise_g

    def _creep(self, now_s: float, load_g: float) -> None:
        elapsed_s = 0.0 if self._last_s is None else min(max(0.0, now_s - self._last_s), _CREEP_STEP_S_MAX)
        self._last_s = now_s
        share = 1.0 - math.exp(-elapsed_s / self.traits.creep_s)
        self._creep_g += (load_g * self.traits.creep_share - self._creep_g) * share


@dataclass(frozen=True, slots=True)
class Touch:
    """A hand at a slot from ``began_s`` to ``ended_s``: it leans on the shelf, and lifts at it, unevenly."""

    began_s: float
    ended_s: float
    force_g: float
    phase: float = 0.0

    def load_g(self, now_s: float) -> float:
        """What the hand adds to the load; 0 before and after."""
        if not self.began_s <= now_s < self.ended_s:
            return 0.0
        share = (now_s - self.began_s) / (self.ended_s - self.began_s)
        return self.force_g * math.sin(math.pi * share) * (1.0 + 0.35 * math.sin(17.0 * now_s + self.phase))
