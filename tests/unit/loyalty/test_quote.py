"""A quote: which coupons apply, in which order, what each takes off, and why the others do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.checkout.coupons import Basket, BudgetUse, HeldCoupon, Shopper, Why
from loyalty.checkout.pricing import spread
from loyalty.checkout.question import POINTS, Question, Quote
from loyalty.checkout.quote import COUPONS_MAX, quote
from loyalty.events import Line
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.offers import Budget, Coupon, CouponKind, Discount, Stacking

DAY = date(2026, 9, 15)  # a Tuesday
BASE = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
[tiers]
levels = [{ id = "gold", name = "Gold", at = 1, discount_percent = 5 }]
[redeeming]
points = 100
value_minor = 200
share_percent_max = 50
[[member_days]]
id = "tuesday"
name = "Tuesday"
weekdays = [2]
discount_percent = 3
[[rewards]]
id = "ten-off"
name = "10.00 off"
kind = "cash"
points = 400
value_minor = 1000
[[rewards]]
id = "cup"
name = "Cup"
kind = "goods"
points = 400
value_minor = 1000
[[member_types]]
id = "senior"
offers = [{ kind = "redemption" }]
[[member_types]]
id = "new"
""")
STRANGER = Shopper()
GOLD = Shopper(member=True, member_type="senior", tier="gold", points=1_000)
SENIOR = Shopper(member=True, member_type="senior", points=1_000)
BEANS = Line("beans", 6_000, "coffee", "harbour")
CUP = Line("cup", 4_000, "ware", "other")
BASKET = Basket("harbour", "CNY", (BEANS, CUP))
TEN = Coupon("ten", "10 %", CouponKind.PERCENT, percent=10)
FIVE = Coupon("five", "5.00", CouponKind.AMOUNT, amount_minor=500)
CAKE = Coupon("cake", "Cake", CouponKind.GIFT, gift_sku="CAKE", gift_cost_minor=300)
HALF = Coupon("half", "Half", CouponKind.PERCENT, percent=50, exclusive=True)
WEDNESDAY = date(2026, 9, 16)


def ask(*coupons: Coupon, terms: Terms = BASE, on: date = WEDNESDAY, **asked: object) -> Quote:
    """Ask with these coupons in force and shown."""
    held = tuple(HeldCoupon(coupon.id) for coupon in coupons)
    question = Question(BASKET, STRANGER, on, held)
    return quote(replace(terms, coupons=coupons), replace(question, **asked))  # type: ignore[arg-type]


def steps(answer: Quote) -> list[tuple[str, int, int]]:
    return [(step.source, step.discount_minor, step.price_minor) for step in answer.steps]


def declined(answer: Quote) -> dict[str, Why]:
    return {one.source: one.why for one in answer.declined}


def test_a_stranger_without_coupons_pays_the_full_price() -> None:
    assert ask(on=DAY) == Quote(10_000, 10_000, (6_000, 4_000))


def test_each_layer_works_on_the_price_the_one_before_left() -> None:
    answer = ask(TEN, FIVE, CAKE, on=DAY, shopper=GOLD, points=150)
    assert steps(answer) == [
        ("gold", 500, 9_500),
        ("tuesday", 285, 9_215),
        ("ten", 921, 8_294),
        ("five", 500, 7_794),
        ("cake", 0, 7_794),
        (POINTS, 200, 7_594),
    ]
    assert answer.points == 100
    assert [step.base_minor for step in answer.steps] == [10_000, 9_500, 9_215, 8_294, 7_794, 7_794]
    assert answer.declined == ()


@pytest.mark.parametrize(
    ("first", "price_minor"),
    [
        (("percent", "amount"), 8_500),  # 10 % of 100.00, then 5.00
        (("amount", "percent"), 8_550),  # 5.00, then 10 % of 95.00
    ],
)
def test_the_stacking_order_of_the_programme_makes_the_price(first: tuple[str, str], price_minor: int) -> None:
    order = (*map(Discount, first), *(layer for layer in Discount if layer.value not in first))
    assert ask(TEN, FIVE, terms=replace(BASE, stacking=Stacking(order))).price_minor == price_minor


def test_coupons_of_a_kind_go_by_their_order_then_their_key() -> None:
    late, early = replace(FIVE, id="a", order=200), replace(FIVE, id="z", order=1)
    assert [step.source for step in ask(late, FIVE, early).steps] == ["z", "five", "a"]


