"""Seeded days at shelves, with the truth beside what a scale says of it: shoppers, thieves, clerks, hands, drift.

A truth model of its own, simpler than the demo's world and independent of it: what is measured here must not be made by
what it measures. Times are seconds since the shop opened.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from edge_agent.shelves.planogram import PlannedSlot

UNIT_WEIGHTS_G = (60.0, 62.5, 95.0, 120.0, 200.0, 330.0, 345.0, 520.0, 750.0, 1_000.0)
CAPACITY = 12
REORDER_AT = 3
QUIET_S = 5.0
"""After the last thing that happened at a shelf, its number must be right within this."""


@dataclass(frozen=True, slots=True)
class DayRules:
    """How wild a day is. Rates are per hour and slot."""

    opens_s: float = 36_000.0
    visits: float = 7.0
    unit_spread: float = 0.02
    noise_g: tuple[float, float] = (0.6, 3.0)
    drift_g: float = 25.0
    """Amplitude of a day's drift."""
    steals: float = 0.03
    """Of visits; as the others below."""
    puts_back: float = 0.15
    only_looks: float = 0.15
    leaves_something: float = 0.006
    dropouts: float = 0.25
    spikes: float = 0.001
    """Of samples."""


@dataclass(slots=True)
class Episode:
    """Something that was so for a while: what an alert should tell. ``end_s`` is ``None`` while it lasts."""

    begin_s: float
    end_s: float | None = None
    is_tellable: bool = True
    hand_gone_s: float = 0.0
    """When the hand that began it was gone."""


