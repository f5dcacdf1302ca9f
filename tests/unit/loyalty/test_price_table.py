"""A receipt computed by hand, discount by discount; exclusivity, groups, budgets and single-use codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.checkout.coupons import Basket, BudgetUse, HeldCoupon, Shopper, Why
from loyalty.checkout.question import POINTS, Question, Quote
from loyalty.checkout.quote import quote
from loyalty.events import Line
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.offers import Budget, Coupon, CouponKind, Discount, Stacking

FOUNDING_DAY = date(2026, 9, 18)
TERMS = terms_from_toml("""
[programme]
name = "Harbour"
currency = "CNY"
[tiers]
levels = [{ id = "gold", name = "Gold", at = 1, discount_percent = 5 }]
[redeeming]
points = 100
value_minor = 250
share_percent_max = 50
[[rewards]]
id = "ten-off"
name = "10.00 off"
kind = "cash"
points = 400
value_minor = 1000
[[coupons]]
id = "coffee-15"
name = "15 % off coffee, 20.00 at most"
kind = "percent"
percent = 15
categories = ["coffee"]
discount_max_minor = 2000
[[coupons]]
id = "spring-20"
name = "20.00 off from 150.00"
kind = "amount"
amount_minor = 2000
minimum_minor = 15000
[[coupons]]
id = "cake"
name = "Cake"
kind = "gift"
gift_sku = "CAKE"
gift_cost_minor = 600
[[coupons]]
id = "half"
name = "Half price, alone"
kind = "percent"
percent = 50
exclusive = true
[[member_types]]
id = "senior"
[[member_days]]
id = "founding"
name = "Founding day"
days = [2026-09-18]
discount_percent = 3
""")
BASKET = Basket(
    "harbour",
    "CNY",
    (Line("beans", 12_990, "coffee", "harbour"), Line("filter", 4_550, "ware"), Line("mug", 3_333, "ware")),
)
GOLD = Shopper(member=True, tier="gold", points=1_000)
ALL = Question(
    BASKET,
    GOLD,
    FOUNDING_DAY,
    tuple(map(HeldCoupon, ("coffee-15", "spring-20", "cake"))),
    points=1_000,
    reward="ten-off",
)


def receipt(answer: Quote) -> list[tuple[str, int, int, int]]:
    return [(step.source, step.base_minor, step.discount_minor, step.price_minor) for step in answer.steps]


def test_a_receipt_of_every_layer_is_what_was_computed_by_hand() -> None:
    answer = quote(TERMS, ALL)
    assert receipt(answer) == [
        # 129.90 + 45.50 + 33.33 = 208.73; 5 % is 10.4365, floored; spread 6.49 / 2.27 / 1.67 by largest remainder
        ("gold", 20_873, 1_043, 19_830),
        ("founding", 19_830, 594, 19_236),  # 3 % is 5.949
        ("coffee-15", 11_971, 1_795, 17_441),  # of the beans alone: 123.41 less 3.70; 15 % is 17.9565
        ("spring-20", 17_441, 2_000, 15_441),  # its 150.00 are of the full price
        ("cake", 15_441, 0, 15_441),
        ("ten-off", 15_441, 1_000, 14_441),
        (POINTS, 14_441, 1_500, 12_941),  # 600 points are left after the reward: six steps of 2.50
    ]
    assert (answer.full_minor, answer.price_minor, answer.points) == (20_873, 12_941, 1_000)
    assert sum(answer.line_prices) == 12_941
    assert answer.declined == ()


@pytest.mark.parametrize(
    ("order", "price_minor"),
    [
        # One article of 100.00, 10 % and 15.00 off, a tier of 5 %.
        (("tier", "percent", "amount"), 7_050),  # 95.00, 85.50, 70.50
        (("tier", "amount", "percent"), 7_200),  # 95.00, 80.00, 72.00
        (("amount", "tier", "percent"), 7_268),  # 85.00, 80.75, 72.675: the 8.075 are floored
        (("amount", "percent", "tier"), 7_268),  # 85.00, 76.50, 72.675: the 3.825 are floored
        (("percent", "tier", "amount"), 7_050),  # 90.00, 85.50, 70.50
        (("percent", "amount", "tier"), 7_125),  # 90.00, 75.00, 71.25
    ],
)
def test_each_stacking_order_has_its_own_price(order: tuple[str, ...], price_minor: int) -> None:
    coupons = (
        Coupon("ten", "10 %", CouponKind.PERCENT, percent=10),
        Coupon("fifteen", "15.00", CouponKind.AMOUNT, amount_minor=1_500),
    )
    layers = (*map(Discount, order), *(layer for layer in Discount if layer.value not in order))
    terms = replace(TERMS, coupons=coupons, stacking=Stacking(layers))
    basket = Basket("harbour", "CNY", (Line("set", 10_000),))
    held = (HeldCoupon("ten"), HeldCoupon("fifteen"))
    assert quote(terms, Question(basket, GOLD, date(2026, 9, 17), held)).price_minor == price_minor


@pytest.mark.parametrize(
    ("shown", "used"),
    [
        (("half", "coffee-15", "spring-20"), ["half"]),  # 104.36 off against 39.48
        (("coffee-15", "spring-20"), ["coffee-15", "spring-20"]),
        (("half",), ["half"]),
    ],
)
def test_an_exclusive_coupon_is_used_alone_where_that_leaves_less_to_pay(
    shown: tuple[str, ...], used: list[str]
) -> None:
    answer = quote(TERMS, Question(BASKET, Shopper(), FOUNDING_DAY, tuple(map(HeldCoupon, shown))))
    assert [step.source for step in answer.steps] == used
    assert {one.source for one in answer.declined} == set(shown) - set(used)
    assert all(one.why is Why.EXCLUSIVE for one in answer.declined)


def test_an_exclusive_gift_shown_alone_is_given_also_where_nobody_said_what_it_costs() -> None:
    gift = Coupon("gift", "Gift", CouponKind.GIFT, gift_sku="GIFT", exclusive=True)
    terms = replace(TERMS, coupons=(gift,))
    answer = quote(terms, Question(BASKET, Shopper(), FOUNDING_DAY, (HeldCoupon("gift"),)))
    assert [step.gift_sku for step in answer.steps] == ["GIFT"]


@pytest.mark.parametrize(
    ("coupon", "on", "store", "shopper", "why"),
    [
        ({"starts": "2026-09-18", "ends": "2026-09-18"}, "2026-09-17", "harbour", GOLD, Why.NOT_STARTED),
        ({"starts": "2026-09-18", "ends": "2026-09-18"}, "2026-09-18", "harbour", GOLD, None),
        ({"starts": "2026-09-18", "ends": "2026-09-18"}, "2026-09-19", "harbour", GOLD, Why.ENDED),
        ({"stores": ("hill",)}, "2026-09-18", "harbour", GOLD, Why.OTHER_STORE),
        ({"stores": ("hill",)}, "2026-09-18", "hill", GOLD, None),
        ({"tiers": ("gold",)}, "2026-09-18", "harbour", GOLD, None),
        ({"tiers": ("gold",)}, "2026-09-18", "harbour", Shopper(member=True), Why.NOT_FOR_THIS_MEMBER),
        ({"member_types": ("senior",)}, "2026-09-18", "harbour", GOLD, Why.NOT_FOR_THIS_MEMBER),
        ({"categories": ("tea",)}, "2026-09-18", "harbour", GOLD, Why.NO_FITTING_GOODS),
        ({"categories": ("ware",), "minimum_minor": 7_883}, "2026-09-18", "harbour", GOLD, None),
        ({"categories": ("ware",), "minimum_minor": 7_884}, "2026-09-18", "harbour", GOLD, Why.BELOW_MINIMUM),
    ],
)
def test_where_when_and_for_whom_a_coupon_holds(
    coupon: dict[str, object], on: str, store: str, shopper: Shopper, why: Why | None
) -> None:
    dated = {key: date.fromisoformat(str(day)) if key in {"starts", "ends"} else day for key, day in coupon.items()}
    one = replace(Coupon("c", "C", CouponKind.AMOUNT, amount_minor=100), **dated)  # type: ignore[arg-type]
    question = Question(replace(BASKET, store=store), shopper, date.fromisoformat(on), (HeldCoupon("c"),))
    answer = quote(replace(TERMS, coupons=(one,)), question)
    assert [refused.why for refused in answer.declined] == ([] if why is None else [why])
    assert ("c" in [step.source for step in answer.steps]) is (why is None)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Budget,
        member_uses_max=st.integers(0, 3),
        campaign_uses_max=st.integers(0, 6),
        liability_minor_max=st.integers(0, 9_000),
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30_000)), max_size=40),
)
def test_a_campaign_never_gives_more_than_its_budget_whoever_buys_what(
    budget: Budget, purchases: list[tuple[int, int]]
) -> None:
    coupon = Coupon("c", "C", CouponKind.PERCENT, percent=20, budget=budget)
    terms = replace(TERMS, coupons=(coupon,), member_days=())
    uses: dict[int, int] = {}
    given_minor = 0
    for member, minor in purchases:
        used = BudgetUse(uses.get(member, 0), sum(uses.values()), given_minor)
        basket = Basket("harbour", "CNY", (Line("set", minor),))
        answer = quote(terms, Question(basket, Shopper(), FOUNDING_DAY, (HeldCoupon("c", used),)))
        for step in answer.steps:
            uses[member] = uses.get(member, 0) + 1
            given_minor += step.discount_minor
    assert not budget.member_uses_max or all(count <= budget.member_uses_max for count in uses.values())
    assert not budget.campaign_uses_max or sum(uses.values()) <= budget.campaign_uses_max
    assert not budget.liability_minor_max or given_minor <= budget.liability_minor_max


def test_an_instance_that_was_counted_when_it_was_issued_is_not_counted_again() -> None:
    """Whoever holds an instance of a coupon has what its budget had left: it is shown with nothing used."""
    last = replace(TERMS.coupons[1], budget=Budget(member_uses_max=1, campaign_uses_max=1, liability_minor_max=2_000))
    terms: Terms = replace(TERMS, coupons=(last,))
    answer = quote(terms, Question(BASKET, Shopper(), FOUNDING_DAY, (HeldCoupon(last.id),)))
    assert [step.discount_minor for step in answer.steps] == [2_000]
