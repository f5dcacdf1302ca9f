"""What stores that are cut off can do with one balance or one coupon, told as short stories."""

from __future__ import annotations

from itertools import permutations

import pytest

from loyalty.identifiers import GatewayId
from loyalty.rights.account import Account, Granted, GrantRequest, Settled, grant, opened, settle
from loyalty.rights.movements import GrantId, Incarnation, Movement, MovementId, Refusal
from loyalty.rights.sizing import SizingPolicy, grant_size
from loyalty.rights.standing import Standing
from loyalty.rights.wallet import (
    Moved,
    Wallet,
    accept_grant,
    commit,
    earn,
    redeem,
    release,
    reserve,
    spendable,
    unearn,
    welcome,
)

HARBOUR, HILL, PIER = map(GatewayId, ("harbour", "hill", "pier"))
FIRST = Incarnation("1")
STANDING = Standing(current=FIRST)
POLICY = SizingPolicy(visitor_percent=50)


def wallet(gateway: GatewayId) -> Wallet:
    thawed = welcome(Wallet(gateway, FIRST), FIRST)
    assert isinstance(thawed, Wallet)
    return thawed


def leased(account: Account, to: Wallet, *, home: GatewayId | None) -> tuple[Account, Wallet]:
    """The member is seen at a gateway that is online: it is leased what the policy says."""
    points = grant_size(account, to.gateway, home=home, policy=POLICY)
    request = GrantRequest(GrantId(f"{to.gateway}-{to.granted}"), to.gateway, FIRST, points)
    answer = grant(account, request, standing=STANDING)
    assert isinstance(answer, Granted)
    taken = accept_grant(to, answer.grant)
    assert isinstance(taken, Wallet)
    return answer.account, taken


def told(account: Account, *movements: Movement) -> Account:
    for movement in movements:
        answer = settle(account, movement, standing=STANDING, known=())
        assert isinstance(answer, Settled)
        account = answer.account
    return account


def spent(at: Wallet, points: int, name: str) -> tuple[Wallet, Movement]:
    answer = redeem(at, MovementId(name), points)
    assert isinstance(answer, Moved)
    return answer.wallet, answer.movement


def two_stores_with_480_points() -> tuple[Account, Wallet, Wallet]:
    """Seen at the hill first, then at home in the harbour; then both lines are cut."""
    account, hill = leased(opened(480), wallet(HILL), home=HARBOUR)
    account, harbour = leased(account, wallet(HARBOUR), home=HARBOUR)
    return account, harbour, hill


def test_two_stores_that_are_cut_off_can_spend_one_balance_once_between_them() -> None:
    account, harbour, hill = two_stores_with_480_points()
    assert (spendable(harbour), spendable(hill)) == (240, 240)
    assert redeem(harbour, MovementId("too much"), 241) is Refusal.NOT_ENOUGH_RIGHTS
    harbour, one = spent(harbour, 240, "a")
    hill, other = spent(hill, 240, "b")
    assert redeem(hill, MovementId("one more"), 1) is Refusal.NOT_ENOUGH_RIGHTS
    for order in permutations((one, other)):
        after = told(account, *order)
        assert (after.balance, after.avail) == (0, 0)
        assert all(lease.held == 0 for lease in after.leases.values())


def test_what_is_earned_while_cut_off_can_be_spent_there_and_what_is_returned_after_that_is_owed_in_the_open() -> None:
    account, harbour, hill = two_stores_with_480_points()
    earned = earn(harbour, MovementId("sale"), 100)
    assert isinstance(earned, Moved)
    harbour, redeemed = spent(earned.wallet, 340, "cup")
    returned = unearn(harbour, MovementId("return"), 100)
    assert isinstance(returned, Moved)
    assert (returned.wallet.rights, returned.wallet.debt) == (0, 100)
    after = told(account, earned.movement, redeemed, returned.movement)
    # 480 + 100 - 340 - 100: the debt of the harbour stands against what the hill may still spend.
    assert (after.balance, after.leases[HARBOUR].held, after.leases[HILL].held) == (140, -100, 240)
    assert spendable(hill) == 240


@pytest.mark.parametrize("claims", [[22, 21, 21], [64, 0, 0], [0, 1, 63]])
def test_of_64_claims_of_one_coupon_in_three_stores_that_are_cut_off_exactly_one_wins(claims: list[int]) -> None:
    account, stores, grants = opened(1), [wallet(name) for name in (HARBOUR, HILL, PIER)], []
    holder = claims.index(max(claims))
    for number in (holder, 0, 1, 2):  # all three ask for it before they are cut off
        store = stores[number]
        answer = grant(account, GrantRequest(GrantId(f"g{number}"), store.gateway, FIRST, 1), standing=STANDING)
        if isinstance(answer, Granted):
            account = answer.account
            taken = accept_grant(store, answer.grant)
            assert isinstance(taken, Wallet)
            stores[number] = taken
            grants.append(store.gateway)
    assert len(grants) == 1
    won: list[Movement] = []
    for number, count in enumerate(claims):
        for claim in range(count):
            answer_here = redeem(stores[number], MovementId(f"{number}-{claim}"), 1)
            if isinstance(answer_here, Moved):
                stores[number] = answer_here.wallet
                won.append(answer_here.movement)
    assert len(won) == 1
    assert told(account, *won).balance == 0


def test_a_session_that_is_abandoned_gives_back_what_it_reserved_and_one_that_commits_does_not() -> None:
    store = wallet(HARBOUR)
    granted = leased(opened(100), store, home=HARBOUR)[1]
    held = reserve(granted, "kiosk-1", 70)
    assert isinstance(held, Wallet)
    assert spendable(held) == 30
    assert reserve(held, "kiosk-2", 31) is Refusal.NOT_ENOUGH_RIGHTS
    abandoned = release(held, "kiosk-1")
    assert isinstance(abandoned, Wallet)
    assert spendable(abandoned) == 100
    committed = commit(held, "kiosk-1", MovementId("cup"))
    assert isinstance(committed, Moved)
    assert spendable(committed.wallet) == 30
    assert release(committed.wallet, "kiosk-1") is Refusal.NO_SUCH_RESERVATION


def test_a_store_that_was_just_started_takes_nothing_off_anybody_until_it_was_greeted() -> None:
    account, harbour, _ = two_stores_with_480_points()
    fresh = Wallet(HARBOUR, FIRST, frozen=True, rights=harbour.rights, granted=harbour.granted)
    assert spendable(fresh) == 0
    assert redeem(fresh, MovementId("cup"), 1) is Refusal.FROZEN
    earned = earn(fresh, MovementId("sale"), 10)
    assert isinstance(earned, Moved)
    thawed = welcome(earned.wallet, FIRST)
    assert isinstance(thawed, Wallet)
    assert spendable(thawed) == 250
    assert told(account, earned.movement).balance == 490
