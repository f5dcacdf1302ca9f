"""What the simulated shoppers do at the shelves: written from the day, repeatable, and never more than was there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from devices.observations import SaleCompleted
from simulation.day.shoppers import DayPlan, store_day
from simulation.day.turns import ClaimSale, PayWithPoints, RingUp, Turn
from simulation.floor.plan import DEMO_FLOOR
from simulation.floor.visits import Manner, refund_of_what_was_sold, visit_of, with_what_was_there

DAY = store_day(DayPlan(seed=5, day=date(2024, 2, 29), turns=400))
TURNS: tuple[Turn, ...] = tuple(DAY.turns)


def _sale(turn: Turn) -> SaleCompleted | None:
    receipts = [step.receipt for step in turn.steps if isinstance(step, RingUp | PayWithPoints)]
    return next((one for one in receipts if one.refund_of is None), None)


def test_the_same_day_is_walked_the_same_way() -> None:
    walked = [visit_of(turn, DEMO_FLOOR, seed=5) for turn in TURNS]
    assert walked == [visit_of(turn, DEMO_FLOOR, seed=5) for turn in TURNS]
    assert walked != [visit_of(turn, DEMO_FLOOR, seed=6) for turn in TURNS]


def test_what_is_rung_up_is_taken_before() -> None:
    for turn in TURNS:
        bought = {
            pick.sku: pick.units
            for pick in visit_of(turn, DEMO_FLOOR, seed=5).picks
            if pick.manner is Manner.BUY
        }  # fmt: skip
        sale = _sale(turn)
        rung_up = Counter({line.sku: line.quantity for line in sale.lines}) if sale else Counter()
        assert bought == dict(rung_up)


def test_a_day_has_its_indecisive_its_careless_and_its_thieves() -> None:
    manners = Counter(pick.manner for turn in TURNS for pick in visit_of(turn, DEMO_FLOOR, seed=5).picks)
    assert set(manners) == set(Manner)
    assert manners[Manner.BUY] > 20 * manners[Manner.STEAL]


def test_a_misplaced_piece_ends_up_in_another_slot() -> None:
    picks = [pick for turn in TURNS for pick in visit_of(turn, DEMO_FLOOR, seed=5).picks]
    misplaced = [pick for pick in picks if pick.manner is Manner.MISPLACE]
    assert misplaced
    for pick in misplaced:
        assert DEMO_FLOOR.by_slot[pick.into].product.sku != pick.sku


def test_a_full_basket_leaves_the_turn_as_it_was() -> None:
    for turn in TURNS:
        basket = {pick.sku: pick.units for pick in visit_of(turn, DEMO_FLOOR, seed=5).picks}
        assert with_what_was_there(turn, basket, DEMO_FLOOR) == turn


def test_what_was_not_there_is_not_rung_up() -> None:
    turn = next(one for one in TURNS if (sale := _sale(one)) and len(sale.lines) == 2)
    sale = _sale(turn)
    assert sale is not None
    first, second = sale.lines
    changed = with_what_was_there(turn, {second.sku: 1}, DEMO_FLOOR)
    assert changed is not None
    receipt = _sale(changed)
    assert receipt is not None
    assert receipt.lines == (replace(second, quantity=1),)
    assert receipt.total_minor == second.unit_minor
    assert first.sku not in {line.sku for line in receipt.lines}


def test_a_shopper_without_anything_neither_pays_nor_claims() -> None:
    turn = next(one for one in TURNS if any(isinstance(step, ClaimSale) for step in one.steps))
    changed = with_what_was_there(turn, {}, DEMO_FLOOR)
    assert changed is not None
    assert not [step for step in changed.steps if isinstance(step, RingUp | ClaimSale)]
    alone = next(one for one in TURNS if len(one.steps) == 1 and _sale(one))
    assert with_what_was_there(alone, {}, DEMO_FLOOR) is None


def test_a_refund_gives_back_no_more_than_was_sold() -> None:
    refund = next(one for one in TURNS if isinstance(step := one.steps[0], RingUp) and step.receipt.refund_of)
    step = refund.steps[0]
    assert isinstance(step, RingUp)
    line = step.receipt.lines[0]
    (sale,) = [
        sale for one in TURNS if (sale := _sale(one)) and sale.sale_id == step.receipt.refund_of
    ]  # fmt: skip
    assert refund_of_what_was_sold(refund, {sale.sale_id: sale}) == refund
    assert refund_of_what_was_sold(refund, {}) is None
    fewer = replace(sale, lines=(replace(line, quantity=1),))
    changed = refund_of_what_was_sold(refund, {sale.sale_id: fewer})
    assert changed is not None
    given_back = changed.steps[0]
    assert isinstance(given_back, RingUp)
    assert given_back.receipt.total_minor == -line.unit_minor
