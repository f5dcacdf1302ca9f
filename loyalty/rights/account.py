"""The cloud's side: where every point of one member and currency is.

Every function takes an account and gives the next one, or a refusal. The caller holds the account's row lock and
keeps the identifiers already applied (``known``). Points leave a lease only when the gateway says so; no function takes
a time.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from loyalty.identifiers import GatewayId
from loyalty.rights.losses import LossAccount, charge, show_goodwill
from loyalty.rights.movements import Grant, GrantId, Incarnation, Kind, Movement, MovementId, Refusal, whole
from loyalty.rights.standing import Standing

_SIGN = {Kind.EARNED: 1, Kind.UNEARNED: -1, Kind.REDEEMED: -1, Kind.RESTORED: 1}


@dataclass(frozen=True, slots=True)
class Lease:
    """What the current incarnation of a gateway holds: ``held`` = its rights less its debt, once all is heard.

    ``granted`` is the total of grants to this incarnation.
    """

    held: int = 0
    granted: int = 0


NO_LEASE = Lease()
NOBODY = GatewayId("")
"""Where a debt stands that was made at no gateway: points taken back in the cloud that were not available there."""


@dataclass(frozen=True, slots=True)
class Account:
    """``avail`` + held in all leases + all suspense = ``balance``, always.

    ``suspense`` is what earlier incarnations of a gateway held, spent or not; below zero it is a debt made there.
    ``written_off`` is the part of it given up and not yet told of.
    """

    balance: int = 0
    avail: int = 0
    leases: Mapping[GatewayId, Lease] = field(default_factory=dict)
    suspense: Mapping[GatewayId, int] = field(default_factory=dict)
    written_off: Mapping[GatewayId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """Lease ``points`` to this incarnation of this gateway."""

    grant_id: GrantId
    gateway: GatewayId
    incarnation: Incarnation
    points: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The account afterwards and the message for the gateway."""

    account: Account
    grant: Grant


@dataclass(frozen=True, slots=True)
class Settled:
    """The account afterwards.

    ``recovered`` points had been written off and turned out to be spent (:func:`loyalty.rights.losses.recover`).
    """

    account: Account
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class Compensated:
    """A member's account and the merchant's loss account afterwards."""

    account: Account
    losses: LossAccount


def opened(points: int = 0) -> Account:
    """A new account: ``points`` available, nothing leased. A coupon is opened with 1."""
    return Account(points, points)


