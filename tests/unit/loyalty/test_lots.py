"""Lots: earned, pending, spent oldest first, expired, owed and repaid; the ledger always says the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.identifiers import posting_id
from loyalty.ledger import PROGRAMME_EXPIRED, PROGRAMME_REDEEMED, Posting, balance
from loyalty.points.lots import Moved, PointsAccount, Short, advance, earn, last_day, spend
from loyalty.terms.earning import Expiry, LotTerms
from tests.unit.loyalty.points_books import ANNA, CAUSE, DAY, accrual, books_agree

AT_ONCE = LotTerms()
WAITING = LotTerms(pending_days=7)


class Member:
    """Anna, and every posting about her so far."""

    def __init__(self, terms: LotTerms = AT_ONCE) -> None:
        self.terms = terms
        self.account = PointsAccount(ANNA)
        self.postings: list[Posting] = []
        self.on = DAY

    def earns(self, points: int, name: str) -> None:
        self._keep(earn(self.account, accrual(points, name), self.terms, on=self.on))

    def spends(self, points: int, name: str) -> Moved | Short:
        redemption = posting_id("redemption", "harbour", name)
        answer = spend(self.account, points, redemption=redemption, on=self.on, cause=CAUSE)
        self._keep(answer.moved if isinstance(answer, Short) else answer)
        return answer

    def waits(self, days: int) -> None:
        self.on += timedelta(days=days)
        self._keep(advance(self.account, on=self.on, cause=CAUSE))

    def _keep(self, moved: Moved) -> None:
        self.account = moved.account
        self.postings += moved.postings
        books_agree(self.account, self.postings)


def test_200_and_70_earned_and_150_spent_leave_120() -> None:
    anna = Member()
    anna.earns(200, "a")
    anna.earns(70, "b")
    spent = anna.spends(150, "c")
    assert isinstance(spent, Moved)
    assert anna.account.available == 120
    assert balance(anna.postings, PROGRAMME_REDEEMED) == 150


def test_more_than_there_is_cannot_be_spent() -> None:
    anna = Member()
    anna.earns(100, "a")
    refused = anna.spends(101, "b")
    assert isinstance(refused, Short)
    assert refused.available == 100
    assert anna.account.available == 100


@pytest.mark.parametrize(
    ("terms", "day"),
    [
        (LotTerms(), None),
        (LotTerms(expiry=Expiry.DAYS, after=30), date(2026, 3, 31)),
        (LotTerms(expiry=Expiry.MONTH_END, after=0), date(2026, 3, 31)),
        (LotTerms(expiry=Expiry.MONTH_END, after=24 - 1), date(2028, 2, 29)),
        (LotTerms(expiry=Expiry.YEAR_END, after=0), date(2026, 12, 31)),
        (LotTerms(expiry=Expiry.YEAR_END, after=1), date(2027, 12, 31)),
        (LotTerms(pending_days=40, expiry=Expiry.MONTH_END), date(2026, 4, 10)),
    ],
)
def test_points_have_a_last_day(terms: LotTerms, day: date | None) -> None:
    assert last_day(terms, DAY) == day


def test_points_can_be_spent_on_their_last_day_and_not_after() -> None:
    anna = Member(LotTerms(expiry=Expiry.DAYS, after=10))
    anna.earns(100, "a")
    anna.waits(10)
    assert isinstance(anna.spends(40, "b"), Moved)
    anna.on += timedelta(days=1)
    assert isinstance(anna.spends(1, "c"), Short)
    assert balance(anna.postings, PROGRAMME_EXPIRED) == 60


def test_pending_points_wait_for_the_end_of_the_return_window() -> None:
    anna = Member(WAITING)
    anna.earns(100, "a")
    assert (anna.account.pending, anna.account.available) == (100, 0)
    anna.waits(6)
    assert isinstance(anna.spends(1, "b"), Short)
    anna.waits(1)
    assert (anna.account.pending, anna.account.available) == (0, 100)


def test_a_clock_that_goes_back_expires_and_releases_nothing() -> None:
    anna = Member(LotTerms(pending_days=2, expiry=Expiry.DAYS, after=10))
    anna.earns(100, "a")
    before = anna.account
    anna.waits(-7_300)
    assert anna.account == before


lot_terms = st.builds(
    LotTerms,
    pending_days=st.integers(0, 10),
    expiry=st.just(Expiry.DAYS),
    after=st.integers(1, 30),
    restored_days=st.integers(1, 10),
)
moves = st.lists(
    st.tuples(st.sampled_from(["earn", "spend", "wait"]), st.integers(1, 200), st.integers(0, 15)), max_size=25
)


@settings(max_examples=150, deadline=None)
@given(lot_terms, moves)
def test_whatever_is_earned_spent_and_expired_the_points_are_conserved(
    terms: LotTerms, history: list[tuple[str, int, int]]
) -> None:
    anna = Member(terms)
    for number, (move, points, days) in enumerate(history):
        if move == "earn":
            anna.earns(points, str(number))
        elif move == "spend":
            anna.spends(points, str(number))
        else:
            anna.waits(days)


@settings(max_examples=150, deadline=None)
@given(lot_terms, moves, st.integers(0, 500))
def test_the_oldest_points_go_first(terms: LotTerms, history: list[tuple[str, int, int]], points: int) -> None:
    anna = Member(terms)
    for number, (move, amount, days) in enumerate(history):
        anna.waits(days)
        if move == "earn":
            anna.earns(amount, str(number))
    before = [lot for lot in anna.account.lots if not lot.pending]
    answer = anna.spends(points, "spend")
    if isinstance(answer, Short):
        assert points > sum(lot.points for lot in before)
        return
    assert sum(lot.points for lot in answer.taken) == points
    kept = [lot for lot in answer.account.lots if not lot.pending]
    assert all(taken.earned_on <= lot.earned_on for taken in answer.taken for lot in kept)
    assert [lot.earned_on for lot in before] == sorted(lot.earned_on for lot in before)


@settings(max_examples=100, deadline=None)
@given(lot_terms, moves, st.integers(0, 60), st.integers(0, 300))
def test_one_long_step_of_time_ends_where_daily_steps_end(
    terms: LotTerms, history: list[tuple[str, int, int]], days: int, owed: int
) -> None:
    anna = Member(terms)
    for number, (_, points, wait) in enumerate(history):
        anna.waits(wait)
        anna.earns(points, str(number))
    if anna.account.available == 0:
        anna.account = replace(anna.account, debt=owed)
    daily = anna.account
    for day in range(days + 1):
        daily = advance(daily, on=anna.on + timedelta(days=day), cause=CAUSE).account
    assert advance(anna.account, on=anna.on + timedelta(days=days), cause=CAUSE).account == daily
