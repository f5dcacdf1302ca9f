"""Refunds by hand: earned and spent reversed separately, in parts, before the sale, and in another store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.decide import Granted, decide_own_refund
from loyalty.events import OwnSale, Purchase, Refund
from loyalty.identifiers import EventId, SaleId, StoreId, posting_id
from loyalty.ledger import Posting, Rule
from loyalty.points.accruals import Occasion, purchase_accruals
from loyalty.points.lots import Accrual, PointsAccount, Short
from loyalty.points.reversals import SaleBook, Settled, Sold, record_refund, record_sale
from loyalty.points.settlement import Outstanding, SaleSum, outstanding
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.earning import LotTerms
from tests.unit.loyalty.points_books import ANNA, DAY, books_agree

TERMS = terms_from_toml("""
[programme]
name = "P"
currency = "CNY"
minimum_minor = 1000
[tiers]
levels = [{ id = "gold", name = "Gold", at = 1, earn_percent = 150 }]
""")


@dataclass(slots=True)
class Books:
    """Anna's points in a chain of stores, kept by hand: each fact is applied in the order in which it is told."""

    terms: Terms = TERMS
    account: PointsAccount = field(default_factory=lambda: PointsAccount(ANNA))
    books: dict[str, SaleBook] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    on: date = DAY

    def sale(self, sale: str, minor: int, *, redeemed: int = 0, tier: str | None = None, earned: int = -1) -> None:
        purchase = Purchase(EventId(f"i/ledger/{sale}"), StoreId("harbour"), SaleId(sale), "CNY", minor)
        accruals = purchase_accruals(self.terms, purchase, (), Occasion(self.on, tier=self.terms.tier(tier)))
        if earned >= 0:
            points = Accrual(posting_id("spend", "harbour", sale), Rule.SPEND, earned, purchase.event)
            accruals = (points,) if earned else ()
        book = self.books.get(sale, SaleBook())
        self._keep(sale, record_sale(self.account, book, Sold(purchase, accruals, redeemed), self.terms, on=self.on))

    def refund(self, sale: str, minor: int, *, name: str = "r", store: str = "harbour") -> None:
        told = Refund(EventId(f"i/ledger/{store}-{name}"), StoreId(store), SaleId(name), "CNY", minor)
        book = self.books.get(sale, SaleBook())
        answer = record_refund(self.account, book, told, self.terms, on=self.on)
        assert isinstance(answer, Settled)
        self._keep(sale, answer)

    def _keep(self, sale: str, settled: Settled | Short) -> None:
        assert isinstance(settled, Settled)
        self.account, self.books[sale] = settled.account, settled.book
        self.postings += settled.postings
        books_agree(self.account, self.postings)

    def moved(self, rule: Rule) -> int:
        return sum(posting.points for posting in self.postings if posting.rule is rule)


def chain_with_120_points_left_of_270() -> Books:
    anna = Books()
    anna.sale("a", 20_000)
    anna.sale("b", 7_000)
    assert anna.account.available == 270
    anna.sale("c", 10_000, redeemed=150, earned=0)
    assert anna.account.available == 120
    return anna


@pytest.mark.parametrize(("minor", "available"), [(10_000, 270), (5_000, 195), (1, 120), (67, 121), (99_999, 270)])
def test_200_and_70_earned_150_spent_and_the_spend_given_back_wholly_or_in_half(minor: int, available: int) -> None:
    anna = chain_with_120_points_left_of_270()
    anna.refund("c", minor, name="r1")
    assert (anna.account.available, anna.account.debt) == (available, 0)


@pytest.mark.parametrize(
    ("refunded", "taken", "restored"),
    [
        # Sale: 80.00 paid, 80 points and 40 of gold earned, 90 points redeemed.
        ((8_000,), 120, 90),
        ((4_000,), 60, 45),
        ((4_000, 4_000), 120, 90),
        ((2_000, 2_000, 2_000), 90, 67),  # 67.5 floored
        ((1,), 2, 0),  # 79.99 deserves 79 of 80, and so 118.5 of 120, floored: 118
        ((7_001,), 120, 78),  # 9.99 is below the least receipt: nothing stays; 78.76 floored
        ((7_000,), 105, 78),
    ],
)
def test_what_was_earned_and_what_was_spent_go_back_separately(
    refunded: tuple[int, ...], taken: int, restored: int
) -> None:
    anna = Books()
    anna.sale("a", 20_000)
    anna.sale("b", 8_000, redeemed=90, tier="gold")
    for number, minor in enumerate(refunded):
        anna.refund("b", minor, name=f"r{number}")
    assert (anna.moved(Rule.REFUND), anna.moved(Rule.RESTORE)) == (taken, restored)
    assert anna.account.available == 200 - 90 + 120 - taken + restored


