"""The gateway's side: what one member can use here and now, without asking anybody.

Every function takes a wallet and gives the next one, with the fact to be recorded in the same transaction, or a
refusal. An identifier is used once: recognising a repeated request is the work of whoever keeps the movements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loyalty.identifiers import GatewayId
from loyalty.rights.movements import Grant, Incarnation, Kind, Movement, MovementId, Refusal, whole

RESERVATIONS_MAX = 16
"""Open reservations of one member at one gateway: more kiosks than a store has."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """One account at one gateway.

    ``rights`` and ``debt`` are never both above zero: whatever arrives pays the debt first. ``granted`` is the total of
    grants taken in this incarnation. A ``frozen`` wallet only earns.
    """

    gateway: GatewayId
    incarnation: Incarnation
    frozen: bool = True
    rights: int = 0
    debt: int = 0
    granted: int = 0
    reserved: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption as its gateway keeps it: the ground on which it can be undone."""

    movement_id: MovementId
    incarnation: Incarnation
    points: int
    restored: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """The wallet afterwards, and the fact that goes to the cloud."""

    wallet: Wallet
    movement: Movement


def spendable(wallet: Wallet) -> int:
    """Points a new redemption may use now: "you can use 120 of 480 here"."""
    return 0 if wallet.frozen else _unreserved(wallet)


def accept_grant(wallet: Wallet, grant: Grant) -> Wallet | Refusal:
    """Take a lease. A grant counts once, however often and in whatever order it is heard."""
    if grant.gateway != wallet.gateway:
        return Refusal.OTHER_GATEWAY
    if grant.incarnation != wallet.incarnation:
        return Refusal.OTHER_INCARNATION
    if grant.total <= wallet.granted:
        return Refusal.DUPLICATE
    taken = _receive(wallet, grant.total - wallet.granted)
    return replace(taken, granted=grant.total)


def earn(wallet: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    """Credit what a purchase earned: always, frozen or not. A debt is paid first, the rest are rights here."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    return Moved(_receive(wallet, points), _fact(wallet, Kind.EARNED, movement_id, points))


def unearn(wallet: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    """Take back what a returned purchase earned: always. What has been spent meanwhile becomes debt."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    taken = min(wallet.rights, points)
    poorer = replace(wallet, rights=wallet.rights - taken, debt=wallet.debt + points - taken)
    return Moved(poorer, _fact(wallet, Kind.UNEARNED, movement_id, points))


def redeem(wallet: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    """Spend rights that nobody reserved, unless frozen."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    if wallet.frozen:
        return Refusal.FROZEN
    if _unreserved(wallet) < points:
        return Refusal.NOT_ENOUGH_RIGHTS
    poorer = replace(wallet, rights=wallet.rights - points)
    return Moved(poorer, _fact(wallet, Kind.REDEEMED, movement_id, points))


def reserve(wallet: Wallet, session: str, points: int) -> Wallet | Refusal:
    """Hold rights for a kiosk session or an open receipt until it commits or is abandoned."""
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    if wallet.frozen:
        return Refusal.FROZEN
    if session in wallet.reserved:
        return Refusal.DUPLICATE
    if len(wallet.reserved) >= RESERVATIONS_MAX:
        return Refusal.RESERVATIONS_FULL
    if _unreserved(wallet) < points:
        return Refusal.NOT_ENOUGH_RIGHTS
    return replace(wallet, reserved={**wallet.reserved, session: points})


def commit(wallet: Wallet, session: str, movement_id: MovementId) -> Moved | Refusal:
    """Redeem what a session reserved. Refused where a returned purchase has taken the rights meanwhile."""
    points = wallet.reserved.get(session)
    if points is None:
        return Refusal.NO_SUCH_RESERVATION
    if wallet.frozen:
        return Refusal.FROZEN
    if wallet.rights < points:
        return Refusal.NOT_ENOUGH_RIGHTS
    poorer = replace(wallet, rights=wallet.rights - points, reserved=_without(wallet, session))
    return Moved(poorer, _fact(wallet, Kind.REDEEMED, movement_id, points))


def release(wallet: Wallet, session: str) -> Wallet | Refusal:
    """End a session without redeeming."""
    if session not in wallet.reserved:
        return Refusal.NO_SUCH_RESERVATION
    return replace(wallet, reserved=_without(wallet, session))


def restore(wallet: Wallet, redemption: Redemption | None, movement_id: MovementId, points: int) -> Moved | Refusal:
    """Undo ``points`` of a redemption, where and in the incarnation in which it was made.

    ``redemption`` is ``None`` where this gateway does not know it. Elsewhere, and after a restore, nobody can know
    whether it has been undone already; then the cloud asks the gateway that made it, or the operator shows goodwill.
    Nor can a frozen wallet: its disk may have forgotten that it was undone.
    """
    if not whole(points):
        return Refusal.NOT_A_NUMBER_OF_POINTS
    if redemption is None or redemption.incarnation != wallet.incarnation:
        return Refusal.MADE_ELSEWHERE
    if redemption.restored + points > redemption.points:
        return Refusal.ALREADY_RESTORED
    if wallet.frozen:
        return Refusal.FROZEN
    fact = _fact(wallet, Kind.RESTORED, movement_id, points, original=redemption.movement_id)
    return Moved(_receive(wallet, points), fact)


def give_back(wallet: Wallet, movement_id: MovementId, points: int) -> Moved | Refusal:
    """End the lease of up to ``points`` rights that nobody reserved.

    Allowed while frozen, to answer the cloud that says it is superseded or revoked; not unasked, before the cloud was
    heard: a disk that has forgotten a redemption would give back what was spent.
    """
    points = min(points, _unreserved(wallet))
    if not whole(points):
        return Refusal.NOT_ENOUGH_RIGHTS
    return Moved(replace(wallet, rights=wallet.rights - points), _fact(wallet, Kind.RETURNED, movement_id, points))


def begin_incarnation(wallet: Wallet, incarnation: Incarnation) -> Wallet:
    """After a restore or a copy: frozen and empty.

    What the old incarnation held may have been spent after the copy was taken. Its rights and debts stay with the
    cloud, in suspense.
    """
    return Wallet(wallet.gateway, incarnation)


def welcome(wallet: Wallet, incarnation: Incarnation) -> Wallet | Refusal:
    """The cloud has greeted this incarnation: thaw."""
    if incarnation != wallet.incarnation:
        return Refusal.OTHER_INCARNATION
    return replace(wallet, frozen=False) if wallet.frozen else wallet


def supersede(wallet: Wallet, incarnation: Incarnation) -> Wallet | Refusal:
    """The cloud no longer deals with this incarnation: freeze, end all sessions; then :func:`give_back` everything."""
    if incarnation != wallet.incarnation:
        return Refusal.OTHER_INCARNATION
    return wallet if wallet.frozen and not wallet.reserved else replace(wallet, frozen=True, reserved={})


def _unreserved(wallet: Wallet) -> int:
    return max(0, wallet.rights - sum(wallet.reserved.values())) if wallet.reserved else wallet.rights


def _receive(wallet: Wallet, points: int) -> Wallet:
    paid = min(wallet.debt, points)
    return replace(wallet, rights=wallet.rights + points - paid, debt=wallet.debt - paid)


def _without(wallet: Wallet, session: str) -> dict[str, int]:
    return {other: points for other, points in wallet.reserved.items() if other != session}


def _fact(
    wallet: Wallet, kind: Kind, movement_id: MovementId, points: int, *, original: MovementId | None = None
) -> Movement:
    return Movement(movement_id, kind, wallet.gateway, wallet.incarnation, points, original)
