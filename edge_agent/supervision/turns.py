"""Keeping turns on the one event loop: what a driver takes of it is measured, and a flood is let in by portions."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")

_WINDOW_S = 1.0


@types.coroutine
def measured(
    awaitable: Awaitable[Result],
    *,
    monotonic: Callable[[], float],
    took: Callable[[float], BaseException | None],
) -> Generator[Any, Any, Result]:
    """Await it, and tell ``took`` how long each stretch kept the event loop to itself, in seconds.

    Between two stretches others run. What ``took`` returns is raised inside of the awaitable, where it waits; nothing
    that the awaitable already brought is lost by it.
    """
    steps = awaitable.__await__()
    step: Callable[[], Any] = steps.__next__
    while True:
        began_s = monotonic()
        try:
            waits_for = step()
        except StopIteration as ended:
            took(monotonic() - began_s)
            return ended.value  # type: ignore[no-any-return]
        objection = took(monotonic() - began_s)
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001 - a cancellation, too, is for the awaitable to hear
            step = _thrower(steps, error)
        else:
            step = _thrower(steps, objection) if objection else _sender(steps, sent)


def _thrower(steps: Any, error: BaseException) -> Callable[[], Any]:
    return lambda: steps.throw(error)


def _sender(steps: Any, sent: Any) -> Callable[[], Any]:
    return steps.__next__ if sent is None else lambda: steps.send(sent)


class Portion:
    """What is taken of one device within a second."""

    def __init__(self, words_max: int, *, monotonic: Callable[[], float]) -> None:
        self._words_max = words_max
        self._monotonic = monotonic
        self._began_s = monotonic()
        self._words = 0

    def wait_s(self) -> float:
        """Count one word; returns for how long the next must wait, 0 for a device that keeps its measure."""
        now_s = self._monotonic()
        if now_s - self._began_s >= _WINDOW_S:
            self._began_s, self._words = now_s, 0
        self._words += 1
        if self._words < self._words_max:
            return 0.0
        return self._began_s + _WINDOW_S - now_s
