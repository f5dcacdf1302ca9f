"""The seeded store day: repeatable, plausible, whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from devices.observations import CardUid
from simulation.day.assortment import PRODUCTS, ean13, member_name
from simulation.day.shoppers import TURNS_MAX, DayPlan, store_day
from simulation.day.turns import ClaimSale, Join, PayWithPoints, RingUp, ScanCode, TakeReward, TapCard

PLAN = DayPlan(seed=7, day=date(2025, 3, 1), turns=400, members=40)


def receipts(plan: DayPlan) -> list[RingUp | PayWithPoints]:
    return [step for turn in store_day(plan).turns for step in turn.steps if isinstance(step, (RingUp, PayWithPoints))]


def test_the_same_seed_gives_the_same_day() -> None:
    assert store_day(PLAN) == store_day(PLAN)


def test_another_seed_or_date_gives_another_day() -> None:
    day = store_day(PLAN)
    assert store_day(replace(PLAN, seed=8)) != day
    assert store_day(replace(PLAN, day=date(2025, 3, 2))) != day


def test_turns_come_in_the_order_of_time_within_opening_hours() -> None:
    moments = [turn.at for turn in store_day(PLAN).turns]
    assert moments == sorted(moments)
    assert moments[0].hour >= 9
    assert (moments[-1].hour, moments[-1].minute) <= (21, 0)


def test_every_receipt_number_is_used_once_and_totals_are_the_sum_of_lines() -> None:
    rung_up = receipts(PLAN)
    numbers = [step.receipt.sale_id for step in rung_up]
    assert len(numbers) == len(set(numbers))
    for step in rung_up:
        assert step.receipt.total_minor == sum(line.quantity * line.unit_minor for line in step.receipt.lines)


def test_a_refund_names_an_earlier_sale_and_gives_back_no_more_than_it_cost() -> None:
    seen: dict[str, int] = {}
    refunds = 0
    for turn in store_day(PLAN).turns:
        for step in turn.steps:
            if not isinstance(step, RingUp):
                continue
            receipt = step.receipt
            if receipt.refund_of is None:
                seen[receipt.sale_id] = receipt.total_minor
                continue
            refunds += 1
            assert 0 < -receipt.total_minor <= seen[receipt.refund_of]
    assert refunds > 5


def test_every_behaviour_of_a_shopper_occurs() -> None:
    day = store_day(PLAN)
    cards = {member.card for member in day.members}
    codes = {member.code for member in day.members if member.code}
    steps = [step for turn in day.turns for step in turn.steps]
    tapped = {step.card for step in steps if isinstance(step, TapCard)}
    scanned = {step.text for step in steps if isinstance(step, ScanCode)}
    assert tapped & cards
    assert tapped & set(day.strangers)
    assert scanned & codes
    assert scanned & {product.sku for product in PRODUCTS}
    assert any(isinstance(step, ClaimSale) for step in steps)
    assert any(isinstance(step, PayWithPoints) for step in steps)
    assert any(len(turn.steps) == 1 and isinstance(turn.steps[0], RingUp) for turn in day.turns)


def test_who_takes_a_reward_has_joined_before_with_that_card_and_pin() -> None:
    joined: dict[CardUid, str] = {}
    rewards = 0
    for turn in store_day(replace(PLAN, turns=2_000)).turns:
        match turn.steps:
            case (TapCard(card), Join(pin=pin), RingUp()):
                assert card not in joined
                joined[card] = pin
            case (TapCard(card), TakeReward(pin)):
                assert joined[card] == pin
                rewards += 1
    assert len(joined) > 20
    assert rewards > 20


def test_every_receipt_is_rung_up_at_the_till_of_its_turn() -> None:
    turns = list(store_day(replace(PLAN, counters=3)).turns)
    assert {turn.counter for turn in turns} == {1, 2, 3}
    for turn in turns:
        for step in turn.steps:
            if isinstance(step, (RingUp, PayWithPoints)):
                assert step.receipt.till == f"till-{turn.counter}"


def test_no_two_members_share_a_card_and_none_is_drawn_anew_at_each_tap() -> None:
    day = store_day(replace(PLAN, members=5_000))
    cards = [member.card for member in day.members]
    assert len(set(cards)) == len(cards)
    assert not any(card.is_random for card in cards)


def test_noon_and_evening_are_busier_than_the_morning() -> None:
    hours = [turn.at.hour for turn in store_day(replace(PLAN, turns=5_000)).turns]
    assert hours.count(12) > hours.count(9)
    assert hours.count(18) > hours.count(9)


@pytest.mark.parametrize("turns", [0, TURNS_MAX + 1])
def test_a_day_without_bounds_is_refused(turns: int) -> None:
    with pytest.raises(ValueError, match="turns"):
        DayPlan(seed=1, day=date(2025, 1, 1), turns=turns)


def test_bar_codes_carry_the_check_digit_of_their_twelve_digits() -> None:
    assert ean13("400638133393") == "4006381333931"
    assert len({product.sku for product in PRODUCTS}) == len(PRODUCTS)
    with pytest.raises(ValueError, match="twelve digits"):
        ean13("123")


def test_invented_names_are_bilingual_and_rarely_repeat() -> None:
    names = [member_name(number) for number in range(120)]
    assert {language for _, language in names} == {"zh-CN", "en"}
    assert len({name for name, _ in names}) > 100
