"""How much a gateway is leased: the home store first, whenever the member is seen there or anywhere online."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.identifiers import GatewayId
from loyalty.rights.account import NO_LEASE, Account, owed


@dataclass(frozen=True, slots=True)
class SizingPolicy:
    """The home store is leased all that is free; a store visited, ``visitor_percent`` of it, rounded up.

    ``visitor_points_max`` is the most a visited store shall hold. Both bound what a member misses at home while
    another store is cut off; neither is needed for safety.
    """

    visitor_percent: int = 50
    visitor_points_max: int = 10_000

    def __post_init__(self) -> None:
        if not 0 <= self.visitor_percent <= 100:
            raise ValueError(f"visitor_percent is {self.visitor_percent}: write a whole number from 0 to 100")
        if self.visitor_points_max < 0:
            raise ValueError(f"visitor_points_max is {self.visitor_points_max}: write 0 or more")


def grant_size(account: Account, gateway: GatewayId, *, home: GatewayId | None, policy: SizingPolicy) -> int:
    """Points to lease to ``gateway`` now; 0 for none. Total, and never more than is available.

    A debt made at ``gateway`` is paid by the grant itself. Debts made elsewhere keep as many points back: they are paid
    by later earning, not spent a second time. A member without a home is at home wherever they are seen.
    """
    held = account.leases.get(gateway, NO_LEASE).held
    repaid = min(account.avail, max(0, -held))
    free = max(0, account.avail - repaid - owed(account, besides=gateway))
    if home is None or gateway == home:
        return repaid + free
    share = -(-free * policy.visitor_percent // 100)
    return repaid + min(share, max(0, policy.visitor_points_max - max(0, held)))
