"""Wrong implementations of the rights protocol, each with one believable mistake. The swarm must find every one."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from loyalty.identifiers import GatewayId
from loyalty.rights import account, losses, standing, wallet
from loyalty.rights.account import Account, Compensated, Granted, GrantRequest, Lease, Settled
from loyalty.rights.losses import LossAccount
from loyalty.rights.movements import Grant, GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.sizing import SizingPolicy
from loyalty.rights.standing import Greeting, Standing
from loyalty.rights.wallet import Moved, Redemption, Wallet
from simulation.swarm.rules import PRODUCTION, Rules

NOTHING_KNOWN: frozenset[MovementId] = frozenset()


def accept_each_copy_of_a_grant(purse: Wallet, grant: Grant) -> Wallet | Refusal:
    if grant.incarnation != purse.incarnation:
        return Refusal.OTHER_INCARNATION
    return replace(purse, rights=purse.rights + grant.points, granted=max(grant.total, purse.granted))


def accept_a_grant_of_another_incarnation(purse: Wallet, grant: Grant) -> Wallet | Refusal:
    return wallet.accept_grant(purse, replace(grant, incarnation=purse.incarnation))


def accept_only_what_the_last_grant_adds(purse: Wallet, grant: Grant) -> Wallet | Refusal:
    taken = wallet.accept_grant(purse, replace(grant, total=min(grant.total, purse.granted + grant.points)))
    return replace(taken, granted=grant.total) if isinstance(taken, Wallet) else taken


def redeem_without_rights(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    moved = wallet.redeem(replace(purse, rights=purse.rights + points), movement_id, points)
    return (
        replace(moved, wallet=replace(moved.wallet, rights=purse.rights - points))
        if isinstance(moved, Moved)
        else moved
    )


def redeem_one_too_many(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    if points == purse.rights + 1 and not purse.frozen and not purse.reserved:
        return wallet.redeem(replace(purse, rights=points), movement_id, points)
    return wallet.redeem(purse, movement_id, points)


def redeem_what_is_reserved(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    """The reservation was checked when it was made; nobody else looks at it, and neither does its commit."""
    moved = wallet.redeem(replace(purse, reserved={}), movement_id, points)
    return replace(moved, wallet=replace(moved.wallet, reserved=purse.reserved)) if isinstance(moved, Moved) else moved


def commit_without_looking(purse: Wallet, session: str, movement_id: MovementId) -> Moved | Refusal:
    points = purse.reserved.get(session)
    if points is None or purse.frozen:
        return Refusal.NO_SUCH_RESERVATION
    rest = {other: held for other, held in purse.reserved.items() if other != session}
    fact = Movement(movement_id, Kind.REDEEMED, purse.gateway, purse.incarnation, points)
    return Moved(replace(purse, rights=purse.rights - points, reserved=rest), fact)


def commit_without_taking(purse: Wallet, session: str, movement_id: MovementId) -> Moved | Refusal:
    moved = wallet.commit(purse, session, movement_id)
    return replace(moved, wallet=replace(moved.wallet, rights=purse.rights)) if isinstance(moved, Moved) else moved


def release_pays_out(purse: Wallet, session: str) -> Wallet | Refusal:
    released = wallet.release(purse, session)
    if isinstance(released, Wallet):
        return replace(released, rights=released.rights + purse.reserved[session])
    return released


def redeem_while_frozen(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    moved = wallet.redeem(replace(purse, frozen=False), movement_id, points)
    return replace(moved, wallet=replace(moved.wallet, frozen=purse.frozen)) if isinstance(moved, Moved) else moved


def restore_as_if_nothing_happened(purse: Wallet, _incarnation: Incarnation) -> Wallet:
    return purse


def restore_keeps_rights_until_greeted(purse: Wallet, incarnation: Incarnation) -> Wallet:
    return replace(purse, incarnation=incarnation, frozen=True, reserved={})


def restore_keeps_the_incarnation(purse: Wallet, _incarnation: Incarnation) -> Wallet:
    return replace(purse, frozen=True, reserved={})


def undo_elsewhere(purse: Wallet, made: Redemption | None, movement_id: MovementId, points: int) -> Moved | Refusal:
    if made is None:
        made = Redemption(movement_id, purse.incarnation, points)
    return wallet.restore(purse, made, movement_id, points)


def undo_in_any_incarnation(
    purse: Wallet, made: Redemption | None, movement_id: MovementId, points: int
) -> Moved | Refusal:
    if made is not None:
        made = replace(made, incarnation=purse.incarnation)
    return wallet.restore(purse, made, movement_id, points)


def undo_again_and_again(
    purse: Wallet, made: Redemption | None, movement_id: MovementId, points: int
) -> Moved | Refusal:
    return wallet.restore(purse, made and replace(made, restored=0), movement_id, points)


def return_without_giving_up(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    moved = wallet.give_back(purse, movement_id, points)
    return replace(moved, wallet=purse) if isinstance(moved, Moved) else moved


def forgive_debts(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    moved = wallet.unearn(purse, movement_id, points)
    return replace(moved, wallet=replace(moved.wallet, debt=0)) if isinstance(moved, Moved) else moved


def earn_past_a_debt(purse: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    moved = wallet.earn(purse, movement_id, points)
    richer = replace(purse, rights=purse.rights + points)
    return replace(moved, wallet=richer) if isinstance(moved, Moved) else moved


def apply_every_copy(
    books: Account, movement: Movement, *, standing: Standing, known: Container[MovementId]
) -> Settled | Refusal:
    return account.settle(books, movement, standing=standing, known=NOTHING_KNOWN)


def settle_late_facts_against_the_lease(
    books: Account, movement: Movement, *, standing: Standing, known: Container[MovementId]
) -> Settled | Refusal:
    late = replace(standing, current=movement.incarnation)
    return account.settle(books, movement, standing=late, known=known)


def ignore_late_facts(
    books: Account, movement: Movement, *, standing: Standing, known: Container[MovementId]
) -> Settled | Refusal:
    if movement.incarnation != standing.current:
        return Settled(books)
    return account.settle(books, movement, standing=standing, known=known)


def a_late_return_revives_what_was_written_off(
    books: Account, movement: Movement, *, standing: Standing, known: Container[MovementId]
) -> Settled | Refusal:
    if (
        movement.kind is Kind.RETURNED
        and movement.incarnation != standing.current
        and movement.movement_id not in known
    ):
        rest = account.settle(books, movement, standing=standing, known=known)
        if isinstance(rest, Settled):
            back = movement.points - (rest.account.avail - books.avail)
            return replace(rest, account=replace(rest.account, avail=rest.account.avail + back))
    return account.settle(books, movement, standing=standing, known=known)


def grant_without_taking(
    books: Account, request: GrantRequest, *, standing: Standing, known: Container[GrantId] = frozenset()
) -> Granted | Refusal:
    granted = account.grant(books, request, standing=standing)
    if isinstance(granted, Granted):
        return replace(granted, account=replace(granted.account, avail=books.avail))
    return granted


def grant_to_an_old_incarnation(
    books: Account, request: GrantRequest, *, standing: Standing, known: Container[GrantId] = frozenset()
) -> Granted | Refusal:
    return account.grant(books, request, standing=replace(standing, current=request.incarnation))


def grant_more_than_there_is(
    books: Account, _gateway: GatewayId, *, home: GatewayId | None, policy: SizingPolicy
) -> int:
    return books.avail + 1


def grant_beyond_what_is_available(
    books: Account, request: GrantRequest, *, standing: Standing, known: Container[GrantId] = frozenset()
) -> Granted | Refusal:
    granted = account.grant(replace(books, avail=books.avail + request.points), request, standing=standing)
    if isinstance(granted, Granted):
        return replace(granted, account=replace(granted.account, avail=books.avail - request.points))
    return granted


def reclaim_by_clock(books: Account, days: int) -> Account:
    if days < 30:
        return books
    back = sum(max(0, lease.held) for lease in books.leases.values())
    leases = {gateway: Lease(min(0, lease.held), lease.granted) for gateway, lease in books.leases.items()}
    return replace(books, avail=books.avail + back, leases=leases)


def revoke_gives_back_at_once(books: Account, gateway: GatewayId) -> Account:
    doubtful = account.withdraw(books, gateway)
    back = max(0, doubtful.suspense.get(gateway, 0))
    suspense = {**doubtful.suspense, gateway: doubtful.suspense.get(gateway, 0) - back}
    return replace(doubtful, avail=doubtful.avail + back, suspense=suspense)


def withdraw_nothing(books: Account, _gateway: GatewayId) -> Account:
    return books


def withdraw_to_nowhere(books: Account, gateway: GatewayId) -> Account:
    return replace(books, leases={other: lease for other, lease in books.leases.items() if other != gateway})


def write_off_to_available(
    books: Account, charged: LossAccount, gateway: GatewayId, points: int
) -> Compensated | Refusal:
    done = account.write_off(books, charged, gateway, points)
    if isinstance(done, Compensated):
        refunded = replace(done.account, avail=done.account.avail + points, balance=done.account.balance + points)
        return replace(done, account=refunded)
    return done


def write_off_without_limit(
    books: Account, charged: LossAccount, gateway: GatewayId, points: int
) -> Compensated | Refusal:
    done = account.write_off(books, replace(charged, cap=10**9), gateway, points)
    return replace(done, losses=replace(done.losses, cap=charged.cap)) if isinstance(done, Compensated) else done


def goodwill_without_limit(books: Account, charged: LossAccount, points: int) -> Compensated | Refusal:
    after = losses.LossAccount(charged.cap, charged.written_off, charged.goodwill + points)
    return Compensated(replace(books, balance=books.balance + points, avail=books.avail + points), after)


def greet_anybody(before: Standing, incarnation: Incarnation) -> Greeting:
    """Neither superseded nor revoked: whoever speaks last holds the leases."""
    return Greeting(Standing(incarnation, before.retired)) if incarnation != before.current else Greeting(before)


def greet_the_retired_again(before: Standing, incarnation: Incarnation) -> Greeting:
    return standing.greet(replace(before, retired=frozenset()), incarnation)


def revoke_in_name_only(before: Standing) -> Standing:
    return replace(before, revoked=False)


def issue_repeats_at_once(
    books: Account, movement: Movement, *, in_doubt: bool, known: Container[MovementId]
) -> Settled | Refusal:
    return account.credit(books, movement, in_doubt=False, known=known)


def issue_every_copy(
    books: Account, movement: Movement, *, in_doubt: bool, known: Container[MovementId]
) -> Settled | Refusal:
    return account.credit(books, movement, in_doubt=in_doubt, known=NOTHING_KNOWN)


def unissue_below_zero(books: Account, points: int) -> Account | Refusal:
    after = account.unissue(books, points)
    return replace(books, balance=books.balance - points, avail=books.avail - points) if after else after


def unissue_only_what_is_there(books: Account, points: int) -> Account | Refusal:
    return replace(books, balance=books.balance - points, avail=max(0, books.avail - points))


MUTANTS: dict[str, Rules] = {
    "a receipt repeated after a restore makes rights again": replace(PRODUCTION, earns_rights=lambda _: True),
    "a receipt repeated after a restore is available at once": replace(PRODUCTION, credit=issue_repeats_at_once),
    "a posting without a right is issued as often as it is told": replace(PRODUCTION, credit=issue_every_copy),
    "no freeze at a start": replace(PRODUCTION, boot=lambda before, _: replace(before, reserved={})),
    "a welcome of an earlier start thaws": replace(PRODUCTION, is_answer=lambda _, __: True),
    "the witness does not count what was given back": replace(
        PRODUCTION, is_witnessed=lambda kind: kind is Kind.REDEEMED
    ),
    "the witness counts nothing": replace(PRODUCTION, is_witnessed=lambda _: False),
    "points are taken back below zero": replace(PRODUCTION, unissue=unissue_below_zero),
    "what cannot be taken back is forgotten": replace(PRODUCTION, unissue=unissue_only_what_is_there),
    "accept a duplicate grant": replace(PRODUCTION, accept_grant=accept_each_copy_of_a_grant),
    "accept a grant of another incarnation": replace(PRODUCTION, accept_grant=accept_a_grant_of_another_incarnation),
    "a lost grant stays lost": replace(PRODUCTION, accept_grant=accept_only_what_the_last_grant_adds),
    "redeem without rights": replace(PRODUCTION, redeem=redeem_without_rights),
    "redeem one point too many": replace(PRODUCTION, redeem=redeem_one_too_many),
    "redeem ignoring reservations, commit without looking": replace(
        PRODUCTION, redeem=redeem_what_is_reserved, commit=commit_without_looking
    ),
    "commit does not look whether the rights are still there": replace(PRODUCTION, commit=commit_without_looking),
    "commit does not take the rights": replace(PRODUCTION, commit=commit_without_taking),
    "releasing a reservation creates rights": replace(PRODUCTION, release=release_pays_out),
    "redeem while frozen": replace(PRODUCTION, redeem=redeem_while_frozen),
    "no freeze and no new incarnation after a restore": replace(
        PRODUCTION, begin_incarnation=restore_as_if_nothing_happened
    ),
    "rights survive a restore": replace(PRODUCTION, begin_incarnation=restore_keeps_rights_until_greeted),
    "the incarnation survives a restore": replace(PRODUCTION, begin_incarnation=restore_keeps_the_incarnation),
    "a redemption is undone elsewhere, offline": replace(PRODUCTION, restore=undo_elsewhere),
    "a redemption is undone after a restore": replace(PRODUCTION, restore=undo_in_any_incarnation),
    "a redemption is undone as often as its receipt is shown": replace(PRODUCTION, restore=undo_again_and_again),
    "a return leaves the rights with the gateway": replace(PRODUCTION, give_back=return_without_giving_up),
    "a shortfall is forgotten": replace(PRODUCTION, unearn=forgive_debts),
    "earning does not repay debt": replace(PRODUCTION, earn=earn_past_a_debt),
    "non-idempotent ingest": replace(PRODUCTION, settle=apply_every_copy),
    "late facts settle against the new lease": replace(PRODUCTION, settle=settle_late_facts_against_the_lease),
    "late facts of a revoked gateway are ignored": replace(PRODUCTION, settle=ignore_late_facts),
    "a late return revives what was written off": replace(
        PRODUCTION, settle=a_late_return_revives_what_was_written_off
    ),
    "a grant does not leave what is available": replace(PRODUCTION, grant=grant_without_taking),
    "a grant exceeds what is available": replace(
        PRODUCTION, grant=grant_beyond_what_is_available, grant_size=grant_more_than_there_is
    ),
    "grant for an old incarnation": replace(PRODUCTION, grant=grant_to_an_old_incarnation),
    "reclaim by clock": replace(PRODUCTION, lapse=reclaim_by_clock),
    "revoking returns the lease to available": replace(PRODUCTION, withdraw=revoke_gives_back_at_once),
    "revoking leaves the lease": replace(PRODUCTION, withdraw=withdraw_nothing),
    "revoking loses the lease": replace(PRODUCTION, withdraw=withdraw_to_nowhere),
    "write-off refunded to available": replace(PRODUCTION, write_off=write_off_to_available),
    "write-off without a cap": replace(PRODUCTION, write_off=write_off_without_limit),
    "goodwill without a cap": replace(PRODUCTION, goodwill=goodwill_without_limit),
    "anybody is greeted": replace(PRODUCTION, greet=greet_anybody),
    "a retired incarnation is greeted again": replace(PRODUCTION, greet=greet_the_retired_again),
    "a revoked gateway stays current": replace(PRODUCTION, revoke=revoke_in_name_only),
}
"""Every mutant by name."""
