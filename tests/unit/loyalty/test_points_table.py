"""Points as the programme promises them: earned, pending, spent, expired and owed, each computed by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.calendar import Birthday
from loyalty.decide import Granted, decide_purchase, decide_refund
from loyalty.events import Line, Purchase, PurchaseStanding, Refund
from loyalty.identifiers import EventId, SaleId, StoreId, posting_id
from loyalty.ledger import POINTS_MAX, PROGRAMME_EXPIRED, PROGRAMME_ISSUED, PROGRAMME_REDEEMED, Posting, Rule, balance
from loyalty.points.accruals import (
    Activity,
    NotEarned,
    Occasion,
    PastActivity,
    activity_accrual,
    purchase_accruals,
)
from loyalty.points.lots import Accrual, PointsAccount, Short, advance, earn, spend
from loyalty.points.reversals import SaleBook, Settled, Sold, record_refund, record_sale
from loyalty.programme import Programme
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.earning import ActivityKind, Expiry, LotTerms
from tests.unit.loyalty.points_books import ANNA, CAUSE, DAY, accrual, books_agree

BASE = '[programme]\nname = "P"\ncurrency = "CNY"\n'
TEN_FOR_TEN = '[programme]\nname = "P"\ncurrency = "CNY"\npoints = 10\nper_minor = 1000\n'


def bought(total_minor: int, *, sale: str = "s") -> Purchase:
    return Purchase(EventId(f"i/ledger/{sale}"), StoreId("harbour"), SaleId(sale), "CNY", total_minor)


def coffee(amount_minor: int) -> Line:
    return Line("beans", amount_minor, "coffee", "harbour")


def earned_by(terms: Terms, purchase: Purchase, *lines: Line) -> list[tuple[Rule, int]]:
    return [(one.rule, one.points) for one in purchase_accruals(terms, purchase, lines, Occasion(DAY))]


# ---- F35, F36: what a purchase and an activity earn


@pytest.mark.parametrize(
    ("percent", "total_minor", "lines", "bonus"),
    [
        (200, 1_500, (1_500,), 10),  # 15.00 is one full 10.00: doubled it is 20 points, not 25
        (200, 2_000, (2_000,), 20),
        (200, 2_500, (500,), 0),  # no full 10.00 of coffee
        (150, 3_000, (1_000, 1_000), 10),  # 20 points of coffee, half of them on top
        (101, 9_000, (9_000,), 0),  # 0.9 points, floored
        (101, 10_000, (10_000,), 1),
        (1_000, 1_999, (1_999,), 90),
        (200, 1_000, (5_000,), 10),  # lines that come to more than the receipt count no further than it
    ],
)
def test_a_multiplier_multiplies_the_usual_points_of_its_goods(
    percent: int, total_minor: int, lines: tuple[int, ...], bonus: int
) -> None:
    rule = f'[earning]\nmultipliers = [{{ id = "c", percent = {percent}, categories = ["coffee"] }}]\n'
    earned = dict(earned_by(terms_from_toml(rule + TEN_FOR_TEN), bought(total_minor), *map(coffee, lines)))
    assert earned.pop(Rule.SPEND) == total_minor // 1_000 * 10
    assert earned == ({Rule.MULTIPLIER: bonus} if bonus else {})


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(101, 1_000))
def test_another_article_in_the_basket_never_earns_less(one_minor: int, more_minor: int, percent: int) -> None:
    rule = f'[earning]\nmultipliers = [{{ id = "c", percent = {percent}, categories = ["coffee"] }}]\n'
    terms = terms_from_toml(rule + TEN_FOR_TEN)
    alone = earned_by(terms, bought(one_minor), coffee(one_minor))
    together = earned_by(terms, bought(one_minor + more_minor), coffee(one_minor), Line("gum", more_minor))
    assert sum(points for _, points in together) >= sum(points for _, points in alone)


def test_a_rate_without_measure_earns_what_one_posting_can_move_and_a_refund_takes_all_of_it_back() -> None:
    rate = "points = 1_000_000\nper_minor = 1\n"
    rules = (
        "[tiers]\nlevels = [{ id = 'gold', name = 'Gold', at = 1, earn_percent = 1000 }]\n"
        "[earning]\nmultipliers = [{ id = 'c', percent = 1000 }]\n"
    )
    terms = terms_from_toml(rules + BASE + rate)
    huge = bought(10**12)
    granted = decide_purchase(ANNA, terms.programme, huge)
    assert isinstance(granted, Granted)
    assert granted.points == POINTS_MAX
    occasion = Occasion(DAY, tier=terms.tier("gold"))
    accruals = purchase_accruals(terms, huge, [coffee(10**12)], occasion)
    assert [one.points for one in accruals] == [POINTS_MAX]
    settled = record_sale(PointsAccount(ANNA), SaleBook(), Sold(huge, accruals), terms, on=DAY)
    assert isinstance(settled, Settled)
    back = Refund(CAUSE, StoreId("harbour"), SaleId("r"), "CNY", 10**12)
    undone = record_refund(settled.account, settled.book, back, terms, on=DAY)
    assert isinstance(undone, Settled)
    assert (undone.account.available, undone.account.debt) == (0, 0)


def test_the_points_of_a_day_are_capped_across_purchases() -> None:
    terms = terms_from_toml("[earning]\nday_points_max = 100\n" + BASE)
    granted: list[int] = []
    for total_minor in (6_000, 3_000, 2_000, 1_000):
        occasion = Occasion(DAY, earned_today=sum(granted))
        granted.append(sum(one.points for one in purchase_accruals(terms, bought(total_minor), (), occasion)))
    assert granted == [60, 30, 10, 0]


@pytest.mark.parametrize("kind", list(ActivityKind))
def test_each_activity_earns_once_for_its_key_whoever_asks_how_often(kind: ActivityKind) -> None:
    rules = f"[[earning.activities]]\nid = 'a'\nkind = '{kind}'\npoints = 7\ntimes_max = 1000\nperiod = 'day'\n"
    terms = terms_from_toml(rules + BASE)
    activity = Activity(ANNA, kind, date(2026, 5, 1), CAUSE, key="one", birthday=Birthday(5, 1))
    first = activity_accrual(terms, "a", activity, ())
    assert isinstance(first, Accrual)
    assert (first.rule.value, first.points) == (kind.value, 7)
    key = {ActivityKind.VISIT: "2026-05-01", ActivityKind.BIRTHDAY: "2026"}.get(kind, "one")
    assert activity_accrual(terms, "a", activity, [PastActivity("a", key, activity.on)]) is NotEarned.ALREADY_EARNED
    # Two stores that are cut off from each other grant it under one posting: it counts once where both are heard.
    again = activity_accrual(terms, "a", replace(activity, cause=EventId("other/ledger/9")), ())
    assert isinstance(again, Accrual)
    assert again.posting == first.posting


@pytest.mark.parametrize("period", ["day", "month", "year"])
def test_a_birthday_claimed_in_january_leaves_the_next_one_of_that_year_alone(period: str) -> None:
    rules = f"[[earning.activities]]\nid='b'\nkind='birthday'\npoints=50\nwindow_days=7\nperiod='{period}'\n"
    terms = terms_from_toml(rules + BASE)
    late = PastActivity("b", "2026", date(2027, 1, 2))  # the birthday of 30 December 2026
    answer = activity_accrual(
        terms, "b", Activity(ANNA, ActivityKind.BIRTHDAY, date(2027, 12, 30), CAUSE, birthday=Birthday(12, 30)), [late]
    )
    assert isinstance(answer, Accrual)
    assert answer.points == 50


def test_birthdays_that_earn_so_often_in_all_stop_there() -> None:
    rules = "[[earning.activities]]\nid='b'\nkind='birthday'\npoints=50\ntimes_max=2\nperiod='ever'\n"
    past = [PastActivity("b", str(year), date(year, 5, 1)) for year in (2024, 2025)]
    activity = Activity(ANNA, ActivityKind.BIRTHDAY, date(2026, 5, 1), CAUSE, birthday=Birthday(5, 1))
    assert activity_accrual(terms_from_toml(rules + BASE), "b", activity, past) is NotEarned.CAP_REACHED


# ---- F37, F81: lots


@pytest.mark.parametrize(
    ("expiry", "after", "earned_on", "alive_on", "gone_on"),
    [
        (Expiry.DAYS, 30, "2026-01-31", "2026-03-02", "2026-03-03"),
        (Expiry.DAYS, 1, "2028-02-28", "2028-02-29", "2028-03-01"),
        (Expiry.DAYS, 365, "2027-03-01", "2028-02-29", "2028-03-01"),
        (Expiry.MONTH_END, 0, "2026-02-01", "2026-02-28", "2026-03-01"),
        (Expiry.MONTH_END, 1, "2028-01-31", "2028-02-29", "2028-03-01"),
        (Expiry.MONTH_END, 12, "2026-12-31", "2027-12-31", "2028-01-01"),
        (Expiry.YEAR_END, 0, "2026-12-31", "2026-12-31", "2027-01-01"),
        (Expiry.YEAR_END, 1, "2026-01-01", "2027-12-31", "2028-01-01"),
    ],
)
def test_a_lot_is_spendable_through_its_last_day_and_is_then_breakage(
    expiry: Expiry, after: int, earned_on: str, alive_on: str, gone_on: str
) -> None:
    terms = LotTerms(expiry=expiry, after=after)
    account = earn(PointsAccount(ANNA), accrual(10, "a"), terms, on=date.fromisoformat(earned_on)).account
    assert advance(account, on=date.fromisoformat(alive_on), cause=CAUSE).account.available == 10
    gone = advance(account, on=date.fromisoformat(gone_on), cause=CAUSE)
    assert gone.account.available == 0
    assert balance(gone.postings, PROGRAMME_EXPIRED) == 10


@pytest.mark.parametrize(
    ("spent", "left"),
    [
        (1, {"old": 99, "mid": 50, "new": 20}),
        (100, {"mid": 50, "new": 20}),
        (149, {"mid": 1, "new": 20}),
        (170, {}),
    ],
)
def test_the_points_that_expire_first_are_spent_first(spent: int, left: dict[str, int]) -> None:
    terms = LotTerms(expiry=Expiry.DAYS, after=90)
    account = PointsAccount(ANNA)
    for name, points, days in (("new", 20, 2), ("old", 100, 0), ("mid", 50, 1)):
        account = earn(account, accrual(points, name), terms, on=DAY + timedelta(days=days)).account
    moved = spend(account, spent, redemption=posting_id("redemption", "x"), on=DAY + timedelta(days=3), cause=CAUSE)
    assert not isinstance(moved, Short)
    ids = {accrual(1, name).posting: name for name in ("old", "mid", "new")}
    assert {ids[lot.accrual]: lot.points for lot in moved.account.lots} == left


@pytest.mark.parametrize(
    ("pending_days", "day", "pending", "available"),
    [(0, 0, 0, 10), (1, 0, 10, 0), (1, 1, 0, 10), (14, 13, 10, 0), (14, 14, 0, 10), (365, 364, 10, 0)],
)
def test_points_are_pending_until_the_day_the_return_window_ends(
    pending_days: int, day: int, pending: int, available: int
) -> None:
    account = earn(PointsAccount(ANNA), accrual(10, "a"), LotTerms(pending_days=pending_days), on=DAY).account
    account = advance(account, on=DAY + timedelta(days=day), cause=CAUSE).account
    assert (account.pending, account.available) == (pending, available)


# ---- a refund decided where the sale was made


@pytest.mark.parametrize(
    ("points_then", "rate_now", "refunded_minor", "taken"),
    [
        (100, 1, 5_000, 50),
        (100, 2, 5_000, 50),  # the rate was doubled since: half of it still goes back
        (200, 1, 5_000, 100),  # the rate was halved since: half of it, not three quarters
        (200, 1, 100, 2),
        (60, 1, 5_000, 30),  # the cap of the day had cut it
        (100, 2, 10_000, 100),
    ],
)
def test_a_refund_takes_back_its_share_of_what_was_earned_whatever_the_rate_is_now(
    points_then: int, rate_now: int, refunded_minor: int, taken: int
) -> None:
    standing = PurchaseStanding(ANNA, total_minor=10_000, refunded_minor=0, points=points_then)
    refund = Refund(CAUSE, StoreId("harbour"), SaleId("r"), "CNY", refunded_minor)
    answer = decide_refund(standing, Programme("P", "CNY", points=rate_now), refund)
    assert isinstance(answer, Granted)
    assert answer.points == -taken


def test_points_restored_while_the_clock_is_behind_expire_once_more_and_are_counted_once_more() -> None:
    terms = replace(terms_from_toml(BASE), lots=LotTerms(expiry=Expiry.DAYS, after=90))
    anna = Customer(terms)
    anna.sells("a", 10_000, redeemed=0)
    anna.waits(70)
    anna.sells("b", 50, redeemed=40)
    anna.waits(30)  # the 60 that are left expire
    anna.waits(-20)  # and the clock was wrong
    anna.refunds("b", "r", 50)
    assert anna.account.available == 40
    anna.waits(20)
    books_agree(anna.account, anna.postings)
    assert balance(anna.postings, PROGRAMME_EXPIRED) == 100


# ---- conservation


@dataclass(slots=True)
class Customer:
    """One member over a long time: every sale, refund and day, with every posting."""

    terms: Terms
    account: PointsAccount = field(default_factory=lambda: PointsAccount(ANNA))
    postings: list[Posting] = field(default_factory=list)
    books: dict[str, SaleBook] = field(default_factory=dict)
    on: date = DAY

    def sells(self, sale: str, total_minor: int, redeemed: int) -> None:
        accruals = purchase_accruals(self.terms, bought(total_minor, sale=sale), (), Occasion(self.on))
        sold = Sold(bought(total_minor, sale=sale), accruals, min(redeemed, self.account.available))
        answer = record_sale(self.account, self.books.get(sale, SaleBook()), sold, self.terms, on=self.on)
        # What was there may have expired on this very day: then nothing moves.
        if isinstance(answer, Settled):
            self._keep(sale, answer)

    def refunds(self, sale: str, name: str, minor: int) -> None:
        refund = Refund(EventId(f"i/ledger/{name}"), StoreId("hill"), SaleId(name), "CNY", minor)
        answer = record_refund(self.account, self.books.get(sale, SaleBook()), refund, self.terms, on=self.on)
        assert isinstance(answer, Settled)
        self._keep(sale, answer)

    def waits(self, days: int) -> None:
        self.on += timedelta(days=days)
        moved = advance(self.account, on=self.on, cause=EventId(f"i/ledger/{len(self.postings)}"))
        self.account, self.postings = moved.account, [*self.postings, *moved.postings]

    def _keep(self, sale: str, settled: Settled) -> None:
        self.account, self.books[sale] = settled.account, settled.book
        self.postings += settled.postings


customer_terms = st.builds(
    Terms,
    st.just(Programme("P", "CNY")),
    st.builds(
        LotTerms,
        pending_days=st.integers(0, 10),
        expiry=st.just(Expiry.DAYS),
        after=st.integers(1, 30),
        restored_days=st.integers(1, 10),
    ),
)
acts = st.lists(
    st.tuples(st.sampled_from(["sell", "refund", "wait"]), st.integers(0, 9), st.integers(0, 20_000)), max_size=30
)


@pytest.mark.parametrize("clock", ["goes forward", "jumps back now and then"])
@settings(max_examples=120, deadline=None)
@given(customer_terms, acts)
def test_no_point_is_ever_lost_or_made(clock: str, terms: Terms, history: list[tuple[str, int, int]]) -> None:
    anna = Customer(terms)
    for number, (act, which, amount) in enumerate(history):
        if act == "sell":
            anna.sells(str(which), amount, redeemed=amount // 200)
        elif act == "refund":
            anna.refunds(str(which), f"r{number}", max(1, amount // 2))
        else:
            back = clock != "goes forward" and amount % 3 == 0
            anna.waits(-which if back else which)
        books_agree(anna.account, anna.postings)
        issued = -balance(anna.postings, PROGRAMME_ISSUED)
        gone = balance(anna.postings, PROGRAMME_REDEEMED) + balance(anna.postings, PROGRAMME_EXPIRED)
        assert issued == anna.account.available + anna.account.pending - anna.account.debt + gone
