"""Nobody overspends in thousands of bad days, and every planted mistake is found by them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import loyalty.rights
from loyalty.rights.movements import Kind, Refusal
from simulation.swarm.history import play
from simulation.swarm.rules import PRODUCTION, Rules
from tests.unit.loyalty.rights_mutants import MUTANTS

SEED = 7
SLICE = 10_000
MUTANT_HISTORIES_MAX = 20_000


def test_nobody_overspends_in_ten_thousand_histories() -> None:
    redemptions = 0
    for number in range(SLICE):
        history = play(SEED, number)
        assert not history.violations, f"replay: python -m benchmarks rights --seed {SEED} --replay {number}"
        redemptions += history.tally.redemptions
    assert redemptions > SLICE


@pytest.mark.parametrize(
    "number", [50379, 136780, 150758, 361342, 406326, 440315, 482596, 493762, 509748, 575436], ids=str
)
def test_a_history_that_once_broke_holds(number: int) -> None:
    """A disk that had forgotten rows gave back, undid again, or heard an answer to an earlier start."""
    assert not play(1, number).violations


@pytest.mark.parametrize("name", MUTANTS)
def test_the_swarm_finds(name: str) -> None:
    rules = MUTANTS[name]
    assert any(play(SEED, number, rules=rules).violations for number in range(MUTANT_HISTORIES_MAX)), name


def test_at_least_twenty_mutants_are_planted_and_each_differs_from_production() -> None:
    assert len(MUTANTS) >= 20
    assert all(rules != PRODUCTION for rules in MUTANTS.values())


def test_a_history_is_the_same_each_time_it_is_played() -> None:
    for number in range(50):
        first, second = (play(SEED, number, traced=True) for _ in range(2))
        assert (first.trace, first.tally) == (second.trace, second.tally)
        assert first.tally == play(SEED, number).tally


def test_members_of_one_store_are_hardly_ever_refused_what_is_theirs() -> None:
    affordable = accepted = 0
    for number in range(2_000):
        tally = play(SEED, number).tally
        affordable += tally.affordable
        accepted += tally.accepted
    assert affordable > 100
    assert accepted / affordable >= 0.95


def test_the_swarm_reaches_every_rule_its_refusals_and_late_facts_of_every_kind() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    rules = watched(seen)
    for number in range(2_000):
        play(SEED, number, rules=rules)
    missing = [field.name for field in fields(Rules) if not seen[field.name, "done"]]
    assert not missing
    expected = {
        *(("settle", f"late {kind}") for kind in Kind),
        *(("redeem", refusal) for refusal in (Refusal.FROZEN, Refusal.NOT_ENOUGH_RIGHTS)),
        *(("accept_grant", refusal) for refusal in (Refusal.DUPLICATE, Refusal.OTHER_INCARNATION)),
        *(("restore", refusal) for refusal in (Refusal.MADE_ELSEWHERE, Refusal.ALREADY_RESTORED)),
        *(("greet", refusal) for refusal in (Refusal.SUPERSEDED, Refusal.REVOKED)),
        *(("grant", refusal) for refusal in (Refusal.REVOKED, Refusal.OTHER_INCARNATION)),
        ("settle", Refusal.DUPLICATE), ("settle", "recovered"),
        ("write_off", Refusal.OVER_THE_CAP), ("goodwill", Refusal.OVER_THE_CAP),
    }  # fmt: skip
    assert not expected - {what for what, times in seen.items() if times}


def watched(seen: Counter[tuple[str, str]]) -> Rules:
    """The production rules, each counting how it answered."""

    def watch(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            answer = rule(*args, **options)
            refusal = answer if isinstance(answer, Refusal) else getattr(answer, "refusal", None)
            seen[name, refusal or "done"] += 1
            if name == "settle" and refusal is None:
                seen[name, "recovered"] += bool(answer.recovered)
                seen[name, f"late {args[1].kind}"] += args[1].incarnation != options["standing"].current
            return answer

        return counted

    rules = {field.name: watch(field.name, getattr(PRODUCTION, field.name)) for field in fields(Rules)}
    return replace(PRODUCTION, **rules)


def test_no_rule_of_rights_can_know_the_time() -> None:
    """Leases never end by clock: the modules that decide have no clock, no calendar and no chance to import."""
    allowed = {"__future__", "collections", "dataclasses", "enum", "typing", "loyalty"}
    for path in Path(next(iter(loyalty.rights.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert str(node.module).split(".")[0] in allowed, path.name
            assert not isinstance(node, ast.Import), path.name
