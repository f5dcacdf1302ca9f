"""When each turn of a day is due, in real seconds, at the speed at which the day is played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from simulation.day.turns import Turn, wait_s


@dataclass(frozen=True, slots=True)
class Due:
    """A turn and the moment for it; turns are numbered from 0."""

    number: int
    at_s: float
    turn: Turn


@dataclass(frozen=True, slots=True)
class Timetable:
    """The turns from ``begins_s`` (seconds of the clock it is read by) on. It can be iterated again."""

    turns: Iterable[Turn]
    speed: float
    begins_s: float

    def __iter__(self) -> Iterator[Due]:
        at_s = self.begins_s
        previous: datetime | None = None
        for number, turn in enumerate(self.turns):
            at_s += 0.0 if previous is None else wait_s(previous, turn.at) / self.speed
            previous = turn.at
            yield Due(number, at_s, turn)
