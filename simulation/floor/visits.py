"""What shoppers do at the shelves before they come to the till: written from the seeded day, pure, the same every time.

They take what they will pay. Some put a thing back, a few leave it in the wrong place, and a few do not pay at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from devices.observations import SaleCompleted, SaleLine
from simulation.day.turns import ClaimSale, PayWithPoints, RingUp, Step, Turn
from simulation.floor.plan import FloorPlan

REACH_S = 1.1
"""How long a hand is at a slot for one article; walking to the next takes ``STEP_S``."""
STEP_S = 0.5
WAY_TO_THE_TILL_S = 1.5
_PUT_BACK_SHARE = 0.05
_MISPLACE_SHARE = 0.012
_THIEF_SHARE = 0.02
_STOLEN_UNITS = (2, 3)


class Manner(StrEnum):
    """What becomes of what is taken."""

    BUY = "buy"
    PUT_BACK = "put_back"
    """Looked at, and laid back where it was."""
    MISPLACE = "misplace"
    """Laid down somewhere else."""
    STEAL = "steal"


@dataclass(frozen=True, slots=True)
class Pick:
    """A hand goes to the article's slot. ``into`` is the slot where a misplaced piece ends up."""

    sku: str
    units: int
    manner: Manner = Manner.BUY
    into: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One shopper's way along the shelves, before the turn at the till."""

    picks: tuple[Pick, ...]

    @property
    def lasts_s(self) -> float:
        """Real seconds from the front door to the till."""
        hands = sum(2 if pick.manner in {Manner.PUT_BACK, Manner.MISPLACE} else 1 for pick in self.picks)
        return hands * (REACH_S + STEP_S) + WAY_TO_THE_TILL_S


Basket = Mapping[str, int]
"""Units by article that somebody really has in hand."""


def visit_of(turn: Turn, plan: FloorPlan, *, seed: int) -> Visit:
    """What the shopper of a turn does before it; without picks where nothing of the shelves is bought."""
    random = Random(f"regulars/visit/{seed}/{turn.at.isoformat()}/{turn.counter}")  # noqa: S311 - a script
    picks = list(_bought(turn, plan))
    weighed = [slot for slot in plan.slots if slot.is_weighed]
    if random.random() < _PUT_BACK_SHARE:
        picks.append(Pick(random.choice(weighed).product.sku, 1, Manner.PUT_BACK))
    if random.random() < _MISPLACE_SHARE:
        left, found = random.sample(weighed, 2)
        picks.append(Pick(left.product.sku, 1, Manner.MISPLACE, into=found.slot))
    if random.random() < _THIEF_SHARE:
        picks.append(Pick(random.choice(weighed).product.sku, random.randint(*_STOLEN_UNITS), Manner.STEAL))
    return Visit(tuple(picks))


def _bought(turn: Turn, plan: FloorPlan) -> Iterator[Pick]:
    wanted: Counter[str] = Counter()
    for receipt in _receipts(turn):
        for line in receipt.lines:
            if line.quantity > 0 and line.sku in plan.by_sku:
                wanted[line.sku] += line.quantity
    return (Pick(sku, units) for sku, units in wanted.items())


def _receipts(turn: Turn) -> Iterator[SaleCompleted]:
    for step in turn.steps:
        if isinstance(step, RingUp | PayWithPoints) and step.receipt.refund_of is None:
            yield step.receipt


def with_what_was_there(turn: Turn, basket: Basket, plan: FloorPlan) -> Turn | None:
    """The turn with no more on its receipts than is in the basket; ``None`` where nothing is left to do."""
    left = dict(basket)
    steps: list[Step] = []
    unsold: set[str] = set()
    for step in turn.steps:
        if isinstance(step, RingUp | PayWithPoints) and step.receipt.refund_of is None:
            receipt = _limited(step.receipt, left, plan)
            if receipt is None:
                unsold.add(step.receipt.sale_id)
                continue
            steps.append(replace(step, receipt=receipt))
        elif not (isinstance(step, ClaimSale) and step.sale_id in unsold):
            steps.append(step)
    return replace(turn, steps=tuple(steps)) if steps else None


def refund_of_what_was_sold(turn: Turn, sold: Mapping[str, SaleCompleted]) -> Turn | None:
    """A refund gives back no more than was sold; ``None`` where that is nothing. Other turns stay as they are."""
    steps: list[Step] = []
    for step in turn.steps:
        if isinstance(step, RingUp) and step.receipt.refund_of is not None:
            sale = sold.get(step.receipt.refund_of)
            units = {} if sale is None else {line.sku: line.quantity for line in sale.lines}
            lines = [
                replace(line, quantity=-min(-line.quantity, units.get(line.sku, 0))) for line in step.receipt.lines
            ]
            kept = tuple(line for line in lines if line.quantity)
            if kept:
                steps.append(replace(step, receipt=_summed(step.receipt, kept)))
        else:
            steps.append(step)
    return replace(turn, steps=tuple(steps)) if steps else None


def _limited(receipt: SaleCompleted, left: dict[str, int], plan: FloorPlan) -> SaleCompleted | None:
    lines = []
    for line in receipt.lines:
        if line.sku not in plan.by_sku:
            lines.append(line)
            continue
        units = min(line.quantity, left.get(line.sku, 0))
        left[line.sku] = left.get(line.sku, 0) - units
        if units:
            lines.append(replace(line, quantity=units))
    if not lines:
        return None
    return receipt if tuple(lines) == receipt.lines else _summed(receipt, tuple(lines))


def _summed(receipt: SaleCompleted, lines: tuple[SaleLine, ...]) -> SaleCompleted:
    total_minor = sum(line.quantity * line.unit_minor for line in lines)
    return replace(receipt, lines=lines, total_minor=total_minor)