@pytest.mark.parametrize(("spent", "available", "debt"), [(0, 50, 0), (50, 0, 0), (120, 0, 70), (150, 0, 100)])
def test_points_that_are_gone_are_owed_and_never_block_a_refund(spent: int, available: int, debt: int) -> None:
    anna = Books()
    anna.sale("a", 10_000)
    anna.sale("b", 5_000)
    if spent:
        anna.sale("c", 1_000, redeemed=spent, earned=0)
    anna.refund("a", 10_000)
    assert (anna.account.available, anna.account.debt) == (available, debt)


def test_what_is_owed_is_paid_by_the_next_points_first() -> None:
    anna = Books()
    anna.sale("a", 10_000)
    anna.sale("b", 1_000, redeemed=100, earned=0)
    anna.refund("a", 10_000)
    states = []
    for sale, minor in (("c", 6_000), ("d", 3_900), ("e", 1_200)):
        anna.sale(sale, minor)
        states.append((anna.account.available, anna.account.debt))
    assert states == [(0, 40), (0, 1), (11, 0)]
    assert anna.moved(Rule.REPAYMENT) == anna.moved(Rule.DEBT) == 100


def tell(anna: Books, fact: str) -> None:
    match fact:
        case "sale":
            anna.sale("b", 8_000, redeemed=60, tier="gold")
        case "harbour":
            anna.refund("b", 3_000, name="7", store="harbour")
        case "hill":  # the same receipt number in another store is another refund
            anna.refund("b", 2_500, name="7", store="hill")
        case "more than is left":
            anna.refund("b", 9_999, name="8", store="pier")


@pytest.mark.parametrize(
    ("facts", "available"),
    [
        (("sale", "harbour", "hill"), 200 - 60 + 37 + 41),  # 25.00 left: 25 and 12.5 of 120; 60 · 55/80 = 41.25
        (("sale", "harbour", "more than is left"), 200),
        (("sale", "harbour", "hill", "more than is left"), 200),
    ],
)
def test_refunds_before_their_sale_and_in_other_stores_end_where_they_do_in_order(
    facts: tuple[str, ...], available: int
) -> None:
    for order in permutations(facts):
        anna = Books()
        anna.sale("a", 20_000)
        for fact in (*order, *order):  # and each is told twice
            tell(anna, fact)
        assert (anna.account.available, anna.account.debt) == (available, 0), order


def test_pending_points_of_a_returned_sale_never_become_available() -> None:
    terms = terms_from_toml('[programme]\nname = "P"\ncurrency = "CNY"\n[lots]\npending_days = 14\n')
    anna = Books(terms)
    anna.sale("a", 10_000)
    anna.refund("a", 4_000)
    assert (anna.account.pending, anna.account.available) == (60, 0)
    anna.on += timedelta(days=14)
    anna.sale("b", 100)
    assert (anna.account.pending, anna.account.available) == (1, 60)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 30_000),
    st.integers(0, 200),
    st.lists(st.integers(1, 12_000), min_size=1, max_size=6),
    st.sampled_from([0, 14]),
)
def test_the_store_by_its_own_book_and_the_cloud_by_its_lots_settle_a_sale_alike(
    minor: int, redeemed: int, refunds: list[int], pending_days: int
) -> None:
    terms = replace(TERMS, lots=LotTerms(pending_days=pending_days))
    anna = Books(terms)
    anna.sale("a", 30_000, earned=300)
    anna.on += timedelta(days=20)
    anna.sale("b", minor, redeemed=redeemed, tier="gold")
    earned = anna.books["b"].earned
    own = OwnSale(ANNA, minor, earned=earned, pending=earned if pending_days else 0, redeemed=redeemed)
    for number, amount in enumerate(refunds):
        anna.refund("b", amount, name=f"r{number}")
        refund = Refund(EventId("e"), StoreId("harbour"), SaleId(f"r{number}"), "CNY", amount)
        answer = decide_own_refund(terms, own, refund)
        moved = {p.rule: 0 for p in answer.postings} if isinstance(answer, Granted) else {}
        for posting in answer.postings if isinstance(answer, Granted) else ():
            moved[posting.rule] += posting.points
        own = replace(
            own,
            refunded_minor=own.refunded_minor + amount,
            taken_back=own.taken_back + moved.get(Rule.REFUND, 0),
            pending=own.pending + (answer.pending if isinstance(answer, Granted) else 0),
            restored=own.restored + moved.get(Rule.RESTORE, 0),
        )
        book = anna.books["b"]
        assert (own.taken_back, own.restored) == (book.taken_back, book.restored)
        told = SaleSum(minor, own.refunded_minor, earned, own.taken_back, redeemed, own.restored)
        assert outstanding(terms.programme, told) == Outstanding(0, own.restored)
