"""The vocabulary of a store day: one shopper's turn at the counter, step by step.

A turn is a value. Who performs it (:mod:`simulation.shop_floor`) waits for each step to take
effect before the next, as a person does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from devices.observations import CardUid, SaleCompleted


@dataclass(frozen=True, slots=True)
class TapCard:
    """Hold a card to the reader and wait for the kiosk."""

    card: CardUid


@dataclass(frozen=True, slots=True)
class ScanCode:
    """Hold a printed code or a phone to the scanner."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RingUp:
    """The till closes a receipt: a sale, or a refund when it names the sale it gives back."""

    receipt: SaleCompleted


@dataclass(frozen=True, slots=True)
class ClaimSale:
    """Touch "Yes, that was me" on the kiosk, if it asks about this sale."""

    sale_id: str


@dataclass(frozen=True, slots=True)
class PayWithPoints:
    """The till asks what the points take off this receipt, and closes it at that price."""

    receipt: SaleCompleted


@dataclass(frozen=True, slots=True)
class Join:
    """Fill in the form on the kiosk, where the card just shown is nobody's yet."""

    name: str
    language: str
    phone: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TakeReward:
    """Take the first reward that the kiosk offers for the points there are, if it offers any."""

    pin: str = field(repr=False)


Step = TapCard | ScanCode | RingUp | ClaimSale | PayWithPoints | Join | TakeReward


@dataclass(frozen=True, slots=True)
class Turn:
    """What one shopper does at counter ``counter`` (from 1), starting at ``at`` (the shop's own time)."""

    at: datetime
    steps: tuple[Step, ...]
    counter: int = 1


@dataclass(frozen=True, slots=True)
class SeedMember:
    """A member to enrol before the shop opens; ``code`` is what their phone shows, if they use one."""

    member: str
    name: str
    language: str
    card: CardUid
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StoreDay:
    """Everything the demo needs to know beforehand: who is a member, in which currency, which turns.

    ``turns`` come in the order of time and can be iterated again. ``strangers`` are cards that belong
    to nobody yet.
    """

    members: tuple[SeedMember, ...]
    strangers: tuple[CardUid, ...]
    currency: str
    turns: Iterable[Turn]


LULL_S_MAX = 15 * 60
"""The longest wait between two turns, in the shop's own time: closed hours and Sundays are skipped."""


def wait_s(previous: datetime, following: datetime) -> float:
    """Seconds of the shop's time between two turns, lulls cut short; 0 where a file goes back in time."""
    return min(max(0.0, (following - previous).total_seconds()), LULL_S_MAX)
