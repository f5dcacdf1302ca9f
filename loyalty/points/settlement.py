"""What a sale comes to when it was given back in more than its own store.

Each store takes back and restores by what it saw. From the total given back everywhere, clamped to the receipt, follows
what the sale is worth; the cloud posts the difference to what the stores have posted. Whatever the order in which their
facts arrive, the sum ends the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.decide import points_kept
from loyalty.programme import Programme


@dataclass(frozen=True, slots=True)
class SaleSum:
    """One sale as all stores told of it so far: minor units and points, all ≥ 0."""

    total_minor: int
    refunded_minor: int
    earned: int = 0
    taken_back: int = 0
    redeemed: int = 0
    restored: int = 0


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is missing.

    ``take_back`` points more than were taken, or (below zero) to be given again. ``restored`` is how much of what the
    sale redeemed shall be restored in all; only the gateway that redeemed can do it.
    """

    take_back: int
    restored: int


def outstanding(programme: Programme, sale: SaleSum) -> Outstanding:
    """The difference between what a sale is worth after all its refunds and what was posted."""
    total = sale.total_minor
    refunded = min(total, sale.refunded_minor)
    kept = points_kept(programme, earned=sale.earned, total_minor=total, left_minor=total - refunded)
    # A sale paid wholly with points has no money to divide by: any refund of it is a full one.
    part = sale.redeemed * refunded // total if total else sale.redeemed
    return Outstanding(sale.earned - kept - sale.taken_back, part)
