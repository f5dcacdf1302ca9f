"""The rules a history is played by: production functions, each replaceable, so that a wrong one can be found out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Protocol

from loyalty.identifiers import GatewayId
from loyalty.rights import account, sizing, standing, wallet
from loyalty.rights.account import Account, Compensated, Granted, GrantRequest, Settled
from loyalty.rights.losses import LossAccount
from loyalty.rights.movements import Grant, GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.sizing import SizingPolicy
from loyalty.rights.standing import Greeting, Standing
from loyalty.rights.wallet import Moved, Redemption, Wallet

Move = Callable[[Wallet, MovementId, int], Moved | Refusal]


class Grants(Protocol):
    """:func:`loyalty.rights.account.grant`."""

    def __call__(
        self, account: Account, request: GrantRequest, /, *, standing: Standing, known: Container[GrantId] = ...
    ) -> Granted | Refusal: ...


class Settles(Protocol):
    """:func:`loyalty.rights.account.settle`."""

    def __call__(
        self, account: Account, movement: Movement, /, *, standing: Standing, known: Container[MovementId]
    ) -> Settled | Refusal: ...


class Sizes(Protocol):
    """:func:`loyalty.rights.sizing.grant_size`."""

    def __call__(
        self, account: Account, gateway: GatewayId, /, *, home: GatewayId | None, policy: SizingPolicy
    ) -> int: ...


def nothing_lapses(untouched: Account, _days: int) -> Account:
    """What the passing of days does to leases: nothing. Only the gateway ends a lease."""
    return untouched


class Credits(Protocol):
    """:func:`loyalty.rights.account.credit`."""

    def __call__(
        self, account: Account, movement: Movement, /, *, in_doubt: bool, known: Container[MovementId]
    ) -> Settled | Refusal: ...


def boot(before: Wallet, is_proven: bool) -> Wallet:  # noqa: FBT001 - a rule has plain arguments
    """A gateway starts. Only a witness on other storage can prove that its disk has forgotten no redemption."""
    return replace(before, frozen=before.frozen or not is_proven, reserved={})


WITNESSED = frozenset({Kind.REDEEMED, Kind.RETURNED, Kind.RESTORED})
"""Facts that a disk must not forget: it would hold rights which are gone, or undo a redemption twice."""


def earns_rights(sold_in_this_life: bool) -> bool:  # noqa: FBT001 - a rule has plain arguments
    """Whether a receipt makes rights where it is posted: not one that an earlier life may have credited already."""
    return sold_in_this_life


@dataclass(frozen=True)
class Rules:
    """Every rule of the protocol under its production implementation."""

    accept_grant: Callable[[Wallet, Grant], Wallet | Refusal] = wallet.accept_grant
    earn: Move = wallet.earn
    unearn: Move = wallet.unearn
    redeem: Move = wallet.redeem
    reserve: Callable[[Wallet, str, int], Wallet | Refusal] = wallet.reserve
    commit: Callable[[Wallet, str, MovementId], Moved | Refusal] = wallet.commit
    release: Callable[[Wallet, str], Wallet | Refusal] = wallet.release
    restore: Callable[[Wallet, Redemption | None, MovementId, int], Moved | Refusal] = wallet.restore
    give_back: Move = wallet.give_back
    begin_incarnation: Callable[[Wallet, Incarnation], Wallet] = wallet.begin_incarnation
    welcome: Callable[[Wallet, Incarnation], Wallet | Refusal] = wallet.welcome
    supersede: Callable[[Wallet, Incarnation], Wallet | Refusal] = wallet.supersede
    grant: Grants = account.grant
    settle: Settles = account.settle
    credit: Credits = account.credit
    unissue: Callable[[Account, int], Account | Refusal] = account.unissue
    is_answer: Callable[[int, int], bool] = operator.eq
    """Whether a welcome given to one start of a gateway answers another."""
    is_witnessed: Callable[[Kind], bool] = WITNESSED.__contains__
    earns_rights: Callable[[bool], bool] = earns_rights
    boot: Callable[[Wallet, bool], Wallet] = boot
    withdraw: Callable[[Account, GatewayId], Account] = account.withdraw
    write_off: Callable[[Account, LossAccount, GatewayId, int], Compensated | Refusal] = account.write_off
    goodwill: Callable[[Account, LossAccount, int], Compensated | Refusal] = account.goodwill
    greet: Callable[[Standing, Incarnation], Greeting] = standing.greet
    revoke: Callable[[Standing], Standing] = standing.revoke
    grant_size: Sizes = sizing.grant_size
    lapse: Callable[[Account, int], Account] = nothing_lapses


PRODUCTION = Rules()
