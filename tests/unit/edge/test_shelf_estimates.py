"""The estimator for any weights: units stay plausible, follow the weight, and do not care when it was restarted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from edge_agent.shelves import baskets
from edge_agent.shelves.baskets import Basket, Disagreement
from edge_agent.shelves.settling import Level, Settling, StillRules
from edge_agent.shelves.stock import SlotStock, by_weight
from edge_agent.shelves.weighing import Shelf, Weighed, Weighs, weigh

AT = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
UNIT_WEIGHTS = st.sampled_from([60.0, 62.5, 95.0, 120.0, 330.0, 520.0, 1_000.0])
CAPACITIES = st.integers(1, 24)
GRAMS = st.floats(-50_000, 50_000, allow_nan=False)
_STOCK = TypeAdapter(SlotStock)


def levels(*grams: float, error_g: float = 0.5) -> list[Level]:
    return [Level(one, error_g) for one in grams]


@given(UNIT_WEIGHTS, CAPACITIES, st.lists(st.tuples(GRAMS, st.floats(0.1, 30)), max_size=30))
def test_units_are_never_negative_and_never_more_than_can_be(
    unit_g: float, capacity: int, weights: list[tuple[float, float]]
) -> None:
    shelf, known = Shelf(unit_g, capacity), Weighed()
    for grams, error_g in weights:
        known = weigh(known, Level(grams, error_g), shelf, elapsed_s=5.0)
        assert known.units is None or 0 <= known.units <= shelf.units_max
        bound_g = shelf.drift_g_max + 3 * 0.03 * shelf.units_max * unit_g
        assert abs(known.drift_g) <= bound_g


@given(UNIT_WEIGHTS, st.integers(0, 24), st.data())
def test_whole_units_are_counted_whatever_was_there_before(unit_g: float, before: int, data: st.DataObject) -> None:
    shelf = Shelf(unit_g, 12)
    known = weigh(Weighed(), Level(before * unit_g, 0.3), shelf)
    for units in data.draw(st.lists(st.integers(0, 24), min_size=1, max_size=20)):
        known = weigh(known, Level(units * unit_g, 0.3), shelf, elapsed_s=5.0)
        assert (known.units, known.means) == (units, Weighs.GOODS)


@given(UNIT_WEIGHTS, st.integers(0, 12), st.lists(st.floats(0, 12_000), min_size=2, max_size=2))
def test_of_two_weights_the_heavier_is_never_fewer_units(unit_g: float, before: int, grams: list[float]) -> None:
    shelf = Shelf(unit_g, 12)
    known = weigh(Weighed(), Level(before * unit_g, 0.3), shelf)
    lighter, heavier = (weigh(known, Level(one, 0.3), shelf) for one in sorted(grams))
    if lighter.means is heavier.means is Weighs.GOODS:
        assert lighter.units is not None
        assert heavier.units is not None
        assert lighter.units <= heavier.units


@given(UNIT_WEIGHTS, st.lists(GRAMS, max_size=30), st.integers(0, 29))
def test_a_restart_at_any_moment_has_the_same_future(unit_g: float, grams: list[float], stop: int) -> None:
    shelf = Shelf(unit_g, 12)

    def live(*, restarts: bool) -> list[int | None]:
        stock, told = SlotStock("A1", "tea"), []
        for number, level in enumerate(levels(*grams)):
            if restarts and number == stop:
                stock = _STOCK.validate_json(_STOCK.dump_json(stock))
            stock = by_weight(stock, weigh(stock.weighed, level, shelf, elapsed_s=5.0), AT)
            told.append(stock.units)
        return told

    assert live(restarts=True) == live(restarts=False)


@given(st.integers(0, 12), st.integers(0, 2**32), st.floats(50, 1_500))
def test_a_hand_never_changes_units(units: int, seed: int, force_g: float) -> None:
    rng, shelf = random.Random(seed), Shelf(120.0, 12)
    settling = Settling(shelf.unit_g, ceiling_g=shelf.ceiling_g, rules=StillRules())
    known, at_s = Weighed(), 0.0

    def second(grams: float) -> None:
        nonlocal known, at_s
        at_s += 1.0
        level = settling.hear(at_s, round(grams + rng.gauss(0, 1.5)))
        if level is not None:
            known = weigh(known, level, shelf, elapsed_s=1.0)

    for _ in range(20):
        second(units * 120.0)
    assert known.units == units
    pressed = False
    for _ in range(rng.randrange(2, 15)):
        # A hand that holds an exact weight dead still for seconds is goods, to any scale: this one moves.
        pressed = not pressed
        second(units * 120.0 + force_g * (rng.uniform(0.7, 1.0) if pressed else rng.uniform(0.0, 0.3)))
        assert known.units == units
    for _ in range(10):
        second(units * 120.0)
    assert (known.units, known.means) == (units, Weighs.GOODS)


@given(st.lists(st.floats(-1e12, 1e12), max_size=200), st.lists(st.floats(-100, 100), max_size=200))
def test_samples_of_any_kind_and_order_are_survived(grams: list[float], steps_s: list[float]) -> None:
    settling, at_s = Settling(60.0, ceiling_g=20_000, rules=StillRules()), 0.0
    for one, step_s in zip(grams, steps_s, strict=False):
        at_s += step_s
        level = settling.hear(at_s, one)
        assert level is None or abs(level.grams) <= 20_000


def test_a_noisy_scale_takes_longer_and_is_still_right() -> None:
    rng = random.Random(7)
    settling, shelf, known = Settling(60.0, ceiling_g=50_000, rules=StillRules()), Shelf(60.0, 12), Weighed()
    found = []
    for second in range(400):
        truth = 9 if second < 200 else 8
        level = settling.hear(second, truth * 60.0 + rng.gauss(0, 9.0), noise_g=6.0)
        if level is not None:
            known = weigh(known, level, shelf, elapsed_s=1.0)
            found.append((second, known.units))
    assert {units for second, units in found if second < 200} == {9}
    assert {units for second, units in found if second > 230} == {8}


MOVES = st.lists(
    st.tuples(st.sampled_from(["took", "put", "sell", "give_back", "wait"]), st.integers(1, 5)), max_size=60
)


@given(MOVES)
def test_every_unit_that_left_is_sold_missing_doubtful_or_in_a_basket(moves: list[tuple[str, int]]) -> None:
    """Nothing is told as missing or phantom that did not leave, or was not sold; no lot is ever negative."""
    basket, at = Basket("tea"), AT
    took = sold = missing = phantom = found = 0
    for what, units in moves:
        at += timedelta(minutes=1)
        match what:
            case "took":
                basket, took = baskets.took(basket, units, at, slot="A1"), took + units
            case "put":
                basket, _ = baskets.put(basket, units, at, slot="A1")
            case "sell":
                basket, charged, told = baskets.sell(basket, units, at, unweighed=0)
                sold, found = sold + units, found + sum(one.units for one in told)
                assert charged == 0
            case "give_back":
                basket = baskets.give_back(basket, units)
            case "wait":
                basket, told = baskets.expire(basket, at + timedelta(minutes=5 * units), timedelta(minutes=20))
                at += timedelta(minutes=5 * units)
                missing += sum(one.units for one in told if one.kind is Disagreement.MISSING)
                phantom += sum(one.units for one in told if one.kind is Disagreement.PHANTOM)
        lots = (*basket.taken, *basket.doubtful, *basket.owed, *basket.refilled, *basket.missing)
        assert all(lot.units > 0 for lot in lots)
        assert missing - found + basket.in_baskets <= took
        assert phantom <= sold
        assert found <= missing
        assert basket.at_till >= 0
