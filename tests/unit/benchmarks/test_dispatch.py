"""`python -m benchmarks` finds what there is, and says so."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import discover, main


def test_every_promised_benchmark_is_found_and_described() -> None:
    found = discover()
    assert {"journal", "reading_to_board", "replica", "rights", "tap_to_screen", "uplink"} <= set(found)
    assert all(benchmark.describe for benchmark in found.values())


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in discover())


def test_json_is_one_object_and_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rights", "--json", "--histories", "20", "--seed", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["histories"], figures["violations"]) == (20, 0)
    with pytest.raises(SystemExit):
        main(["speed-of-light"])