@pytest.mark.parametrize(
    ("coupon", "asked", "why"),
    [
        (replace(TEN, starts=date(2026, 9, 17)), {}, Why.NOT_STARTED),
        (replace(TEN, starts=WEDNESDAY, ends=WEDNESDAY), {}, None),
        (replace(TEN, ends=DAY), {}, Why.ENDED),
        (replace(TEN, stores=("hill",)), {}, Why.OTHER_STORE),
        (replace(TEN, stores=("hill", "harbour")), {}, None),
        (replace(TEN, categories=("tea",)), {}, Why.NO_FITTING_GOODS),
        (replace(TEN, brands=("tea",)), {}, Why.NO_FITTING_GOODS),
        (replace(TEN, categories=("ware",), brands=("harbour",)), {}, Why.NO_FITTING_GOODS),
        (replace(TEN, categories=("coffee",), minimum_minor=6_000), {}, None),
        (replace(TEN, categories=("coffee",), minimum_minor=6_001), {}, Why.BELOW_MINIMUM),
        (replace(TEN, minimum_minor=10_001), {}, Why.BELOW_MINIMUM),
        (replace(TEN, member_types=("senior",)), {}, Why.NOT_FOR_THIS_MEMBER),
        (replace(TEN, member_types=("senior",)), {"shopper": SENIOR}, None),
        (replace(TEN, tiers=("gold",)), {"shopper": SENIOR}, Why.NOT_FOR_THIS_MEMBER),
        (replace(TEN, tiers=("gold",)), {"shopper": GOLD}, None),
    ],
)
def test_a_coupon_that_does_not_fit_says_why(coupon: Coupon, asked: dict[str, object], why: Why | None) -> None:
    answer = ask(coupon, **asked)
    assert declined(answer).get("ten") == why
    assert ("ten" in [step.source for step in answer.steps]) is (why is None)


@pytest.mark.parametrize(
    ("budget", "used", "why"),
    [
        (Budget(), BudgetUse(), None),
        (Budget(), BudgetUse(member_uses=1), Why.MEMBER_BUDGET_USED),
        (Budget(member_uses_max=3), BudgetUse(member_uses=2), None),
        (Budget(member_uses_max=0), BudgetUse(member_uses=99), None),
        (Budget(campaign_uses_max=5), BudgetUse(campaign_uses=4), None),
        (Budget(campaign_uses_max=5), BudgetUse(campaign_uses=5), Why.CAMPAIGN_BUDGET_USED),
        (Budget(liability_minor_max=5_000), BudgetUse(liability_minor=4_000), None),
        (Budget(liability_minor_max=5_000), BudgetUse(liability_minor=4_001), Why.LIABILITY_REACHED),
    ],
)
def test_a_budget_is_never_exceeded(budget: Budget, used: BudgetUse, why: Why | None) -> None:
    answer = ask(replace(TEN, budget=budget), coupons=(HeldCoupon("ten", used),))
    assert declined(answer) == ({} if why is None else {"ten": why})


def test_a_gift_counts_against_the_liability_with_its_cost() -> None:
    cake = replace(CAKE, budget=Budget(liability_minor_max=1_000))
    assert ask(cake, coupons=(HeldCoupon("cake", BudgetUse(liability_minor=701)),)).steps == ()
    step = ask(cake, coupons=(HeldCoupon("cake", BudgetUse(liability_minor=700)),)).steps[0]
    assert (step.gift_sku, step.discount_minor) == ("CAKE", 0)


def test_a_coupon_whose_campaign_cannot_pay_makes_room_for_the_next_of_its_group() -> None:
    big = replace(TEN, id="big", percent=30, group="g", budget=Budget(liability_minor_max=2_999))
    answer = ask(big, replace(TEN, group="g"))
    assert steps(answer) == [("ten", 1_000, 9_000)]
    assert declined(answer) == {"big": Why.LIABILITY_REACHED}


def test_of_a_group_only_the_best_applies() -> None:
    answer = ask(replace(TEN, group="g"), replace(FIVE, group="g"), replace(CAKE, group="g"))
    assert steps(answer) == [("ten", 1_000, 9_000)]
    assert declined(answer) == {"five": Why.BETTER_ONE_OF_ITS_GROUP, "cake": Why.BETTER_ONE_OF_ITS_GROUP}


