"""Where the cloud says every point is, and who may move it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.identifiers import GatewayId
from loyalty.rights import account, losses, standing
from loyalty.rights.account import Account, Compensated, Granted, GrantRequest, Lease, Settled
from loyalty.rights.losses import LossAccount
from loyalty.rights.movements import GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.sizing import SizingPolicy, grant_size
from loyalty.rights.standing import Standing

HARBOUR, HILL = GatewayId("harbour"), GatewayId("hill")
FIRST, SECOND = Incarnation("first"), Incarnation("second")
CURRENT = Standing(FIRST)
POLICY = SizingPolicy()


def lease(books: Account, points: int, *, gateway: GatewayId = HARBOUR) -> Account:
    granted = account.grant(books, GrantRequest(GrantId("g"), gateway, FIRST, points), standing=CURRENT)
    assert isinstance(granted, Granted), granted
    return granted.account


def told(
    books: Account, kind: Kind, points: int, *, by: Standing = CURRENT, incarnation: Incarnation = FIRST
) -> Settled:
    fact = Movement(MovementId("m"), kind, HARBOUR, incarnation, points)
    settled = account.settle(books, fact, standing=by, known=())
    assert isinstance(settled, Settled), settled
    assert placed(settled.account) == settled.account.balance
    return settled


def placed(books: Account) -> int:
    return books.avail + sum(held.held for held in books.leases.values()) + sum(books.suspense.values())


def test_a_grant_moves_points_from_available_to_the_gateway_and_says_the_total() -> None:
    books = lease(account.opened(100), 60)
    granted = account.grant(books, GrantRequest(GrantId("g2"), HARBOUR, FIRST, 40), standing=CURRENT)
    assert isinstance(granted, Granted)
    assert (granted.account.avail, granted.account.leases[HARBOUR]) == (0, Lease(100, 100))
    assert (granted.grant.points, granted.grant.total) == (40, 100)


def test_a_grant_is_refused_beyond_what_is_available_twice_to_the_past_and_to_the_revoked() -> None:
    books, asked = account.opened(10), GrantRequest(GrantId("g"), HARBOUR, FIRST, 10)
    assert account.grant(books, replace(asked, points=11), standing=CURRENT) is Refusal.NOT_ENOUGH_AVAILABLE
    assert account.grant(books, asked, standing=CURRENT, known={asked.grant_id}) is Refusal.DUPLICATE
    assert account.grant(books, asked, standing=Standing(SECOND)) is Refusal.OTHER_INCARNATION
    assert account.grant(books, asked, standing=standing.revoke(CURRENT)) is Refusal.REVOKED
    assert account.grant(books, replace(asked, points=0), standing=CURRENT) is Refusal.NOT_A_NUMBER_OF_POINTS


def test_a_fact_is_applied_once() -> None:
    fact = Movement(MovementId("m"), Kind.REDEEMED, HARBOUR, FIRST, 5)
    assert account.settle(account.opened(10), fact, standing=CURRENT, known={fact.movement_id}) is Refusal.DUPLICATE


@pytest.mark.parametrize(
    ("kind", "avail", "held", "balance"),
    [
        (Kind.EARNED, 40, 80, 120),
        (Kind.UNEARNED, 40, 40, 80),
        (Kind.REDEEMED, 40, 40, 80),
        (Kind.RESTORED, 40, 80, 120),
        (Kind.RETURNED, 60, 40, 100),
    ],
)
def test_what_each_fact_of_the_current_incarnation_moves(kind: Kind, avail: int, held: int, balance: int) -> None:
    books = told(lease(account.opened(100), 60), kind, 20).account
    assert (books.avail, books.leases[HARBOUR].held, books.balance) == (avail, held, balance)


def test_a_gateway_that_was_restored_leaves_its_old_lease_in_suspense() -> None:
    greeting = standing.greet(CURRENT, SECOND)
    assert greeting.standing == Standing(SECOND, frozenset({FIRST}))
    books = account.withdraw(lease(account.opened(100), 60), HARBOUR)
    assert (books.avail, dict(books.leases), books.suspense[HARBOUR]) == (40, {}, 60)


def test_a_dead_gateway_that_comes_back_settles_against_suspense() -> None:
    revoked = standing.revoke(CURRENT)
    books = account.withdraw(lease(account.opened(100), 60), HARBOUR)
    books = told(books, Kind.REDEEMED, 25, by=revoked).account
    books = told(books, Kind.RETURNED, 35, by=revoked).account
    assert (books.avail, books.suspense[HARBOUR], books.balance) == (75, 0, 75)


def test_what_was_written_off_never_becomes_available_again() -> None:
    revoked, caps = standing.revoke(CURRENT), LossAccount(cap=100)
    done = account.write_off(account.withdraw(lease(account.opened(60), 60), HARBOUR), caps, HARBOUR, 60)
    assert isinstance(done, Compensated)
    assert (done.account.avail, done.account.balance, done.losses.written_off) == (0, 0, 60)
    spent = told(done.account, Kind.REDEEMED, 25, by=revoked)
    assert (spent.recovered, spent.account.balance, spent.account.avail) == (25, 0, 0)
    assert losses.recover(done.losses, spent.recovered).written_off == 35
    returned = told(spent.account, Kind.RETURNED, 35, by=revoked).account
    assert (returned.avail, returned.balance, returned.written_off[HARBOUR]) == (0, 0, 0)


def test_neither_write_offs_nor_goodwill_exceed_the_cap() -> None:
    books, caps = account.withdraw(lease(account.opened(60), 60), HARBOUR), LossAccount(cap=50)
    assert account.write_off(books, caps, HARBOUR, 51) is Refusal.OVER_THE_CAP
    assert account.write_off(books, caps, HARBOUR, 61) is Refusal.NOT_IN_SUSPENSE
    assert account.goodwill(books, caps, 51) is Refusal.OVER_THE_CAP
    shown = account.goodwill(books, caps, 50)
    assert isinstance(shown, Compensated)
    assert shown.account.avail == 50
    assert account.goodwill(shown.account, shown.losses, 1) is Refusal.OVER_THE_CAP


def test_a_debt_is_not_answered_by_leasing_the_rest_elsewhere() -> None:
    books = told(account.opened(20), Kind.UNEARNED, 30).account
    assert books.leases[HARBOUR].held == -30
    assert account.owed(books) == 30
    assert grant_size(books, HILL, home=HILL, policy=POLICY) == 0
    asked = GrantRequest(GrantId("g"), HILL, FIRST, 1)
    assert account.grant(books, asked, standing=CURRENT) is Refusal.NOT_ENOUGH_AVAILABLE
    assert grant_size(books, HARBOUR, home=HILL, policy=POLICY) == 20


def test_a_gateway_that_returns_more_than_it_held_gains_nobody_anything() -> None:
    books = told(lease(account.opened(10), 10), Kind.RETURNED, 1_000).account
    assert grant_size(books, HILL, home=HILL, policy=POLICY) == 10
    late = told(account.withdraw(lease(account.opened(10), 10), HARBOUR), Kind.RETURNED, 1_000, by=Standing(SECOND))
    assert grant_size(late.account, HILL, home=HILL, policy=POLICY) == 10


def test_home_is_leased_everything_and_a_store_visited_a_share() -> None:
    books = account.opened(101)
    assert grant_size(books, HARBOUR, home=HARBOUR, policy=POLICY) == 101
    assert grant_size(books, HARBOUR, home=None, policy=POLICY) == 101
    assert grant_size(books, HILL, home=HARBOUR, policy=POLICY) == 51
    assert grant_size(books, HILL, home=HARBOUR, policy=SizingPolicy(visitor_points_max=30)) == 30
    assert grant_size(books, HILL, home=HARBOUR, policy=SizingPolicy(visitor_percent=0)) == 0


def test_a_coupon_is_in_one_store_at_a_time() -> None:
    books = account.opened(1)
    assert grant_size(books, HILL, home=HARBOUR, policy=POLICY) == 1
    assert grant_size(lease(books, 1, gateway=HILL), HARBOUR, home=HARBOUR, policy=POLICY) == 0


@pytest.mark.parametrize(("percent", "most"), [(-1, 0), (101, 0), (50, -1)])
def test_a_policy_that_makes_no_sense_is_refused(percent: int, most: int) -> None:
    with pytest.raises(ValueError, match="write"):
        SizingPolicy(percent, most)


def test_a_retired_incarnation_is_not_greeted_again_and_nobody_is_while_revoked() -> None:
    replaced = standing.greet(CURRENT, SECOND).standing
    assert standing.greet(replaced, SECOND) == standing.Greeting(replaced)
    assert standing.greet(replaced, FIRST).refusal is Refusal.SUPERSEDED
    met = standing.greet(standing.revoke(CURRENT), SECOND)
    assert met.refusal is Refusal.REVOKED
    back = standing.reinstate(met.standing)
    assert standing.greet(back, SECOND).refusal is Refusal.SUPERSEDED
    assert standing.greet(back, Incarnation("third")).standing.current == "third"


def test_points_that_arise_in_the_cloud_are_available_at_once() -> None:
    issued = account.issue(account.opened(5), 7)
    assert isinstance(issued, Account)
    assert (issued.avail, issued.balance) == (12, 12)
    assert account.issue(issued, 0) is Refusal.NOT_A_NUMBER_OF_POINTS
