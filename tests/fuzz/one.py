"""``python -m tests.fuzz.one TARGET INPUTS SEED``: one parser in a process of its own, which says how many it took."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

INPUT_BYTES_MAX = 4_096
EXECUTED = "stat::number_of_executed_units:"
"""Comes before the number of inputs, in libFuzzer's words."""
_OF_PURE_CHANCE = 0.2
_INSTRUMENTED = ["devices", "cloud_bridge", "edge_agent.shelves", "edge_agent.config"]


def has_atheris() -> bool:
    """Whether this Python has it: there are wheels for some versions only."""
    return importlib.util.find_spec("atheris") is not None


def main(name: str, inputs: int, seed: int) -> None:
    """Feed one target. What it raises ends the process with its traceback."""
    if has_atheris():
        _led_by_coverage(name, inputs, seed)
    else:
        _by_chance(name, inputs, seed)


def _by_chance(name: str, inputs: int, seed: int) -> None:
    from tests.fuzz.mutations import mutated
    from tests.fuzz.targets import by_name

    target, chance = by_name(name), Random(seed)
    for good in target.seeds:
        target.feed(good)
    for number in range(inputs):
        pure = chance.random() < _OF_PURE_CHANCE
        data = (
            chance.randbytes(chance.randrange(INPUT_BYTES_MAX))
            if pure
            else mutated(chance.choice(target.seeds), chance.getrandbits(32))
        )
        _telling(target.feed, number)(data)
    print(f"{EXECUTED} {inputs}")


def _telling(feed: Callable[[bytes], None], number: int) -> Callable[[bytes], None]:
    """The same, naming the input that broke it."""

    def told(data: bytes) -> None:
        try:
            feed(data)
        except BaseException:
            print(f"input {number}: {data.hex()}")
            raise

    return told


def _led_by_coverage(name: str, inputs: int, seed: int) -> None:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_INSTRUMENTED):
        targets = importlib.import_module("tests.fuzz.targets")
    target = targets.by_name(name)
    with tempfile.TemporaryDirectory(prefix="regulars-corpus-") as folder:
        for number, good in enumerate(target.seeds):
            (Path(folder) / f"seed-{number}").write_bytes(good)
        options = [
            sys.argv[0],
            f"-runs={inputs}",
            f"-seed={seed}",
            f"-max_len={INPUT_BYTES_MAX}",
            "-print_final_stats=1",
        ]
        options += [f"-artifact_prefix={folder}/", folder]
        atheris.Setup(options, target.feed)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
