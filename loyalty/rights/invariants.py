"""What must hold at every instant, whatever the network, the disks and the clocks did: I1 to I6.

Each check takes a picture of the whole world, which only a test can have, and names what it finds broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loyalty.identifiers import GatewayId
from loyalty.rights.account import NO_LEASE, Account
from loyalty.rights.movements import Movement, MovementId
from loyalty.rights.standing import Standing
from loyalty.rights.wallet import Wallet


@dataclass(slots=True)
class Truth:
    """What really happened to one account, as somebody would know who stood in every store at once. Points."""

    opening: int
    earned: int = 0
    unearned: int = 0
    redeemed: int = 0
    restored: int = 0
    """Really given back: at most once for each point redeemed."""
    goodwill: int = 0

    def remaining(self) -> int:
        """What the member rightly has left."""
        return self.opening + self.earned + self.goodwill - self.unearned - self.redeemed + self.restored


def overspent(truth: Truth, account: Account, wallets: Iterable[Wallet]) -> str | None:
    """I1: what was redeemed, and what could be right now, is no more than was there and was earned.

    Purchases given back are left out: points they earned may have been spent before, which is debt, not overspending.
    """
    spent = truth.redeemed - truth.restored
    within_reach = account.avail
    for wallet in wallets:
        within_reach += wallet.rights
    if spent + within_reach > truth.opening + truth.earned + truth.goodwill:
        return f"I1: {spent} spent and {within_reach} in reach of {truth.opening + truth.earned + truth.goodwill}"
    return None


def unbalanced(account: Account, expected: int) -> str | None:
    """I2: available, leased and in suspense make up the balance, and the balance is what was posted."""
    total = account.avail + sum(account.suspense.values())
    for lease in account.leases.values():
        total += lease.held
    if total != account.balance or total != expected:
        return f"I2: {total} placed, balance {account.balance}, posted {expected}"
    return None


def negative(account: Account, wallets: Iterable[Wallet]) -> str | None:
    """I3: nothing available, nor any gateway's rights, below zero; no debt beside rights."""
    if account.avail < 0:
        return f"I3: {account.avail} available"
    for wallet in wallets:
        if wallet.rights < 0 or wallet.debt < 0 or (wallet.rights and wallet.debt):
            return f"I3: {wallet.rights} rights, {wallet.debt} debt at {wallet.gateway}"
    return None


def coupon_used_twice(truth: Truth) -> str | None:
    """I4: a coupon is used once at most, not counting uses that were undone."""
    used = truth.redeemed - truth.restored
    return f"I4: coupon used {used} times" if used > 1 else None


def disagreement(
    account: Account, wallets: Iterable[Wallet], standings: Mapping[GatewayId, Standing], unheard: Sequence[MovementId]
) -> Iterable[str]:
    """I5, with nothing on its way any more: the cloud knows all that living journals hold, and what each wallet has.

    ``unheard`` are facts in living journals that were never applied.
    """
    if unheard:
        yield f"I5: never applied: {', '.join(unheard)}"
    for wallet in wallets:
        if wallet.incarnation == standings[wallet.gateway].current:
            held = account.leases.get(wallet.gateway, NO_LEASE).held
            if held != wallet.rights - wallet.debt:
                yield f"I5: {wallet.gateway} has {wallet.rights} less {wallet.debt}, its lease says {held}"


def two_bodies(movements: Mapping[MovementId, Movement], replica: Movement) -> str | None:
    """I6: everything that bears one identifier is one and the same fact."""
    original = movements.get(replica.movement_id)
    return f"I6: {replica.movement_id} is {replica} and {original}" if replica != original else None
