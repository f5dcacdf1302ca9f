"""Percentiles of measured durations, without a histogram's rounding."""

from __future__ import annotations

from collections.abc import Sequence

SAMPLES_MAX = 100_000


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that is at least as large as ``share`` (0 to 1) of all: nearest rank."""
    if not samples:
        raise ValueError("no samples, no percentile")
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    ordered = sorted(samples)
    rank = -(-len(ordered) * share // 1)
    return ordered[int(rank) - 1]