@dataclass(slots=True)
class TrueSlot:
    """One slot as it is."""

    planned: PlannedSlot
    rng: random.Random
    rules: DayRules
    noise_g: float = 0.0
    units: list[float] = field(default_factory=list)
    foreign: list[float] = field(default_factory=list)
    hand_until_s: float = -1e9
    quiet_since_s: float = 0.0
    silent_until_s: float = -1.0
    stolen: int = 0
    empty: list[Episode] = field(default_factory=list)
    wrong: list[Episode] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    """When goods came or went."""
    silences: list[tuple[float, float]] = field(default_factory=list)
    _due: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _sold: list[int] = field(default_factory=list)
    _is_refill_due: bool = False
    _phase: float = 0.0
    _force_g: float = 0.0
    _force_until_s: float = 0.0

    def __post_init__(self) -> None:
        self.noise_g = self.rng.uniform(*self.rules.noise_g)
        self.units = [self._unit() for _ in range(self.planned.capacity)]
        self._phase = self.rng.uniform(0, 2 * math.pi)
        for rate, what in ((self.rules.visits, self._visit), (self.rules.dropouts, self._fall_silent)):
            at_s = 60.0
            while rate and (at_s := at_s + self.rng.expovariate(rate / 3_600)) < self.rules.opens_s - 1_800:
                self._at(at_s, what)

    def pass_to(self, now_s: float) -> int:
        """Let happen what happens until now; returns how many units the till sold meanwhile."""
        while self._due and self._due[0][0] <= now_s:
            at_s, _, happens = heapq.heappop(self._due)
            happens(at_s)
        sold, self._sold = sum(self._sold), []
        return sold

    def is_tellable(self) -> bool:
        """Whether what stands there can be told from its own goods by weight at all."""
        return all(episode.is_tellable for episode in self.wrong if episode.end_s is None)

    def is_quiet(self, now_s: float) -> bool:
        """Whether nothing has happened for so long that the number must be right."""
        return now_s - self.quiet_since_s >= QUIET_S and now_s >= self.hand_until_s + QUIET_S

    def sample(self, now_s: float) -> float | None:
        """What the scale says now, in whole grams; ``None`` while it is silent."""
        if now_s < self.silent_until_s:
            return None
        if self.rng.random() < self.rules.spikes:
            return self.rng.choice((-1e8, 1e7, 65_535.0, self.rng.uniform(-500, 5_000)))
        grams = sum(self.units) + sum(self.foreign) + self._drift(now_s) + self.rng.gauss(0, self.noise_g)
        if now_s < self.hand_until_s:
            grams += self._hand(now_s)
        return round(grams)

    def _drift(self, now_s: float) -> float:
        day = math.sin(2 * math.pi * now_s / 86_400 + self._phase) - math.sin(self._phase)
        return self.rules.drift_g * day + 2.0 * math.sin(2 * math.pi * now_s / 1_800)

    def _hand(self, now_s: float) -> float:
        """A hand presses for a moment, lets go, lifts a little."""
        if now_s >= self._force_until_s:
            self._force_g = self.rng.choice((0.0, self.rng.uniform(-150, 1_500), self.rng.uniform(20, 400)))
            self._force_until_s = now_s + self.rng.uniform(0.3, 1.6)
        return self._force_g * self.rng.uniform(0.6, 1.0)

    def _unit(self) -> float:
        assert self.planned.unit_weight_g is not None
        return self.planned.unit_weight_g * self.rng.gauss(1.0, self.rules.unit_spread)

    def _at(self, at_s: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (at_s, next(self._order), what))

    def _touch(self, at_s: float, seconds: float) -> None:
        self.hand_until_s = max(self.hand_until_s, at_s + seconds)

    def _moved(self, at_s: float) -> None:
        self.quiet_since_s = at_s
        self.moves.append(at_s)
        is_empty = not self.units
        if is_empty and (not self.empty or self.empty[-1].end_s is not None):
            self.empty.append(Episode(at_s, hand_gone_s=max(at_s, self.hand_until_s)))
        elif not is_empty and self.empty and self.empty[-1].end_s is None:
            self.empty[-1].end_s = at_s
        if len(self.units) <= self.planned.reorder_at and not self._is_refill_due:
            self._is_refill_due = True
            self._at(at_s + self.rng.uniform(300, 2_400), self._refill)

    def was_silent(self, at_s: float) -> bool:
        """Whether the scale said nothing at a moment, or just then fell silent."""
        return any(begin_s - 10 <= at_s <= end_s for begin_s, end_s in self.silences)

    # What people do.

    def _visit(self, at_s: float) -> None:
        reach_s = self.rng.uniform(1.0, 4.0)
        self._touch(at_s, reach_s)
        chance = self.rng.random()
        rules = self.rules
        if chance < rules.only_looks:
            return
        if chance < rules.only_looks + rules.leaves_something:
            self._at(at_s + reach_s * 0.6, self._leave_something)
            return
        self._at(at_s + reach_s * 0.6, self._take)

    def _take(self, at_s: float) -> None:
        wanted = self.rng.choices((1, 2, 3), (75, 20, 5))[0]
        taken = [self.units.pop(self.rng.randrange(len(self.units))) for _ in range(min(wanted, len(self.units)))]
        if not taken:
            return
        self._moved(at_s)
        chance = self.rng.random()
        if chance < self.rules.steals:
            self.stolen += len(taken)
        elif chance < self.rules.steals + self.rules.puts_back:
            back_s = at_s + self.rng.uniform(15, 240)
            self._at(back_s - 1.5, lambda when: self._touch(when, 2.5))
            self._at(back_s, lambda when: self._put_back(when, taken))
        else:
            self._at(at_s + self.rng.uniform(90, 900), lambda _: self._sold.append(len(taken)))

    def _put_back(self, at_s: float, taken: list[float]) -> None:
        self.units += taken
        self._moved(at_s)

    def _leave_something(self, at_s: float) -> None:
        assert self.planned.unit_weight_g is not None
        grams = self.rng.uniform(40, 800)
        share = grams / self.planned.unit_weight_g % 1.0
        self.foreign.append(grams)
        self.quiet_since_s = at_s
        self.wrong.append(Episode(at_s, is_tellable=0.22 <= share <= 0.78))
        self._at(at_s + self.rng.uniform(300, 1_500), self._tidy)

    def _tidy(self, at_s: float) -> None:
        self._touch(at_s - 1.0, 2.0)
        self.foreign.pop(0)
        self.quiet_since_s = at_s
        next(episode for episode in self.wrong if episode.end_s is None).end_s = at_s

    def _refill(self, at_s: float) -> None:
        wanted = self.planned.capacity - len(self.units)
        for number in range(wanted):
            self._at(at_s + 1.5 * number, self._add_one)
        self._touch(at_s - 0.5, 1.5 * wanted + 1.0)
        self._is_refill_due = False

    def _add_one(self, at_s: float) -> None:
        if len(self.units) < self.planned.capacity:
            self.units.append(self._unit())
            self._moved(at_s)

    def _fall_silent(self, at_s: float) -> None:
        self.silent_until_s = at_s + self.rng.choice((self.rng.uniform(5, 60), self.rng.uniform(60, 1_200)))
        self.silences.append((at_s, self.silent_until_s))


def slots_of(seed: int, number: int, rules: DayRules) -> list[TrueSlot]:
    """So many slots for one day, each with a scale of its own."""
    slots = []
    for index in range(number):
        rng = random.Random(f"{seed}/{index}")
        planned = PlannedSlot(
            slot=f"S{index}",
            sku=f"sku-{index}",
            name_zh=f"货{index}",
            name_en=f"Article {index}",
            unit_weight_g=UNIT_WEIGHTS_G[index % len(UNIT_WEIGHTS_G)],
            capacity=CAPACITY,
            reorder_at=REORDER_AT,
            zone="shelves",
            scale=f"bus/scale-{index}",
        )
        slots.append(TrueSlot(planned, rng, rules))
    return slots
