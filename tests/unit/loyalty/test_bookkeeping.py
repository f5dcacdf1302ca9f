"""The cloud's lots follow what stores post in any order, and never fall below zero."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from loyalty.identifiers import PostingId, posting_id
from loyalty.ledger import (
    PROGRAMME_ISSUED,
    PROGRAMME_REDEEMED,
    Posting,
    Rule,
    available,
    balance,
    debt,
    pending,
)
from loyalty.points.bookkeeping import Circumstances, keep, rights_effect
from loyalty.points.lots import Lot, PointsAccount
from loyalty.points.settlement import SaleSum, outstanding
from loyalty.programme import Programme
from loyalty.rights.account import NOBODY, Account, issue, opened, owed, unissue
from loyalty.rights.movements import Refusal
from loyalty.terms.earning import Expiry, LotTerms
from tests.unit.loyalty.points_books import ANNA, CAUSE, DAY, books_agree

MINE, WAITS, OWED = available(ANNA), pending(ANNA), debt(ANNA)
TERMS = LotTerms(pending_days=7, expiry=Expiry.DAYS, after=100)


def posting(name: str, debit: str, credit: str, points: int) -> Posting:
    return Posting(posting_id(name), debit, credit, points, Rule.SPEND, CAUSE)


@dataclass
class Books:
    """Anna's account with everything posted, by stores and by the cloud."""

    account: PointsAccount = field(default_factory=lambda: PointsAccount(ANNA))
    postings: list[Posting] = field(default_factory=list)
    taken: tuple[Lot, ...] = ()

    def keep(self, one: Posting, *, accruals: frozenset[PostingId] = frozenset(), back: tuple[Lot, ...] = ()) -> None:
        kept = keep(self.account, one, Circumstances(DAY, TERMS, accruals, back))
        self.account, self.taken = kept.account, kept.taken
        self.postings += [one, *kept.own]
        books_agree(self.account, self.postings)

    @property
    def rights(self) -> int:
        return rights_effect(self.postings, ANNA)


def test_what_is_redeemed_beyond_what_is_there_is_owed_and_repaid_by_what_comes() -> None:
    books = Books()
    books.keep(posting("a", PROGRAMME_ISSUED, MINE, 30))
    books.keep(posting("b", MINE, PROGRAMME_REDEEMED, 50))
    assert (books.account.available, books.account.debt, books.rights) == (0, 20, -20)
    books.keep(posting("c", PROGRAMME_ISSUED, MINE, 25))
    assert (books.account.available, books.account.debt, books.rights) == (5, 0, 5)


def test_a_release_of_points_that_were_taken_back_meanwhile_makes_only_the_rest_available() -> None:
    books = Books()
    earned = posting("a", PROGRAMME_ISSUED, WAITS, 100)
    books.keep(earned)
    books.keep(posting("settled", WAITS, PROGRAMME_ISSUED, 60), accruals=frozenset({earned.posting_id}))
    release = Posting(posting_id("release", earned.posting_id), WAITS, MINE, 100, Rule.RELEASE, CAUSE)
    books.keep(release)
    assert (books.account.available, books.account.pending, books.rights) == (40, 0, 40)


def test_points_taken_back_as_waiting_are_taken_where_they_are_once_they_were_released() -> None:
    books = Books()
    earned = posting("a", PROGRAMME_ISSUED, WAITS, 100)
    books.keep(earned)
    books.keep(Posting(posting_id("release", earned.posting_id), WAITS, MINE, 100, Rule.RELEASE, CAUSE))
    books.keep(posting("spent", MINE, PROGRAMME_REDEEMED, 90))
    books.keep(posting("b", WAITS, PROGRAMME_ISSUED, 100), accruals=frozenset({earned.posting_id}))
    assert (books.account.available, books.account.debt, books.account.pending) == (0, 90, 0)


def test_a_restoration_gives_back_the_lots_that_were_taken_and_a_new_one_for_what_nobody_knows() -> None:
    books = Books()
    books.keep(posting("a", PROGRAMME_ISSUED, MINE, 100))
    books.keep(posting("b", MINE, PROGRAMME_REDEEMED, 70))
    taken = tuple(reversed(books.taken))
    books.keep(posting("c", PROGRAMME_REDEEMED, MINE, 80), back=taken)
    assert books.account.available == 110
    assert {lot.accrual: lot.points for lot in books.account.lots} == {posting_id("a"): 100, posting_id("c"): 10}