def issue(account: Account, points: int) -> Account | Refusal:
    """Credit points that arise in the cloud itself (a campaign, an adjustment)."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    balance, avail = account.balance + points, account.avail + points
    return Account(balance, avail, account.leases, account.suspense, account.written_off)


def unissue(account: Account, points: int) -> Account | Refusal:
    """Take back points in the cloud itself (a refund settled there, an expiry): always, as a purchase given back.

    What is available goes first. The rest is leased or spent already: a debt, paid by what becomes available later.
    """
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    taken = min(account.avail, points)
    poorer = replace(account, balance=account.balance - points, avail=account.avail - taken)
    if taken == points:
        return poorer
    owing = account.suspense.get(NOBODY, 0) - (points - taken)
    return replace(poorer, suspense={**account.suspense, NOBODY: owing})


def grant(
    account: Account, request: GrantRequest, *, standing: Standing, known: Container[GrantId] = frozenset()
) -> Granted | Refusal:
    """Lease available points to the current incarnation of a gateway, once for each ``grant_id``.

    What is owed elsewhere is not leased: a debt is paid by later earning, not spent a second time; and a gateway that
    returns more than it can hold only makes a debt of it.
    """
    gateway, points = request.gateway, request.points
    if request.grant_id in known:
        return Refusal.DUPLICATE
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    if standing.current is None:
        return Refusal.REVOKED
    if request.incarnation != standing.current:
        return Refusal.OTHER_INCARNATION
    if points > account.avail - owed(account, besides=gateway):
        return Refusal.NOT_ENOUGH_AVAILABLE
    lease = account.leases.get(gateway, NO_LEASE)
    total = lease.granted + points
    leases = {**account.leases, gateway: Lease(lease.held + points, total)}
    after = Account(account.balance, account.avail - points, leases, account.suspense, account.written_off)
    return Granted(after, Grant(request.grant_id, gateway, request.incarnation, points, total))


def settle(
    account: Account, movement: Movement, *, standing: Standing, known: Container[MovementId]
) -> Settled | Refusal:
    """Apply what a gateway tells, once. Facts of an earlier incarnation settle against suspense.

    A fact is never refused for its amount: it has happened.
    """
    if movement.movement_id in known:
        return Refusal.DUPLICATE
    if not whole(movement.points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    if movement.incarnation != standing.current:
        return _settle_late(account, movement)
    lease = account.leases.get(movement.gateway, NO_LEASE)
    if movement.kind is Kind.RETURNED:
        leases = {**account.leases, movement.gateway: Lease(lease.held - movement.points, lease.granted)}
        return Settled(replace(account, avail=account.avail + movement.points, leases=leases))
    change = _SIGN[movement.kind] * movement.points
    leases = {**account.leases, movement.gateway: Lease(lease.held + change, lease.granted)}
    return Settled(replace(account, balance=account.balance + change, leases=leases))


def credit(account: Account, movement: Movement, *, in_doubt: bool, known: Container[MovementId]) -> Settled | Refusal:
    """Apply points that a gateway posted without taking a right to them; once, whoever tells of the same fact.

    ``in_doubt``: an earlier life of the gateway may have credited them and let them be spent, as when a till repeats
    its receipts to a restored disk. Then they are what that life held: in suspense, until it tells.
    """
    if movement.movement_id in known:
        return Refusal.DUPLICATE
    if in_doubt:
        return _settle_late(account, movement)
    after = issue(account, movement.points)
    return after if isinstance(after, Refusal) else Settled(after)


def withdraw(account: Account, gateway: GatewayId) -> Account:
    """A gateway was revoked or begins another incarnation: what it held is in doubt until it tells."""
    lease = account.leases.get(gateway)
    if lease is None:
        return account
    leases = {other: held for other, held in account.leases.items() if other != gateway}
    in_doubt = account.suspense.get(gateway, 0) + lease.held
    return replace(account, leases=leases, suspense={**account.suspense, gateway: in_doubt})


def write_off(account: Account, losses: LossAccount, gateway: GatewayId, points: int) -> Compensated | Refusal:
    """Give up points in suspense: they leave the member's balance and never become available again."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    in_doubt = account.suspense.get(gateway, 0)
    if points > in_doubt:
        return Refusal.NOT_IN_SUSPENSE
    charged = charge(losses, points)
    if isinstance(charged, Refusal):
        return charged
    after = replace(
        account,
        balance=account.balance - points,
        suspense={**account.suspense, gateway: in_doubt - points},
        written_off={**account.written_off, gateway: account.written_off.get(gateway, 0) + points},
    )
    return Compensated(after, charged)


def goodwill(account: Account, losses: LossAccount, points: int) -> Compensated | Refusal:
    """Give the member points at the merchant's expense, within the cap."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    charged = show_goodwill(losses, points)
    if isinstance(charged, Refusal):
        return charged
    return Compensated(replace(account, balance=account.balance + points, avail=account.avail + points), charged)


def owed(account: Account, *, besides: GatewayId | None = None) -> int:
    """Debts made at other gateways than ``besides``, and by incarnations that are gone."""
    debts = 0
    for gateway, lease in account.leases.items():
        if lease.held < 0 and gateway != besides:
            debts -= lease.held
    for points in account.suspense.values():
        if points < 0:
            debts -= points
    return debts


def _settle_late(account: Account, movement: Movement) -> Settled:
    """Settle what an earlier incarnation tells: first against suspense, then against what was given up of it.

    Suspense is one sum for all earlier incarnations, so a debt of one and a return by another may leave it below zero.
    """
    gateway = movement.gateway
    in_doubt = account.suspense.get(gateway, 0)
    given_up = account.written_off.get(gateway, 0)
    if movement.kind is Kind.RETURNED:
        stays_lost = min(max(0, movement.points - max(0, in_doubt)), given_up)
        back = movement.points - stays_lost
        after = replace(
            account,
            avail=account.avail + back,
            suspense={**account.suspense, gateway: in_doubt - back},
            written_off={**account.written_off, gateway: given_up - stays_lost},
        )
        return Settled(after)
    change = _SIGN[movement.kind] * movement.points
    recovered = min(max(0, -(in_doubt + change)), given_up)
    after = replace(
        account,
        balance=account.balance + change + recovered,
        suspense={**account.suspense, gateway: in_doubt + change + recovered},
        written_off={**account.written_off, gateway: given_up - recovered},
    )
    return Settled(after, recovered=recovered)
