"""Each earn rule: when it earns, how much, and what stops it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.calendar import Birthday
from loyalty.decide import Granted, decide_purchase
from loyalty.events import Line, Purchase
from loyalty.identifiers import EventId, MemberId, SaleId, StoreId
from loyalty.ledger import Rule
from loyalty.points.accruals import (
    Activity,
    NotEarned,
    Occasion,
    PastActivity,
    ReferredPurchase,
    activity_accrual,
    purchase_accruals,
    referral_rewards,
    referral_stands,
)
from loyalty.points.lots import Accrual
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.earning import ActivityKind

ANNA, BEN = MemberId("anna"), MemberId("ben")
DAY = date(2026, 3, 10)
TERMS = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
minimum_minor = 500
[earning]
day_points_max = 1000
multipliers = [
  { id = "coffee", percent = 200, categories = ["coffee"], starts = 2026-03-01, ends = 2026-03-31 },
  { id = "own", percent = 150, brands = ["harbour"] },
  { id = "hill", percent = 300, categories = ["tea"], stores = ["hill"] },
]
activities = [
  { id = "visit", kind = "visit", points = 2, times_max = 3, period = "month" },
  { id = "birthday", kind = "birthday", points = 50, window_days = 3 },
  { id = "survey", kind = "survey", points = 10, times_max = 2, period = "ever" },
  { id = "review", kind = "review", points = 5, times_max = 1, period = "day" },
  { id = "share", kind = "share", points = 1, times_max = 2 },
]
[earning.referral]
referrer_points = 100
referred_points = 50
minimum_minor = 2000
year_times_max = 2
first_purchase_percent = 200
referred_coupon = "c"
[[coupons]]
id = "c"
name = "C"
kind = "percent"
percent = 5
[tiers]
levels = [{ id = "gold", name = "Gold", at = 1, earn_percent = 125 }]
[[member_days]]
id = "tuesday"
name = "Tuesday"
weekdays = [2]
earn_percent = 150
""")


def bought(total_minor: int, *, store: str = "harbour", currency: str = "CNY") -> Purchase:
    return Purchase(EventId("i/ledger/1"), StoreId(store), SaleId("s"), currency, total_minor)


def earned(
    purchase: Purchase, lines: list[Line], occasion: Occasion | None = None, terms: Terms = TERMS
) -> dict[Rule, int]:
    accruals = purchase_accruals(terms, purchase, lines, occasion or Occasion(DAY))
    return {accrual.rule: accrual.points for accrual in accruals}


COFFEE = Line("espresso", 3_000, "coffee", "other")
OWN_COFFEE = Line("beans", 3_000, "coffee", "harbour")
OWN_CUP = Line("cup", 3_000, "ware", "harbour")
TEA = Line("oolong", 3_000, "tea", "other")


@pytest.mark.parametrize(
    ("line", "day", "store", "bonus"),
    [
        (COFFEE, "2026-03-01", "harbour", 30),
        (COFFEE, "2026-03-31", "harbour", 30),
        (COFFEE, "2026-02-28", "harbour", 0),
        (COFFEE, "2026-04-01", "harbour", 0),
        (OWN_COFFEE, "2026-03-10", "harbour", 30),  # the higher of the two, alone
        (OWN_COFFEE, "2026-04-10", "harbour", 15),
        (OWN_CUP, "2026-03-10", "harbour", 15),
        (TEA, "2026-03-10", "harbour", 0),
        (TEA, "2026-03-10", "hill", 60),
    ],
)
def test_a_line_earns_the_highest_multiplier_that_fits_it(line: Line, day: str, store: str, bonus: int) -> None:
    points = earned(bought(3_000, store=store), [line], Occasion(date.fromisoformat(day)))
    assert points == {Rule.SPEND: 30} | ({Rule.MULTIPLIER: bonus} if bonus else {})


def test_multipliers_count_only_their_lines() -> None:
    accruals = purchase_accruals(TERMS, bought(12_000), [COFFEE, OWN_CUP, TEA, OWN_COFFEE], Occasion(DAY))
    assert [accrual.points for accrual in accruals] == [120, 60, 15]
    assert len({accrual.posting for accrual in accruals}) == 3