def test_of_equals_in_a_group_the_order_then_the_key_decides() -> None:
    one, two = replace(FIVE, id="b", group="g"), replace(FIVE, id="a", group="g")
    assert [s.source for s in ask(one, two).steps] == ["a"]
    assert [s.source for s in ask(replace(one, order=1), two).steps] == ["b"]


@pytest.mark.parametrize(
    ("exclusive_percent", "sources"),
    [(14, ["ten", "five"]), (15, ["ten", "five"]), (16, ["half"])],
)
def test_an_exclusive_coupon_stands_alone_when_that_is_better_for_the_member(
    exclusive_percent: int, sources: list[str]
) -> None:
    answer = ask(TEN, FIVE, replace(HALF, percent=exclusive_percent))
    assert [step.source for step in answer.steps] == sources
    assert set(declined(answer)) == {"ten", "five", "half"} - set(sources)
    assert set(declined(answer).values()) == {Why.EXCLUSIVE}


def test_a_member_discount_stands_beside_an_exclusive_coupon() -> None:
    assert steps(ask(HALF, shopper=GOLD)) == [("gold", 500, 9_500), ("half", 4_750, 4_750)]


def test_a_coupon_for_some_goods_leaves_the_others_alone() -> None:
    answer = ask(replace(TEN, categories=("coffee",)))
    assert answer.line_prices == (5_400, 4_000)


def test_a_discount_stops_at_its_limit_and_at_the_price_of_its_goods() -> None:
    assert ask(replace(TEN, discount_max_minor=300)).price_minor == 9_700
    assert ask(replace(FIVE, amount_minor=9_000, categories=("ware",))).line_prices == (6_000, 0)


def test_a_coupon_that_finds_nothing_left_is_not_used_up() -> None:
    free = replace(FIVE, id="all", amount_minor=10_000, order=1)
    assert declined(ask(free, FIVE)) == {"five": Why.NOTHING_LEFT_TO_TAKE_OFF}


@pytest.mark.parametrize(
    ("shopper", "points", "off", "used", "why"),
    [
        (SENIOR, 1_000, 2_000, 1_000, None),
        (SENIOR, 999, 1_800, 900, None),
        (SENIOR, 5_000, 2_000, 1_000, None),  # no more than there are
        (replace(SENIOR, points=9_000), 9_000, 5_000, 2_500, None),  # half of the price
        (SENIOR, 99, 0, 0, Why.TOO_FEW_POINTS),
        (replace(SENIOR, points=99), 500, 0, 0, Why.TOO_FEW_POINTS),
        (replace(SENIOR, member_type="new"), 500, 0, 0, Why.NOT_FOR_THIS_MEMBER),
        (SENIOR, 0, 0, 0, None),
    ],
)
def test_points_pay_in_steps_within_their_share(
    shopper: Shopper, points: int, off: int, used: int, why: Why | None
) -> None:
    answer = ask(shopper=shopper, points=points)
    assert (answer.full_minor - answer.price_minor, answer.points) == (off, used)
    assert declined(answer).get(POINTS) == why


@pytest.mark.parametrize(
    ("shopper", "reward", "why"),
    [
        (SENIOR, "ten-off", None),
        (replace(SENIOR, points=399), "ten-off", Why.TOO_FEW_POINTS),
        (replace(SENIOR, member_type="new"), "ten-off", Why.NOT_FOR_THIS_MEMBER),
        (SENIOR, "cup", Why.UNKNOWN),  # goods are handed over, they are no discount
        (SENIOR, "nothing", Why.UNKNOWN),
    ],
)
def test_a_cash_reward_takes_its_value_off(shopper: Shopper, reward: str, why: Why | None) -> None:
    answer = ask(shopper=shopper, reward=reward)
    assert steps(answer) == ([("ten-off", 1_000, 9_000)] if why is None else [])
    assert declined(answer).get(reward) == why


def test_a_reward_and_points_never_take_more_points_than_there_are() -> None:
    answer = ask(shopper=SENIOR, reward="ten-off", points=1_000)
    assert [step.points for step in answer.steps] == [400, 600]


