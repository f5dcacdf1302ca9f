"""Refunds take back what a sale earned and restore what it redeemed, whole or in parts, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.decide import Refused
from loyalty.events import Purchase, Refund
from loyalty.identifiers import EventId, MemberId, PostingId, SaleId, StoreId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, balance
from loyalty.points.lots import Accrual, Moved, PointsAccount, Short, earn, spend
from loyalty.points.reversals import SaleBook, Settled, Sold, record_refund, record_sale, take_back_referral
from loyalty.programme import Programme
from loyalty.terms.document import Terms
from loyalty.terms.earning import Expiry, LotTerms
from tests.unit.loyalty.points_books import ANNA, CAUSE, DAY, accrual, books_agree

WAITING = LotTerms(pending_days=7)
SHOP = Terms(Programme("P", "CNY"))


def sold(sale: str, total_minor: int, *, redeemed: int = 0, earned: int | None = None) -> Sold:
    purchase = Purchase(EventId(f"i/ledger/{sale}"), StoreId("harbour"), SaleId(sale), "CNY", total_minor)
    points = total_minor // 100 if earned is None else earned
    accruals = (accrual(points, sale),) if points else ()
    return Sold(purchase, accruals, redeemed)


def refund(sale: str, minor: int, *, store: str = "harbour", currency: str = "CNY") -> Refund:
    return Refund(EventId(f"i/ledger/{sale}"), StoreId(store), SaleId(sale), currency, minor)


class Shop:
    """Anna's account, the book of each of her sales, and every posting."""

    def __init__(self, terms: Terms = SHOP) -> None:
        self.terms = terms
        self.account = PointsAccount(ANNA)
        self.postings: list[Posting] = []
        self.books: dict[str, SaleBook] = {}
        self.on = DAY

    def sells(self, one: Sold) -> Settled | Short:
        book = self.books.get(one.purchase.sale, SaleBook())
        answer = record_sale(self.account, book, one, self.terms, on=self.on)
        if isinstance(answer, Settled):
            self._keep(one.purchase.sale, answer)
        return answer

    def refunds(self, original: str, one: Refund) -> Settled | Refused:
        book = self.books.get(original, SaleBook())
        answer = record_refund(self.account, book, one, self.terms, on=self.on)
        if isinstance(answer, Settled):
            self._keep(original, answer)
        return answer

    def _keep(self, sale: str, settled: Settled) -> None:
        self.account = settled.account
        self.books[sale] = settled.book
        self.postings += settled.postings
        books_agree(self.account, self.postings)

    @property
    def total(self) -> int:
        return self.account.available + self.account.pending - self.account.debt


def shop_with_270_points_and_150_redeemed() -> Shop:
    shop = Shop()
    shop.sells(sold("a", 20_000))
    shop.sells(sold("b", 7_000))
    shop.sells(sold("c", 10_000, redeemed=150, earned=0))
    assert shop.account.available == 120
    return shop


@pytest.mark.parametrize(
    ("original", "minor", "after"),
    [
        ("c", 10_000, 270),  # a full refund of the spend restores
        ("c", 5_000, 195),  # half of it restores half
        ("a", 20_000, -80),  # all that a earned is taken back, 80 of it are owed
        ("a", 10_000, 20),  # half takes half
        ("b", 3_500, 85),
        ("b", 7_000, 50),
    ],
)
def test_a_refund_reverses_earned_and_spent_points_separately(original: str, minor: int, after: int) -> None:
    shop = shop_with_270_points_and_150_redeemed()
    shop.refunds(original, refund("r", minor))
    assert shop.account.available == max(0, after)
    assert shop.account.debt == max(0, -after)


def test_a_sale_that_earned_and_redeemed_is_undone_on_both_sides() -> None:
    shop = Shop()
    shop.sells(sold("a", 20_000))
    shop.sells(sold("b", 10_000, redeemed=150))
    assert shop.account.available == 150
    shop.refunds("b", refund("r1", 5_000))
    assert shop.account.available == 150 - 50 + 75
    shop.refunds("b", refund("r2", 5_000))
    assert shop.account.available == 200
    assert shop.account.lots[0].accrual == accrual(1, "a").posting


