"""The conversation with a technician who teaches a scale: the gateway leads, this puts it into words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from provisioning.asking.running_gateway import NotRunning
from provisioning.failures import CommandFailure, Exit

LOOK_S = 0.5
LOOKS_MAX = 1_200
"""Ten minutes at one step: whoever was there has gone."""

_ASKS = {
    "empty": "Take everything off {slot} ({thing}), then press Enter",
    "load": "Put {load} on it, take your hands off, then press Enter",
}
_SAYS = {
    "taring": "Weighing the empty shelf: hands off.",
    "weighing": "Weighing {load}: hands off.",
    "unloading": "Now take it off again: the empty shelf is checked.",
}
PROBLEMS = {
    "unsteady": "The shelf does not come to rest: nothing may touch it or rub against it.",
    "silent": "The scale says nothing: see `regulars devices list`.",
    "unchanged": "That changed nothing. Is the weight on this shelf, and its load cell connected?",
    "too_light": "That is too light to be exact: take a heavier weight, or more items.",
    "too_noisy": "This scale is too coarse for this article: one item is lost in its noise.",
    "inexact": "The empty shelf no longer weighs nothing: see that nothing lies on it or rubs against it.",
}

View = dict[str, Any]


class Teaching(Protocol):
    """The gateway's side of a lesson, as :meth:`provisioning.asking.running_gateway.RunningGateway.teach`."""

    def teach(self, slot: str, verb: str, body: dict[str, Any] | None = None) -> View:
        """Do it; answers where the lesson stands. Raises :class:`CommandFailure` where it is refused."""
        ...


@dataclass(frozen=True, slots=True)
class Terminal:
    """How to talk: ``ask`` waits for Enter, ``confirm`` for yes or no, ``say`` prints, ``live`` overwrites a line."""

    ask: Callable[[str], None]
    confirm: Callable[[str], bool]
    say: Callable[[str], None]
    live: Callable[[str], None]
    pause: Callable[[float], None]


def talk_through(gateway: Teaching, slot: str, weight: dict[str, Any], terminal: Terminal) -> View:
    """One whole lesson; returns what was kept. Whatever ends it early ends it at the gateway, too.

    Raises :class:`CommandFailure` when nothing was kept.
    """
    view = gateway.teach(slot, "begin", weight)
    kept: View | None = None
    try:
        while view["step"] != "confirm":
            view = _ask(gateway, view, terminal) if view["step"] in _ASKS else _await(gateway, view, terminal)
        terminal.say(result_of(view))
        if terminal.confirm("Keep it?"):
            kept = gateway.teach(slot, "keep", {})
    finally:
        if kept is None:
            with suppress(CommandFailure, NotRunning):
                gateway.teach(slot, "end", {})
    if kept is None:
        raise CommandFailure("Nothing was kept.", status=Exit.CHECK_FAILED)
    return kept


def result_of(view: View) -> str:
    """What the lesson found, in a sentence."""
    words = []
    if view["error_units"] is not None and view["teach"] == "whole":
        words.append(f"A full shelf may be wrong by {view['error_units']:.2f} items ({view['error_g']:.1f} g).")
    if view["drift_g"] is not None:
        a_day = view["drift_g_per_day"]
        words.append(f"Its zero had moved by {view['drift_g']:+.1f} g{f' ({a_day:+.1f} g a day)' if a_day else ''}.")
    return " ".join(words) or "The empty shelf was weighed."


def _ask(gateway: Teaching, view: View, terminal: Terminal) -> View:
    if view["problem"]:
        terminal.say(_problem(view))
    terminal.ask(_words(_ASKS[view["step"]], view))
    return gateway.teach(view["slot"], "go-on", {"step": view["step"]})


def _await(gateway: Teaching, view: View, terminal: Terminal) -> View:
    """Follow the live reading until the lesson goes on."""
    terminal.say(_words(_SAYS[view["step"]], view))
    told = ""
    for _ in range(LOOKS_MAX):
        now = gateway.teach(view["slot"], "lesson")
        if now["step"] != view["step"]:
            terminal.live("")
            return now
        if now["problem"] and now["problem"] != told:
            told = now["problem"]
            terminal.live("")
            terminal.say(_problem(now))
        terminal.live(_reading(now))
        terminal.pause(LOOK_S)
    raise CommandFailure("Nothing happened for ten minutes, so nothing was kept.", "Begin again.")


def _words(sentence: str, view: View) -> str:
    units = view["known_units"]
    load = f"{units} × {_thing(view)}" if units else f"{view['known_g'] or 0:g} g"
    return sentence.format(slot=view["slot"], thing=_thing(view), load=load)


def _thing(view: View) -> str:
    return str(view["name_en"] or view["name_zh"] or view["sku"])


def _problem(view: View) -> str:
    return "! " + PROBLEMS.get(view["problem"], str(view["problem"]))


def _reading(view: View) -> str:
    rest = "steady" if view["is_steady"] else "moving"
    if view["live_g"] is not None:
        return f"  {view['live_g']:10.1f} g  {rest}"
    return f"  {view['live_counts']:12.0f} counts  {rest}" if view["live_counts"] is not None else "  no reading yet"
