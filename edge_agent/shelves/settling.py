"""When a weight can be believed: it kept still for long enough, by what this scale calls still.

A hand on the shelf, goods being set down, a garbled sample: all of them move the weight, and while it moves nothing is
counted. How still a scale can be is learned from the scale itself: a quarter of the differences between neighbouring
samples stays small even while somebody is at the shelf for most of the time.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

SAMPLES_MAX = 64
GAP_S = 30.0
"""After so long without a sample, what came before says nothing of what comes now."""
PAIR_S = 8.0
"""Of a sensor that reports seldom, two samples so far apart are enough: it has filtered them itself."""
NOISE_G_MIN = 0.7
STILL_SIGMAS = 6.0
STILL_G_MIN = 4.0
_LEARN_EVERY = 8
_LEARN_SAMPLES = 12
_QUARTILE_OF_DIFFERENCES = 0.4506
"""The lower quartile of |a - b| for two normal samples, in standard deviations of one of them: √2 · 0.3186."""
_MAD_TO_SIGMA = 1.4826
_NOISE_SHARE_MAX = 12.0
"""A mean is believed once its error is a twelfth of a unit at most: 6 sigmas to the middle between two numbers."""


@dataclass(frozen=True, slots=True)
class StillRules:
    """How long and how often a weight must agree with itself; see ``[floor]``."""

    span_s: float = 2.5
    samples: int = 4


@dataclass(frozen=True, slots=True)
class Level:
    """A settled weight in grams: the mean of what agreed, and its standard error."""

    grams: float
    error_g: float


class Settling:
    """The last samples of one scale, and whether they agree. Times are seconds on one monotonic clock."""

    def __init__(self, unit_g: float, *, ceiling_g: float, rules: StillRules) -> None:
        self._unit_g = unit_g
        self._ceiling_g = ceiling_g
        self._rules = rules
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES_MAX)
        self._unlearned = 0
        self._told_g = 0.0
        self._learned_g: float | None = None
        self.level: Level | None = None
        """What it settled at; ``None`` while it moves, and before enough was heard."""
        self.rejected = 0
        """Samples that no shelf can weigh."""

    @property
    def noise_g(self) -> float:
        """The standard deviation of one sample, in grams."""
        return max(NOISE_G_MIN, self._told_g * _MAD_TO_SIGMA, self._learned_g or 0.0)

    def hear(self, at_s: float, grams: float, noise_g: float = 0.0) -> Level | None:
        """One more sample; returns what the weight has settled at, if it has.

        ``noise_g``: the median absolute deviation that the sensor tells of it.
        """
        if not -self._ceiling_g <= grams <= self._ceiling_g:
            self.rejected += 1
            return self.level
        if self._samples and not 0.0 <= at_s - self._samples[-1][0] <= GAP_S:
            self.forget()
        self._told_g = noise_g
        self._samples.append((at_s, grams))
        self._unlearned += 1
        if self._unlearned >= _LEARN_EVERY and len(self._samples) >= _LEARN_SAMPLES:
            self._learn()
        self.level = self._settled()
        return self.level

    def forget(self) -> None:
        """What was heard so far says nothing any more; what the scale is like stays known."""
        self._samples.clear()
        self.level = None

    def _settled(self) -> Level | None:
        self._drop_spike()
        noise_g = self.noise_g
        wanted = max(self._rules.samples, math.ceil((_NOISE_SHARE_MAX * noise_g / self._unit_g) ** 2))
        newest_s = self._samples[-1][0]
        agreeing: list[float] = []
        span_s = 0.0
        for at_s, grams in reversed(self._samples):
            agreeing.append(grams)
            span_s = newest_s - at_s
            if span_s >= self._rules.span_s and (len(agreeing) >= wanted or (span_s >= PAIR_S and len(agreeing) > 1)):
                break
        else:
            return None
        lowest, highest = min(agreeing), max(agreeing)
        if highest - lowest > max(STILL_G_MIN, STILL_SIGMAS * noise_g):
            return None
        mean, half = sum(agreeing) / len(agreeing), len(agreeing) // 2
        slope_g = abs(sum(agreeing[:half]) / half - sum(agreeing[-half:]) / half)
        if slope_g > max(STILL_G_MIN / 2, 3.0 * noise_g / math.sqrt(half)):
            return None
        return Level(mean, max(noise_g, (highest - lowest) / 4) / math.sqrt(len(agreeing)))

    def _drop_spike(self) -> None:
        """One sample that its two neighbours know nothing of never happened."""
        if len(self._samples) < 3:
            return
        (_, before), (_, between), (_, after) = self._samples[-3], self._samples[-2], self._samples[-1]
        still_g = max(STILL_G_MIN, STILL_SIGMAS * self.noise_g)
        if abs(before - after) <= still_g and min(abs(between - before), abs(between - after)) > still_g:
            del self._samples[-2]
            self.rejected += 1

    def _learn(self) -> None:
        differences = sorted(abs(one - other) for (_, one), (_, other) in pairwise(self._samples))
        self._learned_g = differences[len(differences) // 4] / _QUARTILE_OF_DIFFERENCES
        self._unlearned = 0