@pytest.mark.parametrize(("waiting_days", "spent", "debt"), [(0, 0, 0), (7, 0, 0), (0, 60, 60)])
def test_a_referral_that_no_longer_stands_is_taken_back_from_both_sides(
    waiting_days: int, spent: int, debt: int
) -> None:
    terms = LotTerms(pending_days=waiting_days)
    back = refund("r", 5_000)
    postings: list[Posting] = []
    for side, member in (("referrer", MemberId("ben")), ("referred", ANNA)):
        reward = Accrual(posting_id("referral", side, ANNA), Rule.REFERRAL, 100, CAUSE)
        earned = earn(PointsAccount(member), reward, terms, on=DAY)
        used = spend(earned.account, spent, redemption=posting_id("x", member), on=DAY, cause=CAUSE)
        assert isinstance(used, Moved)
        reversed_ = take_back_referral(used.account, reward, on=DAY, by=back)
        assert (reversed_.account.lots, reversed_.account.debt) == ((), debt)
        postings += (*earned.postings, *used.postings, *reversed_.postings)
    assert len({p.posting_id for p in postings}) == len(postings)
    assert balance(postings, PROGRAMME_ISSUED) == 0


def test_debt_is_repaid_by_what_is_earned_next() -> None:
    shop = Shop()
    shop.sells(sold("a", 10_000))
    shop.sells(sold("b", 5_000, redeemed=100, earned=0))
    shop.refunds("a", refund("r", 10_000))
    assert shop.account.debt == 100
    shop.sells(sold("c", 6_000))
    assert (shop.account.debt, shop.account.available) == (40, 0)
    shop.sells(sold("d", 6_000))
    assert (shop.account.debt, shop.account.available) == (0, 20)
    assert [p.points for p in shop.postings if p.rule is Rule.REPAYMENT] == [60, 40]


def test_pending_points_of_the_sale_go_back_before_anything_is_owed() -> None:
    shop = Shop(replace(SHOP, lots=WAITING))
    shop.sells(sold("a", 10_000))
    shop.refunds("a", refund("r", 4_000))
    assert (shop.account.pending, shop.account.available, shop.account.debt) == (60, 0, 0)


def test_points_restored_after_their_last_day_live_for_the_days_of_restoring() -> None:
    shop = Shop(replace(SHOP, lots=LotTerms(expiry=Expiry.DAYS, after=10, restored_days=5)))
    shop.sells(sold("a", 10_000))
    shop.sells(sold("b", 10_000, redeemed=100, earned=0))
    shop.on = DAY + timedelta(days=20)
    shop.refunds("b", refund("r", 10_000))
    assert [lot.last_day for lot in shop.account.lots] == [DAY + timedelta(days=25)]


def test_points_restored_before_their_last_day_keep_it() -> None:
    shop = Shop(replace(SHOP, lots=LotTerms(expiry=Expiry.DAYS, after=10)))
    shop.sells(sold("a", 10_000))
    shop.sells(sold("b", 10_000, redeemed=60, earned=0))
    shop.refunds("b", refund("r", 10_000))
    assert [(lot.points, lot.last_day) for lot in shop.account.lots] == [(100, DAY + timedelta(days=10))]


def test_restored_points_return_to_their_own_lots_those_that_live_longest_first() -> None:
    shop = Shop(replace(SHOP, lots=LotTerms(expiry=Expiry.DAYS, after=10)))
    shop.sells(sold("a", 10_000))
    shop.on = DAY + timedelta(days=1)
    shop.sells(sold("b", 10_000))
    shop.sells(sold("c", 10_000, redeemed=200, earned=0))
    lots = []
    for part in ("r1", "r2", "r3", "r4"):
        shop.refunds("c", refund(part, 2_500))
        lots.append([(lot.points, lot.earned_on) for lot in shop.account.lots])
    old, young = DAY, DAY + timedelta(days=1)
    assert lots == [[(50, young)], [(100, young)], [(50, old), (100, young)], [(100, old), (100, young)]]


