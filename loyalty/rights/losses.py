"""What the merchant bears when a gateway is gone for good, and how much at most."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.rights.movements import Refusal


@dataclass(frozen=True, slots=True)
class LossAccount:
    """The merchant's account for lost gateways, over all members.

    ``cap`` limits each side for itself: points given up (``written_off``, less what turned out to be spent) and points
    given away (``goodwill``). So no more than ``cap`` points can ever be spent twice, whatever the gateways still tell.
    """

    cap: int
    written_off: int = 0
    goodwill: int = 0


def charge(losses: LossAccount, points: int) -> LossAccount | Refusal:
    """Give up points in suspense."""
    if losses.written_off + points > losses.cap:
        return Refusal.OVER_THE_CAP
    return LossAccount(losses.cap, losses.written_off + points, losses.goodwill)


def show_goodwill(losses: LossAccount, points: int) -> LossAccount | Refusal:
    """Give a member points for those that nobody can account for."""
    if losses.goodwill + points > losses.cap:
        return Refusal.OVER_THE_CAP
    return LossAccount(losses.cap, losses.written_off, losses.goodwill + points)


def recover(losses: LossAccount, points: int) -> LossAccount:
    """Points given up turn out to have been spent by the member: they were no loss."""
    return LossAccount(losses.cap, losses.written_off - points, losses.goodwill)
