"""Does anybody ever spend a point twice? A swarm of seeded histories, checked after every step."""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

from simulation.swarm.history import play
from simulation.swarm.world import Tally

describe = "seeded histories of offline redemption under lost messages, restored disks and dead gateways"

ACCEPTED_SHARE_MIN = 0.95
BROKEN_SHOWN_MAX = 10


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rights", description=describe)
    parser.add_argument("--histories", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first history, to share a seed out")
    parser.add_argument("--replay", type=int, metavar="NUMBER", help="play one history of the seed and show its steps")
    asked = parser.parse_args(argv)
    if asked.replay is not None:
        history = play(asked.seed, asked.replay, traced=True)
        return {"seed": asked.seed, "number": asked.replay, "trace": history.trace, "violations": history.violations}
    return _measure(asked.seed, asked.first, asked.histories)


def _measure(seed: int, first: int, histories: int) -> dict[str, Any]:
    tally, violations, broken = Tally(), 0, []
    began = perf_counter()
    for number in range(first, first + histories):
        history = play(seed, number)
        tally.add(history.tally)
        if history.violations:
            violations += len(history.violations)
            broken.append(f"--seed {seed} --replay {number}: {history.violations[0]}")
    seconds = perf_counter() - began
    share = _share(tally.accepted, tally.affordable)
    return {
        "histories": histories,
        "seed": seed,
        "steps": tally.steps,
        "redemptions": tally.redemptions,
        "violations": violations,
        "broken": broken[:BROKEN_SHOWN_MAX],
        "accepted_share": share,
        "affordable": tally.affordable,
        "accepted_share_roaming": _share(tally.accepted_roaming, tally.affordable_roaming),
        "accepted_share_disturbed": _share(tally.accepted_disturbed, tally.affordable_disturbed),
        "seconds": round(seconds, 1),
        "histories_per_s": round(histories / seconds) if seconds else 0,
        "targets": [
            {"figure": "violations", "max": 0, "value": violations, "met": violations == 0},
            {
                "figure": "accepted_share",
                "min": ACCEPTED_SHARE_MIN,
                "value": share,
                "met": share is None or share >= ACCEPTED_SHARE_MIN,
            },
        ],
    }


def _share(part: int, whole: int) -> float | None:
    """``None`` where there was nothing to share."""
    return round(part / whole, 4) if whole else None
