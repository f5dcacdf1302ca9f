"""``regulars calibrate``: the gateway leads, the terminal puts it into words, and whatever happens ends the lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from provisioning.asking.calibration_talk import LOOKS_MAX, PROBLEMS, Terminal, result_of, talk_through
from provisioning.cli import app
from provisioning.failures import CommandFailure, Exit

FOUND = {"error_g": 2.0, "error_units": 0.006, "drift_g": 3.5, "drift_g_per_day": 0.25}
VIEW: dict[str, Any] = {
    "slot": "A-01",
    "sku": "690001",
    "name_zh": "可乐",
    "name_en": "Cola",
    "teach": "whole",
    "problem": None,
    "known_g": 990.0,
    "known_units": 3,
    "live_g": None,
    "live_counts": 84_000.0,
    "is_steady": False,
    "error_g": None,
    "error_units": None,
    "drift_g": None,
    "drift_g_per_day": None,
}


class ScriptedGateway:
    """Goes from view to view: a look or a press takes it to the next one."""

    def __init__(self, *script: dict[str, Any]) -> None:
        self.script = [VIEW | view for view in script]
        self.asked: list[tuple[str, dict[str, Any] | None]] = []

    def teach(self, slot: str, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        assert slot == "A-01"
        self.asked.append((verb, body))
        if verb == "keep":
            return VIEW | {"step": "done"}
        return {} if verb == "end" else self.script.pop(0) if len(self.script) > 1 else self.script[0]

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.asked]


class Technician:
    """At the terminal: presses Enter at once, and reads all that is said."""

    def __init__(self, *, keeps: bool = True, walks_away: bool = False) -> None:
        self.heard: list[str] = []
        self.asked: list[str] = []
        self._keeps = keeps
        self._walks_away = walks_away

    def terminal(self) -> Terminal:
        return Terminal(
            ask=self._ask,
            confirm=lambda _: self._keeps,
            say=self.heard.append,
            live=lambda _: None,
            pause=lambda _: None,
        )

    def _ask(self, sentence: str) -> None:
        if self._walks_away:
            raise KeyboardInterrupt
        self.asked.append(sentence)


WHOLE = (
    {"step": "empty"},
    {"step": "taring"},
    {"step": "taring", "is_steady": True},
    {"step": "load"},
    {"step": "weighing"},
    {"step": "unloading"},
    {"step": "confirm", **FOUND},
)


def test_a_whole_lesson_in_words() -> None:
    gateway, technician = ScriptedGateway(*WHOLE), Technician()
    kept = talk_through(gateway, "A-01", {"units": 3}, technician.terminal())
    assert kept["step"] == "done"
    assert gateway.asked[0] == ("begin", {"units": 3})
    assert ("go-on", {"step": "empty"}) in gateway.asked
    assert ("go-on", {"step": "load"}) in gateway.asked
    assert gateway.verbs[-1] == "keep"
    assert technician.asked == [
        "Take everything off A-01 (Cola), then press Enter",
        "Put 3 × Cola on it, take your hands off, then press Enter",
    ]
    assert technician.heard == [
        "Weighing the empty shelf: hands off.",
        "Weighing 3 × Cola: hands off.",
        "Now take it off again: the empty shelf is checked.",
        "A full shelf may be wrong by 0.01 items (2.0 g). Its zero had moved by +3.5 g (+0.2 g a day).",
    ]


def test_a_known_weight_is_called_by_its_grams() -> None:
    gateway = ScriptedGateway(*({"known_units": None, "known_g": 500.0} | view for view in WHOLE))
    technician = Technician()
    talk_through(gateway, "A-01", {"known_g": 500}, technician.terminal())
    assert technician.asked[1].startswith("Put 500 g on it")


@pytest.mark.parametrize("problem", ["unchanged", "too_light", "too_noisy"])
def test_a_refused_weight_is_explained_and_asked_for_again(problem: str) -> None:
    again = ({"step": "weighing"}, {"step": "load", "problem": problem})
    gateway, technician = ScriptedGateway(*WHOLE[:4], *again, *WHOLE[4:]), Technician()
    talk_through(gateway, "A-01", {"units": 3}, technician.terminal())
    assert "! " + PROBLEMS[problem] in technician.heard
    assert len(technician.asked) == 3


def test_a_problem_while_waiting_is_said_once() -> None:
    unsteady = {"step": "taring", "problem": "unsteady"}
    gateway, technician = ScriptedGateway(*WHOLE[:2], *[unsteady] * 5, *WHOLE[3:]), Technician()
    talk_through(gateway, "A-01", {"units": 3}, technician.terminal())
    assert technician.heard.count("! " + PROBLEMS["unsteady"]) == 1


def test_saying_no_keeps_nothing_and_ends_the_lesson() -> None:
    gateway = ScriptedGateway(*WHOLE)
    with pytest.raises(CommandFailure) as caught:
        talk_through(gateway, "A-01", {"units": 3}, Technician(keeps=False).terminal())
    assert caught.value.status is Exit.CHECK_FAILED
    assert gateway.verbs[-1] == "end"
    assert "keep" not in gateway.verbs


def test_walking_away_ends_the_lesson() -> None:
    gateway = ScriptedGateway(*WHOLE)
    with pytest.raises(KeyboardInterrupt):
        talk_through(gateway, "A-01", {"units": 3}, Technician(walks_away=True).terminal())
    assert gateway.verbs == ["begin", "end"]


def test_nobody_waits_for_ever() -> None:
    gateway = ScriptedGateway({"step": "empty"}, {"step": "taring"})
    with pytest.raises(CommandFailure, match="ten minutes"):
        talk_through(gateway, "A-01", {"units": 3}, Technician().terminal())
    assert gateway.verbs.count("lesson") == LOOKS_MAX
    assert gateway.verbs[-1] == "end"


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ({"teach": "zero", **FOUND, "drift_g_per_day": None}, "Its zero had moved by +3.5 g."),
        ({"teach": "zero"}, "The empty shelf was weighed."),
        ({"drift_g": -2.0, "error_units": 0.1, "error_g": 33.0}, "A full shelf may be wrong by 0.10 items (33.0 g). "),
    ],
)
def test_what_was_found_is_said_in_a_sentence(view: dict[str, Any], sentence: str) -> None:
    assert sentence in result_of(VIEW | view)


def test_two_weights_at_once_make_no_sense() -> None:
    result = CliRunner().invoke(app, ["calibrate", "A-01", "--known-g", "500", "--units", "3"])
    assert result.exit_code == Exit.FAILED
    assert "Say one of them" in result.output


def test_without_a_gateway_it_says_how_to_start_one(tmp_path: Path, free_port: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    config = tmp_path / "edge.toml"
    config.write_text(
        '[gateway]\nid = "store-1"\nstore = "store-1"\nstore_name = "High Street"\ndata_dir = "data"\n'
        'secret_file = "secret"\nmedium_key_file = "secret"\n[broker]\n'
        f'[web]\nport = {free_port()}\n[[counters]]\nname = "counter-1"\nkiosk = "front"\n'
    )
    result = CliRunner().invoke(app, ["calibrate", "A-01", "--units", "3", "--config", str(config)])
    assert result.exit_code == Exit.FAILED
    assert "No gateway answers" in result.output
