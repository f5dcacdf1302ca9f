"""Where decisions are made: one store, its counters, its calendar, and how long people are waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from edge_agent.counters import Counters
from loyalty.calendar import business_date
from loyalty.identifiers import StoreId

AWAITS_LINK = "link"
AWAITS_SALE = "sale"
AWAITS_PROGRAMME = "programme"
AWAITS_HEAD_OFFICE = "head office"
"""For a refund of another store's sale: told to the cloud, never decided here."""
SETTLE_MAX = 1_000
"""Deferred facts decided for one link or sale; more than one person ever leaves behind."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How long a tap waits for its sale, and a sale for its tap."""

    visit: timedelta = timedelta(seconds=300)
    claim: timedelta = timedelta(seconds=120)
    quote: timedelta = timedelta(seconds=600)
    """How long a quote holds what it redeems."""


@dataclass(frozen=True, slots=True)
class Shop:
    """One store. ``medium_key`` is the tenant's; ``timezone`` (IANA) says what day it is here."""

    store: StoreId
    counters: Counters
    medium_key: bytes = field(repr=False)
    timezone: str = "UTC"
    windows: Windows = Windows()
    pin_above_points: int = 0
    """Above so many points, whoever shows a card that can be copied needs their PIN to redeem them."""
    articles: frozenset[str] = frozenset()
    """What stands on this store's shelves by its planogram: their sales are counted, for the stock."""

    def day(self, at: datetime) -> date:
        """The store's business date at an instant."""
        return business_date(at, self.timezone)