def test_a_refund_in_another_store_reverses_the_same() -> None:
    here, there = shop_with_270_points_and_150_redeemed(), shop_with_270_points_and_150_redeemed()
    here.refunds("c", refund("r", 5_000))
    there.refunds("c", refund("r", 5_000, store="hill"))
    assert here.account == there.account


def test_a_refund_or_sale_seen_again_changes_nothing() -> None:
    shop = shop_with_270_points_and_150_redeemed()
    shop.refunds("a", refund("r", 5_000))
    before, postings = shop.account, len(shop.postings)
    shop.refunds("a", refund("r", 5_000))
    shop.sells(sold("a", 20_000))
    assert shop.account == before
    assert len(shop.postings) == postings


def test_a_refund_in_another_currency_is_refused() -> None:
    shop = shop_with_270_points_and_150_redeemed()
    assert isinstance(shop.refunds("a", refund("r", 5_000, currency="EUR")), Refused)


def test_a_sale_paid_wholly_with_points_is_restored_by_any_refund_of_it() -> None:
    shop = Shop()
    shop.sells(sold("a", 10_000))
    shop.sells(sold("b", 0, redeemed=100))
    shop.refunds("b", refund("r", 1))
    assert shop.account.available == 100


def test_a_sale_that_redeems_too_much_moves_nothing() -> None:
    shop = Shop()
    shop.sells(sold("a", 10_000))
    assert isinstance(shop.sells(sold("b", 5_000, redeemed=101)), Short)
    assert shop.account.available == 100
    assert "b" not in shop.books


sales = st.lists(
    st.tuples(st.integers(0, 30_000), st.lists(st.integers(1, 20_000), max_size=3)), min_size=1, max_size=4
)


@settings(max_examples=150, deadline=None)
@given(sales, st.randoms(use_true_random=False), st.integers(0, 7), st.integers(0, 400))
def test_refunds_before_their_sale_end_where_refunds_after_it_end(
    history: list[tuple[int, list[int]]], shuffle: Random, pending_days: int, minimum_minor: int
) -> None:
    terms = Terms(Programme("P", "CNY", minimum_minor=minimum_minor), lots=LotTerms(pending_days=pending_days))
    facts: list[tuple[str, Sold | Refund]] = []
    for number, (total, refunds) in enumerate(history):
        name = f"s{number}"
        facts.append((name, sold(name, total, earned=terms.programme.points_for(total))))
        facts += [(name, refund(f"{name}-{index}", minor)) for index, minor in enumerate(refunds)]
    mixed = list(facts)
    shuffle.shuffle(mixed)
    one, other = Shop(terms), Shop(terms)
    for shop, order in ((one, facts), (other, mixed)):
        for name, fact in order:
            if isinstance(fact, Sold):
                shop.sells(fact)
            else:
                shop.refunds(name, fact)
    assert one.total == other.total
    kept = sum(terms.programme.points_for(max(0, total - sum(refunds))) for total, refunds in history)
    assert one.total == kept


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 20_000), st.integers(0, 300), st.lists(st.integers(1, 9_000), max_size=5))
def test_any_split_of_a_refund_restores_what_one_refund_of_the_sum_restores(
    total: int, redeemed: int, parts: list[int]
) -> None:
    split, whole = Shop(), Shop()
    for shop in (split, whole):
        shop.sells(sold("a", 30_000))
        shop.sells(sold("b", total, redeemed=redeemed))
    for number, part in enumerate(parts):
        split.refunds("b", refund(f"r{number}", part))
    if parts:
        whole.refunds("b", refund("r", sum(parts)))
    assert split.total == whole.total
    assert split.books["b"].restored == whole.books["b"].restored <= redeemed


def test_a_posting_id_is_made_of_the_fact_so_that_edge_and_cloud_post_once() -> None:
    shop = Shop()
    shop.sells(sold("a", 10_000))
    shop.refunds("a", refund("r", 10_000))
    ids = {p.posting_id for p in shop.postings}
    assert PostingId(posting_id("spend", "harbour", "a")) in ids
    assert PostingId(posting_id("refund", "harbour", "r")) in ids
