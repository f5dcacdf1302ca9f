"""What lies in one slot of a shelf, really: each piece with a weight of its own, and sometimes a wrong one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from simulation.floor.load_cell import CellTraits, LoadCell, Touch
from simulation.floor.plan import SlotPlan

PIECES_MAX = 200
"""More pieces than this do not fit on any shelf of the store."""
_SPREAD = 0.006
"""Standard deviation of the weight of a piece, as a share of what it should weigh: packers are careful."""
_HAND_G = (250.0, 1_900.0)
_TOUCHES_MAX = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of goods."""

    sku: str
    weight_g: float


class ShelfSlot:
    """The goods of a slot, the hands at it and the cell under it."""

    def __init__(self, plan: SlotPlan, *, seed: int, traits: CellTraits | None = None) -> None:
        self.plan = plan
        self._random = Random(f"regulars/slot/{seed}/{plan.slot}")  # noqa: S311 - goods, not a secret
        self._cell = LoadCell(seed=f"{seed}/{plan.slot}", traits=traits)
        self._pieces: list[Piece] = []
        self._touches: list[Touch] = []
        self.is_lifted = False
        """Somebody took the whole tray off its scale."""

    @property
    def units(self) -> int:
        """Pieces of the article that belongs here."""
        return sum(piece.sku == self.plan.product.sku for piece in self._pieces)

    @property
    def wrong(self) -> dict[str, int]:
        """What lies here and does not belong here, by article."""
        return dict(Counter(piece.sku for piece in self._pieces if piece.sku != self.plan.product.sku))

    @property
    def room(self) -> int:
        """How many more pieces fit by plan."""
        return max(0, self.plan.capacity - len(self._pieces))

    def make(self, plan: SlotPlan, count: int) -> tuple[Piece, ...]:
        """Pieces of an article as they come out of a box, each weighing a little more or less."""
        spread_g = plan.unit_weight_g * _SPREAD
        weights = [self._random.gauss(plan.unit_weight_g, spread_g) for _ in range(count)]
        return tuple(Piece(plan.product.sku, weight_g) for weight_g in weights)

    def put(self, *pieces: Piece) -> None:
        """Lay pieces into the slot. Raises ``ValueError`` where no more fit."""
        if len(self._pieces) + len(pieces) > PIECES_MAX:
            raise ValueError(f"slot {self.plan.slot} holds at most {PIECES_MAX} pieces")
        self._pieces.extend(pieces)

    def take(self, count: int, *, sku: str | None = None) -> tuple[Piece, ...]:
        """Take up to ``count`` pieces of an article, the slot's own unless another is asked for; the foremost first."""
        wanted = self.plan.product.sku if sku is None else sku
        taken = [piece for piece in self._pieces if piece.sku == wanted][: max(0, count)]
        for piece in taken:
            self._pieces.remove(piece)
        return tuple(taken)

    def touch(self, now_s: float, seconds: float) -> Touch:
        """A hand is at the slot from now on for so long; what it does to the goods is told apart."""
        low_g, high_g = _HAND_G
        force_g = self._random.choice((1.0, 1.0, -0.4)) * self._random.uniform(low_g, high_g)
        touch = Touch(now_s, now_s + seconds, force_g, phase=self._random.uniform(0.0, 6.28))
        self._touches = [*(each for each in self._touches if each.ended_s > now_s), touch][-_TOUCHES_MAX:]
        return touch

    def is_touched(self, now_s: float) -> bool:
        """Whether a hand is at it now."""
        return any(each.began_s <= now_s < each.ended_s for each in self._touches)

    def read_g(self, now_s: float, *, temperature_c: float) -> float:
        """What its scale shows now, tared with the empty tray on it."""
        plan = self.plan
        load_g = -float(plan.tray_g) if self.is_lifted else sum(piece.weight_g for piece in self._pieces)
        hands_g = sum(touch.load_g(now_s) for touch in self._touches)
        return self._cell.read(now_s, load_g + hands_g, temperature_c=temperature_c)