@pytest.mark.parametrize(
    ("occasion", "points"),
    [
        (Occasion(DAY, tier=TERMS.tier("gold")), {Rule.SPEND: 30, Rule.TIER_BONUS: 7}),
        (Occasion(DAY, member_days=TERMS.member_days), {Rule.SPEND: 30, Rule.MEMBER_DAY: 15}),
        (Occasion(DAY, was_referred=True), {Rule.SPEND: 30, Rule.FIRST_PURCHASE: 30}),
        (Occasion(DAY, earned_today=980), {Rule.SPEND: 20}),
        (Occasion(DAY, earned_today=1_000), {}),
        (Occasion(DAY, was_referred=True, earned_today=960), {Rule.SPEND: 30, Rule.FIRST_PURCHASE: 10}),
    ],
)
def test_bonuses_come_on_top_and_the_cap_of_the_day_holds(occasion: Occasion, points: dict[Rule, int]) -> None:
    assert earned(bought(3_000), [TEA], occasion) == points


@pytest.mark.parametrize("purchase", [bought(499), bought(0), bought(3_000, currency="EUR")])
def test_a_purchase_below_the_minimum_or_in_other_money_earns_no_bonus_either(purchase: Purchase) -> None:
    assert earned(purchase, [COFFEE], Occasion(DAY, tier=TERMS.tier("gold"))) == {}


@given(st.integers(0, 90_000))
def test_the_rate_earns_what_the_gateway_decides(total_minor: int) -> None:
    decision = decide_purchase(ANNA, TERMS.programme, bought(total_minor))
    accruals = purchase_accruals(TERMS, bought(total_minor), [], Occasion(DAY))
    assert [a.posting for a in accruals] == (
        [p.posting_id for p in decision.postings] if isinstance(decision, Granted) else []
    )
    assert sum(a.points for a in accruals) == (decision.points if isinstance(decision, Granted) else 0)


def past(rule: str, *days: str) -> list[PastActivity]:
    return [PastActivity(rule, day, date.fromisoformat(day)) for day in days]


@pytest.mark.parametrize(
    ("kind", "on", "before", "expected"),
    [
        (ActivityKind.VISIT, "2026-03-10", [], 2),
        (ActivityKind.VISIT, "2026-03-10", past("visit", "2026-03-10"), NotEarned.ALREADY_EARNED),
        (ActivityKind.VISIT, "2026-03-10", past("visit", "2026-03-01", "2026-03-02"), 2),
        (
            ActivityKind.VISIT,
            "2026-03-10",
            past("visit", "2026-03-01", "2026-03-02", "2026-03-03"),
            NotEarned.CAP_REACHED,
        ),
        (ActivityKind.VISIT, "2026-04-01", past("visit", "2026-03-01", "2026-03-02", "2026-03-03"), 2),
        (ActivityKind.SURVEY, "2026-03-10", past("survey", "2020-01-01"), 10),
        (ActivityKind.SURVEY, "2026-03-10", past("survey", "2020-01-01", "2021-01-01"), NotEarned.CAP_REACHED),
        (ActivityKind.REVIEW, "2026-03-10", past("review", "2026-03-09"), 5),
        (ActivityKind.REVIEW, "2026-03-10", [PastActivity("review", "other", DAY)], NotEarned.CAP_REACHED),
        (ActivityKind.SHARE, "2026-03-10", past("share", "2025-12-31", "2026-01-01"), 1),
        (ActivityKind.SHARE, "2026-03-10", past("share", "2026-01-02", "2026-01-01"), NotEarned.CAP_REACHED),
        (
            ActivityKind.SHARE,
            "2026-03-10",
            [PastActivity("share", "thing", date(2020, 1, 1))],
            NotEarned.ALREADY_EARNED,
        ),
        (ActivityKind.SHARE, "2026-03-10", past("visit", "2026-01-02", "2026-01-01"), 1),
    ],
)
def test_an_activity_earns_once_for_its_key_and_within_its_cap(
    kind: ActivityKind, on: str, before: list[PastActivity], expected: int | NotEarned
) -> None:
    activity = Activity(ANNA, kind, date.fromisoformat(on), EventId("e"), key="thing")
    answer = activity_accrual(TERMS, kind.value, activity, before)
    assert (answer.points if isinstance(answer, Accrual) else answer) == expected


