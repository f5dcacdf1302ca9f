"""What a purchase earns and what a refund takes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.decide import Granted, Reason, Refused, decide_purchase, decide_refund
from loyalty.events import Purchase, PurchaseStanding, Refund
from loyalty.identifiers import EventId, MemberId, SaleId, StoreId
from loyalty.ledger import PROGRAMME_ISSUED, available, balance, digest, member_of
from loyalty.programme import Programme

ANNA = MemberId("anna")
STORE = StoreId("harbour")
CNY = Programme("Regulars", "CNY", points=1, per_minor=100, minimum_minor=500)

programmes = st.builds(
    Programme,
    name=st.just("P"),
    currency=st.just("CNY"),
    points=st.integers(1, 50),
    per_minor=st.integers(1, 5_000),
    minimum_minor=st.integers(0, 2_000),
)
amounts = st.integers(0, 10_000_000)


def bought(total_minor: int, *, sale: str = "r-1", currency: str = "CNY") -> Purchase:
    return Purchase(EventId(f"i/ledger/{sale}"), STORE, SaleId(sale), currency, total_minor)


def returned(minor: int, *, sale: str = "r-2", currency: str = "CNY") -> Refund:
    return Refund(EventId(f"i/ledger/{sale}"), STORE, SaleId(sale), currency, minor)


@pytest.mark.parametrize(
    ("total_minor", "points"),
    [(500, 5), (599, 5), (600, 6), (12_345, 123), (1_000_000, 10_000)],
)
def test_points_are_the_whole_units_of_the_receipt(total_minor: int, points: int) -> None:
    decision = decide_purchase(ANNA, CNY, bought(total_minor))
    assert isinstance(decision, Granted)
    assert decision.points == points
    assert balance(decision.postings, available(ANNA)) == points
    assert balance(decision.postings, PROGRAMME_ISSUED) == -points


@pytest.mark.parametrize(
    ("purchase", "reason"),
    [
        (bought(499), Reason.BELOW_MINIMUM),
        (bought(0), Reason.BELOW_MINIMUM),
        (bought(900, currency="EUR"), Reason.OTHER_CURRENCY),
    ],
)
def test_a_purchase_that_earns_nothing_says_why(purchase: Purchase, reason: Reason) -> None:
    assert decide_purchase(ANNA, CNY, purchase) == Refused(ANNA, reason)


def test_a_receipt_smaller_than_one_unit_earns_nothing() -> None:
    programme = Programme("P", "CNY", per_minor=1_000)
    assert decide_purchase(ANNA, programme, bought(999)) == Refused(ANNA, Reason.NOTHING_EARNED)


def test_the_same_sale_decided_twice_is_one_posting() -> None:
    first = decide_purchase(ANNA, CNY, bought(2_000))
    again = decide_purchase(ANNA, CNY, bought(2_000))
    assert isinstance(first, Granted)
    assert isinstance(again, Granted)
    assert balance((*first.postings, *again.postings), available(ANNA)) == 20
    assert digest(first.postings) == digest(again.postings)


def test_sales_of_one_number_in_two_stores_are_two_postings() -> None:
    here = decide_purchase(ANNA, CNY, bought(2_000))
    there = decide_purchase(ANNA, CNY, Purchase(EventId("e"), StoreId("hill"), SaleId("r-1"), "CNY", 2_000))
    assert isinstance(here, Granted)
    assert isinstance(there, Granted)
    assert here.postings[0].posting_id != there.postings[0].posting_id


@pytest.mark.parametrize(
    ("standing", "refund", "reason"),
    [
        (None, returned(100), Reason.ORIGINAL_UNNAMED),
        (PurchaseStanding(None, 1_000, 0, 0), returned(100), Reason.NOTHING_TO_REVERSE),
        (PurchaseStanding(ANNA, 1_000, 1_000, 0), returned(100), Reason.NOTHING_LEFT_TO_REFUND),
        (PurchaseStanding(ANNA, 1_000, 0, 10), returned(100, currency="EUR"), Reason.OTHER_CURRENCY),
        (PurchaseStanding(ANNA, 1_050, 0, 10), returned(50), Reason.NOTHING_TO_REVERSE),
    ],
)
def test_a_refund_that_reverses_nothing_says_why(
    standing: PurchaseStanding | None, refund: Refund, reason: Reason
) -> None:
    decision = decide_refund(standing, CNY, refund)
    assert isinstance(decision, Refused)
    assert decision.reason is reason


@given(programmes, amounts)
def test_a_full_refund_takes_back_exactly_what_was_earned(programme: Programme, total: int) -> None:
    earned = decide_purchase(ANNA, programme, bought(total))
    if isinstance(earned, Refused):
        return
    back = decide_refund(PurchaseStanding(ANNA, total, 0, earned.points), programme, returned(total))
    assert isinstance(back, Granted)
    assert balance((*earned.postings, *back.postings), available(ANNA)) == 0


@given(programmes, amounts, st.lists(st.integers(1, 3_000_000), max_size=6))
def test_any_split_of_a_refund_ends_where_one_refund_of_the_sum_ends(
    programme: Programme, total: int, parts: list[int]
) -> None:
    earned = programme.points_for(total)
    points, refunded = earned, 0
    for number, part in enumerate(parts):
        standing = PurchaseStanding(ANNA, total, refunded, points)
        decision = decide_refund(standing, programme, returned(part, sale=f"r-{number}"))
        points += decision.points if isinstance(decision, Granted) else 0
        refunded += part
    assert points == programme.points_for(max(0, total - refunded))
    assert 0 <= points <= earned


@given(programmes, amounts, amounts)
def test_spending_more_never_earns_less(programme: Programme, one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert programme.points_for(low) <= programme.points_for(high)


def test_an_account_names_its_member_and_the_programme_names_none() -> None:
    assert member_of(available(ANNA)) == ANNA
    assert member_of(PROGRAMME_ISSUED) is None
