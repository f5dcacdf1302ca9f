"""``python -m tests.fuzz [--inputs N]``: every parser, a million inputs by default, and what came of them.

With atheris, coverage leads from one input to the next. Where there is no atheris for this Python, a seeded generator
damages good messages instead, and says so. A target runs in a process of its own, so that one crash hides no other.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

from tests.fuzz.one import EXECUTED, has_atheris
from tests.fuzz.targets import TARGETS, Target, by_name

_TARGET_S_MAX = 1_800


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one target."""

    name: str
    inputs: int
    took_s: float
    crash: str


def main(argv: list[str]) -> int:
    """Fuzz all parsers, or the one named; returns 1 when one broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="inputs of all targets together, at least")
    parser.add_argument("--target", choices=[target.name for target in TARGETS], help="this one alone")
    parser.add_argument("--seed", type=int, default=4, help="begins the generator")
    asked = parser.parse_args(argv)
    targets = [by_name(asked.target)] if asked.target else list(TARGETS)
    shares = sum(target.share for target in targets)
    with_atheris = has_atheris()
    print("atheris, led by coverage" if with_atheris else "no atheris for this Python: a seeded generator instead")
    began_s = perf_counter()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        runs = [
            pool.submit(_run, target, int(asked.inputs * target.share / shares) + 1, asked.seed) for target in targets
        ]
        outcomes = [run.result() for run in runs]
    for outcome in outcomes:
        verdict = "no crash" if not outcome.crash else f"CRASH\n{outcome.crash}"
        print(f"{outcome.name:22} {outcome.inputs:>9,} inputs {outcome.took_s:7.1f} s  {verdict}")
    total, crashed = sum(outcome.inputs for outcome in outcomes), sum(bool(outcome.crash) for outcome in outcomes)
    print(f"{'all':22} {total:>9,} inputs {perf_counter() - began_s:7.1f} s  {crashed} crashed")
    return 1 if crashed else 0


def _run(target: Target, inputs: int, seed: int) -> Outcome:
    command = [sys.executable, "-m", "tests.fuzz.one", target.name, str(inputs), str(seed)]
    began_s = perf_counter()
    try:
        said = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_TARGET_S_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(target.name, 0, perf_counter() - began_s, f"not done within {_TARGET_S_MAX} s")
    text = said.stdout.decode("utf-8", "replace")
    executed = re.search(rf"{EXECUTED}\s+(\d+)", text)
    is_done = said.returncode == 0 and executed is not None
    count = int(executed[1]) if executed else 0
    return Outcome(target.name, count, perf_counter() - began_s, "" if is_done else text[-3_000:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