def test_a_restored_lot_past_its_last_day_lives_for_the_days_the_programme_gives() -> None:
    old = Lot(PostingId("x"), 40, DAY - timedelta(days=200), DAY - timedelta(days=200), DAY - timedelta(days=100))
    books = Books()
    books.keep(posting("c", PROGRAMME_REDEEMED, MINE, 40), back=(old,))
    (lot,) = books.account.lots
    assert lot.last_day == DAY + timedelta(days=TERMS.restored_days)


def test_a_sale_given_back_takes_its_own_points_first() -> None:
    books = Books()
    for name in ("a", "b"):
        books.keep(posting(name, PROGRAMME_ISSUED, MINE, 50))
    books.keep(posting("r", MINE, PROGRAMME_ISSUED, 50), accruals=frozenset({posting_id("b")}))
    assert [lot.accrual for lot in books.account.lots] == [posting_id("a")]


@pytest.mark.parametrize("seed", range(200))
def test_any_postings_in_any_order_keep_every_account_above_zero_and_the_sum_the_same(seed: int) -> None:
    chance = Random(seed)
    accounts = (MINE, WAITS, OWED, PROGRAMME_ISSUED, PROGRAMME_REDEEMED)
    told = []
    for number in range(14):
        debit, credit = chance.sample(accounts, 2)
        told.append(posting(f"{seed}/{number}", debit, credit, chance.randint(1, 60)))
    ends = set()
    for _ in range(4):
        chance.shuffle(told)
        books = Books()
        for one in told:
            own = frozenset(lot.accrual for lot in books.account.lots if chance.random() < 0.5)
            books.keep(one, accruals=own)
        whole = sum(balance(books.postings, name) for name in (MINE, WAITS, OWED))
        assert whole == books.account.available + books.account.pending - books.account.debt
        assert books.rights == books.account.available - books.account.debt
        ends.add(whole)
    assert len(ends) == 1


@pytest.mark.parametrize("seed", range(100))
def test_what_stores_and_cloud_post_about_a_sale_ends_at_what_is_left_of_it_in_any_order(seed: int) -> None:
    """Two stores refund parts that together may be more than the receipt; the cloud settles after each fact."""
    chance = Random(seed)
    rate = Programme("P", "CNY", points=1, per_minor=chance.choice((1, 7, 100)))
    total = chance.randint(1, 50_000)
    earned = rate.points_for(total) + chance.randint(0, 5)
    refunds = [chance.randint(1, total) for _ in range(3)]
    facts = [("refund", part) for part in refunds] + [("store", chance.randint(0, earned)) for _ in range(2)]
    chance.shuffle(facts)
    refunded = taken = 0
    for kind, amount in facts:
        refunded += amount * (kind == "refund")
        taken += amount * (kind == "store")
        taken += outstanding(rate, SaleSum(total, refunded, earned, taken)).take_back
    whole = outstanding(rate, SaleSum(total, sum(refunds), earned, 0))
    assert taken == whole.take_back
    assert 0 <= taken <= earned


def test_a_sale_paid_wholly_with_points_is_restored_whole() -> None:
    rate = Programme("P", "CNY")
    assert outstanding(rate, SaleSum(0, 0, redeemed=40)).restored == 40
    assert outstanding(rate, SaleSum(100, 50, redeemed=41)).restored == 20
    assert outstanding(rate, SaleSum(100, 900, redeemed=41)).restored == 41


def test_points_taken_back_in_the_cloud_leave_what_is_available_first_and_then_a_debt() -> None:
    account = unissue(opened(30), 50)
    assert isinstance(account, Account)
    assert (account.balance, account.avail, owed(account)) == (-20, 0, 20)
    assert account.suspense == {NOBODY: -20}
    richer = issue(account, 25)
    assert isinstance(richer, Account)
    assert (richer.balance, richer.avail, owed(richer)) == (5, 25, 20)
    assert unissue(account, 0) is Refusal.NOT_A_NUMBER_OF_POINTS
