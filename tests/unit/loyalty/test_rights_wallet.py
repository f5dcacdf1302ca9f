"""What a gateway allows on its own, while nobody can be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.identifiers import GatewayId
from loyalty.rights import wallet
from loyalty.rights.movements import POINTS_MAX, Grant, GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.wallet import RESERVATIONS_MAX, Moved, Redemption, Wallet

HARBOUR = GatewayId("harbour")
FIRST, SECOND = Incarnation("first"), Incarnation("second")
ID = MovementId("m-1")


def open_wallet(rights: int = 0, *, debt: int = 0) -> Wallet:
    return Wallet(HARBOUR, FIRST, frozen=False, rights=rights, debt=debt)


def granted(points: int, total: int, *, incarnation: Incarnation = FIRST, gateway: GatewayId = HARBOUR) -> Grant:
    return Grant(GrantId(f"g-{total}"), gateway, incarnation, points, total)


def after(outcome: Moved | Wallet | Refusal) -> Wallet:
    assert not isinstance(outcome, Refusal), outcome
    return outcome.wallet if isinstance(outcome, Moved) else outcome


def test_exactly_all_rights_can_be_redeemed_and_not_one_point_more() -> None:
    assert wallet.redeem(open_wallet(120), ID, 121) is Refusal.NOT_ENOUGH_RIGHTS
    moved = wallet.redeem(open_wallet(120), ID, 120)
    assert isinstance(moved, Moved)
    assert (moved.wallet.rights, moved.movement.kind, moved.movement.points) == (0, Kind.REDEEMED, 120)


def test_the_same_grant_heard_three_times_counts_once() -> None:
    purse = after(wallet.accept_grant(open_wallet(), granted(50, 50)))
    assert purse.rights == 50
    assert wallet.accept_grant(purse, granted(50, 50)) is Refusal.DUPLICATE


def test_a_later_grant_brings_what_a_lost_one_did_not_and_the_late_one_adds_nothing() -> None:
    purse = after(wallet.accept_grant(open_wallet(), granted(20, 70)))
    assert purse.rights == 70
    assert wallet.accept_grant(purse, granted(50, 50)) is Refusal.DUPLICATE


def test_a_grant_for_another_incarnation_or_gateway_is_refused() -> None:
    assert wallet.accept_grant(open_wallet(), granted(5, 5, incarnation=SECOND)) is Refusal.OTHER_INCARNATION
    assert wallet.accept_grant(open_wallet(), granted(5, 5, gateway=GatewayId("hill"))) is Refusal.OTHER_GATEWAY


def test_a_restored_gateway_is_empty_and_earns_only_until_it_was_greeted() -> None:
    restored = wallet.begin_incarnation(open_wallet(80), SECOND)
    assert (restored.rights, restored.debt, restored.granted, restored.frozen) == (0, 0, 0, True)
    earned = after(wallet.earn(restored, ID, 30))
    assert earned.rights == 30
    assert wallet.spendable(earned) == 0
    assert wallet.redeem(earned, ID, 1) is Refusal.FROZEN
    assert wallet.reserve(earned, "s", 1) is Refusal.FROZEN
    assert wallet.welcome(earned, FIRST) is Refusal.OTHER_INCARNATION
    assert wallet.spendable(after(wallet.welcome(earned, SECOND))) == 30


def test_a_reservation_counts_against_rights_until_it_is_released() -> None:
    held = after(wallet.reserve(open_wallet(100), "kiosk-1", 70))
    assert wallet.spendable(held) == 30
    assert wallet.redeem(held, ID, 31) is Refusal.NOT_ENOUGH_RIGHTS
    assert wallet.reserve(held, "kiosk-2", 31) is Refusal.NOT_ENOUGH_RIGHTS
    assert wallet.reserve(held, "kiosk-1", 1) is Refusal.DUPLICATE
    assert wallet.give_back(held, ID, 100) == Moved(
        replace(held, rights=70), Movement(ID, Kind.RETURNED, HARBOUR, FIRST, 30)
    )
    assert wallet.spendable(after(wallet.release(held, "kiosk-1"))) == 100


def test_a_session_commits_once_and_then_is_gone() -> None:
    held = after(wallet.reserve(open_wallet(100), "kiosk-1", 70))
    spent = after(wallet.commit(held, "kiosk-1", ID))
    assert (spent.rights, dict(spent.reserved)) == (30, {})
    assert wallet.commit(spent, "kiosk-1", ID) is Refusal.NO_SUCH_RESERVATION
    assert wallet.release(spent, "kiosk-1") is Refusal.NO_SUCH_RESERVATION


def test_a_commit_is_refused_where_a_returned_purchase_took_the_rights_meanwhile() -> None:
    held = after(wallet.reserve(open_wallet(50), "kiosk-1", 50))
    poorer = after(wallet.unearn(held, ID, 20))
    assert wallet.commit(poorer, "kiosk-1", ID) is Refusal.NOT_ENOUGH_RIGHTS
    assert wallet.spendable(poorer) == 0


def test_no_more_sessions_are_open_than_a_store_has_kiosks() -> None:
    purse = open_wallet(RESERVATIONS_MAX + 1)
    for number in range(RESERVATIONS_MAX):
        purse = after(wallet.reserve(purse, f"s{number}", 1))
    assert wallet.reserve(purse, "one more", 1) is Refusal.RESERVATIONS_FULL


def test_a_purchase_given_back_after_its_points_were_spent_leaves_a_debt_that_earning_repays() -> None:
    indebted = after(wallet.unearn(open_wallet(30), ID, 50))
    assert (indebted.rights, indebted.debt) == (0, 20)
    part = after(wallet.earn(indebted, ID, 15))
    assert (part.rights, part.debt) == (0, 5)
    whole = after(wallet.earn(part, ID, 15))
    assert (whole.rights, whole.debt) == (10, 0)


def test_a_grant_pays_the_debt_first() -> None:
    purse = after(wallet.accept_grant(open_wallet(debt=30), granted(50, 50)))
    assert (purse.rights, purse.debt) == (20, 0)


def test_a_redemption_is_undone_in_parts_up_to_its_amount() -> None:
    made = Redemption(ID, FIRST, 60, restored=30)
    assert after(wallet.restore(open_wallet(), made, MovementId("m-2"), 30)).rights == 30
    assert wallet.restore(open_wallet(), made, MovementId("m-2"), 31) is Refusal.ALREADY_RESTORED


def test_a_disk_in_doubt_undoes_nothing_it_may_have_forgotten_that_it_did() -> None:
    made = Redemption(ID, FIRST, 60)
    assert wallet.restore(replace(open_wallet(), frozen=True), made, MovementId("m-2"), 60) is Refusal.FROZEN


def test_a_redemption_made_elsewhere_or_before_a_restore_is_not_undone_here() -> None:
    before = Redemption(ID, SECOND, 60)
    assert wallet.restore(open_wallet(), None, MovementId("m-2"), 60) is Refusal.MADE_ELSEWHERE
    assert wallet.restore(open_wallet(), before, MovementId("m-2"), 60) is Refusal.MADE_ELSEWHERE


def test_a_superseded_gateway_freezes_ends_its_sessions_and_can_still_give_everything_back() -> None:
    held = after(wallet.reserve(open_wallet(40), "kiosk-1", 25))
    frozen = after(wallet.supersede(held, FIRST))
    assert wallet.spendable(frozen) == 0
    assert after(wallet.give_back(frozen, ID, 40)).rights == 0
    assert wallet.supersede(held, SECOND) is Refusal.OTHER_INCARNATION
    assert wallet.commit(replace(held, frozen=True), "kiosk-1", ID) is Refusal.FROZEN


def test_giving_back_gives_what_there_is() -> None:
    moved = wallet.give_back(open_wallet(7), ID, 100)
    assert isinstance(moved, Moved)
    assert moved.movement.points == 7
    assert wallet.give_back(open_wallet(0), ID, 100) is Refusal.NOT_ENOUGH_RIGHTS


@pytest.mark.parametrize("points", [0, -1, POINTS_MAX + 1])
def test_what_is_not_a_number_of_points_moves_nothing(points: int) -> None:
    purse, made = open_wallet(10), Redemption(ID, FIRST, 60)
    refusals = [
        wallet.earn(purse, ID, points),
        wallet.unearn(purse, ID, points),
        wallet.redeem(purse, ID, points),
        wallet.reserve(purse, "s", points),
        wallet.restore(purse, made, ID, points),
    ]
    assert set(map(str, refusals)) == {Refusal.NOT_A_NUMBER_OF_POINTS}
