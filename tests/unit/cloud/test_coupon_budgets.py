"""Coupons are issued once per key and never beyond a budget, however many ask at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from cloud_crm.coupons import issuing, repository
from cloud_crm.coupons.issuing import Issued, Issuer, Wanted
from cloud_crm.coupons.repository import Use
from cloud_crm.coupons.rights import waiting
from cloud_crm.database import Database
from loyalty.checkout.coupons import Why
from loyalty.terms.document import Terms, terms_from_mapping

ISSUER = Issuer("campaign", "Ann", "2026-05-01T09:00:00.000Z", date(2026, 5, 1))


def terms(*coupons: dict[str, object]) -> Terms:
    return terms_from_mapping({"programme": {"name": "P", "currency": "CNY"}, "coupons": list(coupons)})


def ten_off(**budget: int) -> dict[str, object]:
    return {"id": "ten", "name": "Ten off", "kind": "amount", "amount_minor": 1_000, "minimum_minor": 2_000,
            "budget": budget}  # fmt: skip


def issue(database: Database, of: Terms, *wanted: Wanted, issuer: Issuer = ISSUER) -> list[Issued]:
    with database.write() as connection:
        return issuing.issue(connection, of, wanted, issuer)


def why(database: Database, of: Terms, *wanted: Wanted, issuer: Issuer = ISSUER) -> list[Why | None]:
    return [answer.why for answer in issue(database, of, *wanted, issuer=issuer)]


def to(member: str, number: int = 1, coupon: str = "ten") -> Wanted:
    return Wanted(coupon, f"test/{member}/{coupon}/{number}", member)


BUDGETS = [
    ({"member_uses_max": 2}, [None, None, Why.MEMBER_BUDGET_USED]),
    ({"member_uses_max": 0, "campaign_uses_max": 1}, [None, Why.CAMPAIGN_BUDGET_USED, Why.CAMPAIGN_BUDGET_USED]),
    ({"member_uses_max": 0, "liability_minor_max": 2_500}, [None, None, Why.LIABILITY_REACHED]),
    ({"member_uses_max": 0}, [None, None, None]),
]


@pytest.mark.parametrize(("budget", "expected"), BUDGETS)
def test_each_budget_refuses_what_exceeds_it(
    database: Database, budget: dict[str, int], expected: list[Why | None]
) -> None:
    wanted = [to("anna", number) for number in range(3)]
    assert why(database, terms(ten_off(**budget)), *wanted) == expected


@pytest.mark.parametrize(("budget", "expected"), BUDGETS)
def test_budgets_count_across_requests(database: Database, budget: dict[str, int], expected: list[Why | None]) -> None:
    of = terms(ten_off(**budget))
    assert [why(database, of, to("anna", number))[0] for number in range(3)] == expected


def test_the_same_key_is_issued_once_ever(database: Database) -> None:
    of = terms(ten_off(member_uses_max=0))
    first = issue(database, of, to("anna"), to("anna"))
    again = issue(database, of, to("anna"))
    assert [answer.is_new for answer in (*first, *again)] == [True, False, False]
    assert len({answer.row.instance for answer in (*first, *again) if answer.row}) == 1


def test_one_members_budget_is_not_anothers(database: Database) -> None:
    of = terms(ten_off(member_uses_max=1))
    assert why(database, of, to("anna"), to("bo"), to("anna", 2)) == [None, None, Why.MEMBER_BUDGET_USED]


@pytest.mark.parametrize(("coupon", "expected"), [("nothing", Why.UNKNOWN), ("past", Why.ENDED)])
def test_a_coupon_that_is_unknown_or_over_is_not_issued(database: Database, coupon: str, expected: Why) -> None:
    past = {**ten_off(), "id": "past", "ends": "2026-04-30"}
    assert why(database, terms(ten_off(), past), to("anna", coupon=coupon)) == [expected]


def test_every_new_instance_has_a_right_of_its_own_that_waits_for_a_store(database: Database) -> None:
    answers = issue(database, terms(ten_off()), to("anna"), to("bo"))
    with database.read() as connection:
        assert waiting(connection) == [(a.row.instance, a.row.member_id) for a in answers if a.row]


def test_of_sixty_four_who_ask_at_once_as_many_get_one_as_the_budget_has(database: Database) -> None:
    of = terms(ten_off(member_uses_max=0, campaign_uses_max=10, liability_minor_max=7_000))

    def ask(number: int) -> bool:
        return issue(database, of, to(f"m{number}"))[0].row is not None

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(64))) == 7
    with database.read() as connection:
        assert repository.budgets(connection)["ten"].liability_minor == 7_000


def test_a_coupon_counts_for_what_it_took_once_it_is_used(database: Database) -> None:
    of = terms(
        {"id": "ten", "name": "Ten", "kind": "percent", "percent": 10,
         "budget": {"member_uses_max": 0, "liability_minor_max": 500}}
    )  # fmt: skip
    instance = issue(database, of, to("anna"))[0].row
    assert instance is not None
    with database.write() as connection:
        used = Use("store-1", "r-1", ISSUER.at)
        assert issuing.use(connection, instance.instance, used, discount_minor=600) == {"anna"}
        assert issuing.use(connection, instance.instance, used, discount_minor=600) == {"anna"}
        assert repository.budgets(connection)["ten"].liability_minor == 600
    assert why(database, of, to("bo")) == [Why.LIABILITY_REACHED]


def test_what_is_withdrawn_unused_frees_its_part_of_the_budget_and_what_was_used_does_not(database: Database) -> None:
    of = terms(ten_off(member_uses_max=1, campaign_uses_max=1))
    row = issue(database, of, to("anna"))[0].row
    assert row is not None
    with database.write() as connection:
        assert issuing.withdraw(connection, row.instance, ISSUER.at) is not None
        assert issuing.withdraw(connection, row.instance, ISSUER.at) is None
    second = issue(database, of, to("anna", 2))[0].row
    assert second is not None
    with database.write() as connection:
        issuing.use(connection, second.instance, Use("store-1", "r-1", ISSUER.at))
        assert issuing.withdraw(connection, second.instance, ISSUER.at) is None
    assert why(database, of, to("anna", 3)) == [Why.MEMBER_BUDGET_USED]


def test_what_an_offline_store_let_be_used_after_it_was_withdrawn_counts_again(database: Database) -> None:
    of = terms(ten_off(member_uses_max=0, campaign_uses_max=1))
    row = issue(database, of, to("anna"))[0].row
    assert row is not None
    with database.write() as connection:
        issuing.withdraw(connection, row.instance, ISSUER.at)
        for _ in range(2):
            issuing.use(connection, row.instance, Use("store-1", "r-1", ISSUER.at), discount_minor=1_000)
        assert repository.budgets(connection)["ten"].issued == 1
    assert why(database, of, to("bo")) == [Why.CAMPAIGN_BUDGET_USED]


def test_a_coupon_whose_sale_was_given_back_may_be_used_again(database: Database) -> None:
    row = issue(database, terms(ten_off()), to("anna"))[0].row
    assert row is not None
    with database.write() as connection:
        issuing.use(connection, row.instance, Use("store-1", "r-1", ISSUER.at))
        assert issuing.give_back(connection, row.instance) == {"anna"}
        told = repository.of_member(connection, "anna")[0]
    assert replace(told, version=0) == row


def test_a_coupon_a_store_gave_counts_against_the_budget_once(database: Database) -> None:
    of = terms(ten_off(member_uses_max=0, campaign_uses_max=1))
    row = repository.CouponRow("e" * 32, "ten", "anna", None, "reward/e", "reward", "store-1", ISSUER.at, 1_000, "")
    with database.write() as connection:
        issuing.keep_issued_elsewhere(connection, row)
        issuing.keep_issued_elsewhere(connection, row)
        assert repository.budgets(connection)["ten"].issued == 1
    assert why(database, of, to("bo")) == [Why.CAMPAIGN_BUDGET_USED]
