"""The rules a history is played by: production functions, each replaceable, so that a wrong one can be found out."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol

from loyalty.identifiers import GatewayId
from loyalty.rights import account, sizing, standing, wallet
from loyalty.rights.account import Account, Compensated, Granted, GrantRequest, Settled
from loyalty.rights.losses import LossAccount
from loyalty.rights.movements import Grant, GrantId, Incarnation, Movement, MovementId, Refusal
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
    withdraw: Callable[[Account, GatewayId], Account] = account.withdraw
    write_off: Callable[[Account, LossAccount, GatewayId, int], Compensated | Refusal] = account.write_off
    goodwill: Callable[[Account, LossAccount, int], Compensated | Refusal] = account.goodwill
    greet: Callable[[Standing, Incarnation], Greeting] = standing.greet
    revoke: Callable[[Standing], Standing] = standing.revoke
    grant_size: Sizes = sizing.grant_size
    lapse: Callable[[Account, int], Account] = nothing_lapses


PRODUCTION = Rules()
