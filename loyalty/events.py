"""What happened, in the words of the business. Only ``edge_agent`` translates what hardware saw into these."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.identifiers import EventId, MemberId, SaleId, StoreId


@dataclass(frozen=True, slots=True)
class Purchase:
    """A receipt paid in one store, attributed to a member. Amounts in minor units."""

    event: EventId
    store: StoreId
    sale: SaleId
    currency: str
    total_minor: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket: the price of all its pieces together, in minor units (≥ 0)."""

    sku: str
    amount_minor: int
    category: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Refund:
    """Goods of an earlier sale given back: ``refunded_minor`` (> 0) of it returned to the customer."""

    event: EventId
    store: StoreId
    sale: SaleId
    currency: str
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class PurchaseStanding:
    """What the ledger says of one purchase so far: the ground on which a refund is decided."""

    member: MemberId | None
    """``None`` for a purchase nobody claimed."""
    total_minor: int
    refunded_minor: int
    """Given back before the refund now decided."""
    points: int
    """Points still standing: accrued less reversed."""


@dataclass(frozen=True, slots=True)
class OwnSale:
    """What a store's own book says of a sale made in it: the ground on which it decides a refund under all terms."""

    member: MemberId | None
    """``None`` for a sale nobody claimed."""
    total_minor: int
    refunded_minor: int = 0
    """Given back before the refund now decided."""
    earned: int = 0
    """Points of all its accruals, when they were granted."""
    taken_back: int = 0
    pending: int = 0
    """Of those earned and not taken back, points that are not available yet."""
    redeemed: int = 0
    restored: int = 0
