"""What one walk over the floor found to be journalled: written in one transaction, believed once that is durable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from cloud_bridge.floor_contract import ClimateMeasuredV1, StockChangedV1, StockDiscrepancyV1
from devices.readings import Measure
from edge_agent.floor.alerting import Steps
from edge_agent.floor.findings import Finding
from edge_agent.floor.watch.contacts import Contact, event_of
from edge_agent.journal import Transaction
from edge_agent.shelves.shelves import ShelfStep, Told

UNITS_MAX = 1_000_000
"""What the contract can carry."""


@dataclass(slots=True)
class Work:
    """Changes of the shelves, of contacts, of the climate, and what follows for the alerts."""

    shelf: ShelfStep = field(default_factory=ShelfStep)
    contacts: dict[tuple[str, Measure], Contact] = field(default_factory=dict)
    climate: dict[tuple[str, Measure], ClimateMeasuredV1] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    steps: Steps | None = None
    clock_moved: timedelta = timedelta()
    """By how much the clock was set: messages that wait are no older for it."""

    def __bool__(self) -> bool:
        """Whether anything must be written."""
        return bool(self.shelf or self.contacts or self.climate or self.steps or self.clock_moved)

    def write(self, tx: Transaction) -> None:
        """Rows, events, alerts. Touches nothing but the transaction: it may be run a second time."""
        for stock in self.shelf.stocks.values():
            tx.keep_stock(stock)
        for basket in self.shelf.baskets.values():
            tx.keep_basket(basket)
        for told in self.shelf.told:
            tx.record(_changed(told))
        for sku, one in self.shelf.discrepancies:
            tx.record(
                StockDiscrepancyV1(
                    discrepancy=tx.draw_id(), sku=sku, kind=one.kind.value, units=one.units, slot=one.slot or None
                )
            )
        for key, contact in self.contacts.items():
            tx.record(event_of(key, contact))
        for measured in self.climate.values():
            tx.record(measured)
        if self.clock_moved:
            # Before new ones are queued.
            tx.move_pushes(self.clock_moved)
        if self.steps:
            self.steps.write(tx)


def _changed(told: Told) -> StockChangedV1:
    stock = told.stock
    return StockChangedV1(
        slot=stock.slot,
        sku=stock.sku,
        units=min(UNITS_MAX, stock.units or 0),
        delta=max(-UNITS_MAX, min(UNITS_MAX, told.delta)),
        capacity=told.planned.capacity,
        confidence=told.confidence,
        cause=stock.cause.value,
        name_zh=told.planned.name_zh,
        name_en=told.planned.name_en,
    )
