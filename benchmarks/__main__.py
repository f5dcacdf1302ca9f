"""``python -m benchmarks NAME [--json] [options]``: run one benchmark; without a name, list them."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from typing import Any, Protocol, cast

import benchmarks

ALL = "all"


class Benchmark(Protocol):
    """What a module in this folder offers to be found."""

    describe: str
    run: Callable[[list[str]], dict[str, Any]]


def discover() -> dict[str, Benchmark]:
    """Every benchmark by name."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"benchmarks.{module.name}")
        if hasattr(loaded, "run") and hasattr(loaded, "describe"):
            found[module.name] = cast("Benchmark", loaded)
    return found


def main(argv: list[str]) -> int:
    """Run what was named. With ``--strict`` the exit status is 1 when a target is missed."""
    known = discover()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, add_help=False)
    parser.add_argument("name", nargs="?", choices=[*sorted(known), ALL])
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    asked, rest = parser.parse_known_args(argv)
    if asked.name is None:
        for name, benchmark in sorted(known.items()):
            print(f"{name:16} {benchmark.describe}")
        return 0
    met = True
    for name in sorted(known) if asked.name == ALL else [asked.name]:
        result = known[name].run(rest)
        if asked.name == ALL:
            result = {"benchmark": name, **result}
        print(json.dumps(result) if asked.json else _readable(result) + "\n", flush=True)
        met &= all(target.get("met", True) for target in result.get("targets", []))
    return 0 if met or not asked.strict else 1


def _readable(value: Any, indent: int = 0) -> str:
    """Nested figures as indented lines."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            nested = isinstance(item, dict | list) and item
            lines.append(f"{pad}{key}:\n{_readable(item, indent + 1)}" if nested else f"{pad}{key}: {_number(item)}")
        return "\n".join(lines)
    if isinstance(value, list):
        return "\n".join(
            f"{pad}- " + ", ".join(f"{key} {_number(item)}" for key, item in row.items())
            if isinstance(row, dict)
            else f"{pad}- {row}"
            for row in value
        )
    return f"{pad}{_number(value)}"


def _number(value: Any) -> str:
    return (
        f"{value:,.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