@pytest.mark.parametrize(
    ("birthday", "on", "before", "expected"),
    [
        (Birthday(2, 29), "2027-02-28", [], 50),
        (Birthday(2, 29), "2028-02-28", [], NotEarned.NOT_THEIR_BIRTHDAY),
        (Birthday(2, 29), "2028-02-29", [], 50),
        (Birthday(2, 29), "2028-03-02", [], 50),
        (Birthday(2, 29), "2028-03-03", [], NotEarned.NOT_THEIR_BIRTHDAY),
        (
            Birthday(2, 29),
            "2028-03-01",
            [PastActivity("birthday", "2028", date(2028, 2, 29))],
            NotEarned.ALREADY_EARNED,
        ),
        (
            Birthday(12, 31),
            "2027-01-01",
            [PastActivity("birthday", "2026", date(2026, 12, 31))],
            NotEarned.ALREADY_EARNED,
        ),
        (None, "2028-02-29", [], NotEarned.NOT_THEIR_BIRTHDAY),
    ],
)
def test_a_birthday_earns_once_a_year(
    birthday: Birthday | None, on: str, before: list[PastActivity], expected: int | NotEarned
) -> None:
    activity = Activity(ANNA, ActivityKind.BIRTHDAY, date.fromisoformat(on), EventId("e"), birthday=birthday)
    answer = activity_accrual(TERMS, "birthday", activity, before)
    assert (answer.points if isinstance(answer, Accrual) else answer) == expected


def test_a_rule_that_is_not_there_or_of_another_kind_earns_nothing() -> None:
    activity = Activity(ANNA, ActivityKind.SHARE, DAY, EventId("e"), key="k")
    assert activity_accrual(TERMS, "dance", activity, ()) is NotEarned.NO_SUCH_RULE
    assert activity_accrual(TERMS, "survey", activity, ()) is NotEarned.NO_SUCH_RULE


@pytest.mark.parametrize(
    ("referral", "expected"),
    [
        (ReferredPurchase(BEN, ANNA, bought(2_000), 0, 0), (100, 50)),
        (ReferredPurchase(BEN, ANNA, bought(2_000), 0, 1), (100, 50)),
        (ReferredPurchase(BEN, ANNA, bought(1_999), 0, 0), NotEarned.BELOW_MINIMUM),
        (ReferredPurchase(BEN, ANNA, bought(2_000), 1, 0), NotEarned.NOT_THE_FIRST_PURCHASE),
        (ReferredPurchase(ANNA, ANNA, bought(2_000), 0, 0), NotEarned.REFERRED_THEMSELVES),
        (ReferredPurchase(BEN, ANNA, bought(2_000), 0, 2), NotEarned.CAP_REACHED),
    ],
)
def test_a_referral_pays_both_after_the_first_real_purchase(
    referral: ReferredPurchase, expected: tuple[int, int] | NotEarned
) -> None:
    answer = referral_rewards(TERMS, referral)
    if isinstance(answer, NotEarned):
        assert answer is expected
        return
    assert [(r.member, r.accrual.points if r.accrual else 0) for r in answer] == list(
        zip((BEN, ANNA), expected, strict=True)  # type: ignore[arg-type]
    )
    assert [r.coupon for r in answer] == [None, "c"]


def test_a_referral_stands_while_the_first_purchase_is_a_real_one() -> None:
    offer = TERMS.earning.referral
    assert offer is not None
    assert [referral_stands(offer, left) for left in (2_000, 1_999, 0)] == [True, False, False]


def test_one_person_is_referred_once_whoever_refers_them() -> None:
    answers = [
        referral_rewards(TERMS, ReferredPurchase(by, ANNA, bought(2_000), 0, 0)) for by in (BEN, MemberId("cleo"))
    ]
    ids = {
        reward.accrual.posting
        for answer in answers
        if not isinstance(answer, NotEarned)
        for reward in answer
        if reward.accrual
    }
    assert len(ids) == 2