def test_unknown_repeated_and_too_many_coupons_are_named_not_obeyed() -> None:
    shown = [HeldCoupon(f"no-{number:03}") for number in range(COUPONS_MAX + 5)]
    answer = ask(FIVE, coupons=(HeldCoupon("five"), HeldCoupon("five"), *shown))
    assert [step.source for step in answer.steps] == ["five"]
    assert sum(one.why is Why.TOO_MANY_COUPONS for one in answer.declined) == 6
    assert len(answer.declined) == COUPONS_MAX + 5


def test_of_one_coupon_shown_twice_the_most_used_budget_counts() -> None:
    fresh, used = HeldCoupon("ten"), HeldCoupon("ten", BudgetUse(member_uses=1))
    for shown in ((fresh, used), (used, fresh)):
        assert declined(ask(TEN, coupons=shown)) == {"ten": Why.MEMBER_BUDGET_USED}


def test_points_pay_the_price_and_do_not_choose_the_coupons() -> None:
    alone = replace(FIVE, id="alone", amount_minor=1_601, exclusive=True)
    rich = replace(SENIOR, points=9_000)
    answer = ask(TEN, replace(FIVE, amount_minor=600), alone, shopper=rich, points=9_000)
    assert steps(answer) == [("alone", 1_601, 8_399), (POINTS, 4_000, 4_399)]


def test_a_basket_in_other_money_is_not_discounted() -> None:
    answer = ask(TEN, basket=replace(BASKET, currency="EUR"), shopper=GOLD)
    assert answer.price_minor == 10_000
    assert declined(answer) == {"ten": Why.OTHER_CURRENCY}


coupons = st.builds(
    Coupon,
    id=st.sampled_from(["a", "b", "c", "d", "e", "f"]),
    name=st.just("C"),
    kind=st.just(CouponKind.PERCENT),
    percent=st.integers(1, 100),
    discount_max_minor=st.integers(0, 5_000),
    minimum_minor=st.integers(0, 8_000),
    categories=st.sampled_from([(), ("coffee",), ("ware",)]),
    order=st.integers(0, 3),
    exclusive=st.booleans(),
    group=st.sampled_from([None, "g", "h"]),
    budget=st.builds(Budget, liability_minor_max=st.integers(0, 3_000)),
) | st.builds(
    Coupon,
    id=st.sampled_from(["u", "v", "w"]),
    name=st.just("C"),
    kind=st.just(CouponKind.AMOUNT),
    amount_minor=st.integers(1, 9_000),
    order=st.integers(0, 3),
    exclusive=st.booleans(),
)
baskets = st.lists(
    st.builds(Line, st.just("x"), st.integers(0, 9_000), st.sampled_from(["coffee", "ware"])), max_size=5
).map(lambda lines: Basket("harbour", "CNY", tuple(lines)))


@settings(max_examples=200, deadline=None)
@given(baskets, st.lists(coupons, unique_by=lambda c: c.id, max_size=7), st.integers(0, 3_000), st.randoms())
def test_prices_add_up_never_fall_below_zero_and_do_not_depend_on_the_order_shown(
    basket: Basket, offered: list[Coupon], points: int, random: Random
) -> None:
    terms = replace(BASE, coupons=tuple(offered))
    held = [HeldCoupon(coupon.id) for coupon in offered]
    question = Question(basket, GOLD, DAY, tuple(held), points=points)
    answer = quote(terms, question)
    assert sum(answer.line_prices) == answer.price_minor >= 0
    assert answer.full_minor - sum(step.discount_minor for step in answer.steps) == answer.price_minor
    assert all(0 <= now <= line.amount_minor for now, line in zip(answer.line_prices, basket.lines, strict=True))
    assert answer.points <= min(points, GOLD.points)
    named = [s.source for s in answer.steps] + [d.source for d in answer.declined]
    assert {coupon.id for coupon in offered} <= set(named)
    assert len(named) == len(set(named))
    for coupon in offered:
        limit = coupon.budget.liability_minor_max
        given_off = sum(step.discount_minor for step in answer.steps if step.source == coupon.id)
        assert limit == 0 or given_off <= limit
    random.shuffle(held)
    assert quote(terms, replace(question, coupons=tuple(held))) == answer


@given(st.lists(st.integers(0, 1_000), max_size=8), st.integers(0, 100))
def test_a_discount_is_spread_without_a_remainder(over: list[int], percent: int) -> None:
    amount = sum(over) * percent // 100
    parts = spread(amount, over)
    assert sum(parts) == amount
    assert all(0 <= part <= share for part, share in zip(parts, over, strict=True))
