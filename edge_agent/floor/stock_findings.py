"""What is the case with one slot, for the alerts: between two thresholds nothing is said, so nothing flaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.shelves.baskets import Disagreement, Discrepancy
from edge_agent.shelves.planogram import PlannedSlot
from edge_agent.shelves.shelves import SlotNow
from edge_agent.shelves.stock import Note
from kiosk_ui.staff.board import StockState

_ALERT_OF = {Disagreement.MISSING: AlertKind.MISSING, Disagreement.PHANTOM: AlertKind.PHANTOM}


def state_of(slot: SlotNow) -> StockState:
    """How a slot stands against its plan."""
    if slot.units is None or not slot.is_sure:
        return StockState.UNKNOWN
    if slot.units == 0:
        return StockState.OUT
    if slot.units > slot.planned.capacity:
        return StockState.OVER
    return StockState.LOW if slot.units <= slot.planned.reorder_at else StockState.OK


def findings_of(slot: SlotNow, *, margin: int) -> Iterator[Finding]:
    """What holds of a slot. ``margin``: units above ``reorder_at`` from which it is low no more."""
    planned, units = slot.planned, slot.units
    facts = facts_of(planned)
    if units is not None:
        facts["units"] = units
    enough = min(planned.reorder_at + 1 + margin, planned.capacity)
    for kind, holds in (
        (AlertKind.STOCK_OUT, _below(slot, bad=0, good=min(2, planned.capacity))),
        (AlertKind.LOW_STOCK, _below(slot, bad=planned.reorder_at, good=enough)),
        (AlertKind.OVERSTOCK, _over(slot)),
        (AlertKind.WRONG_ITEM, _wrong(slot)),
    ):
        yield Finding(kind, planned.slot, holds, facts)


def finding_of(planned: PlannedSlot, told: Discrepancy, *, still_missing: int) -> Finding | None:
    """What a discrepancy means for staff. ``still_missing``: units called missing lately and not sold since."""
    facts = facts_of(planned)
    if told.kind is Disagreement.FOUND:
        if still_missing:
            return None
        return Finding(AlertKind.MISSING, planned.slot, Holds.NO, facts)
    units = still_missing if told.kind is Disagreement.MISSING else told.units
    return Finding(_ALERT_OF[told.kind], planned.slot, Holds.YES, {**facts, "units": units})


def recounted(planned: PlannedSlot) -> tuple[Finding, Finding]:
    """Somebody counted: what was missing or too much is settled."""
    facts = facts_of(planned)
    return (
        Finding(AlertKind.MISSING, planned.slot, Holds.NO, facts),
        Finding(AlertKind.PHANTOM, planned.slot, Holds.NO, facts),
    )


def facts_of(planned: PlannedSlot) -> dict[str, str | int]:
    """What is always said of a slot."""
    return {
        "name_zh": planned.name_zh,
        "name_en": planned.name_en,
        "sku": planned.sku,
        "zone": planned.zone,
        "capacity": planned.capacity,
        "reorder_at": planned.reorder_at,
    }


class SaidOfSlots:
    """What the alerts were told of each slot last, so that only changes are told."""

    def __init__(self) -> None:
        self._said: dict[str, Mapping[AlertKind, Finding]] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        """How a slot stood when there was nothing new to say of it: looked at every tick, it mostly stands so still."""

    def news(self, slot: SlotNow, *, margin: int) -> list[Finding]:
        """Findings that differ from what was said; they count as said once :meth:`said` is called."""
        name, stands = slot.planned.slot, (slot.units, slot.is_sure, slot.note)
        if self._told.get(name) == stands:
            return []
        before = self._said.get(name, {})
        news = [finding for finding in findings_of(slot, margin=margin) if before.get(finding.kind) != finding]
        if not news:
            self._told[name] = stands
        return news

    def said(self, findings: list[Finding]) -> None:
        """The alerts were told."""
        for finding in findings:
            self._told.pop(finding.subject, None)
            self._said[finding.subject] = {**self._said.get(finding.subject, {}), finding.kind: finding}


def _below(slot: SlotNow, *, bad: int, good: int) -> Holds:
    """Low at ``bad`` or fewer, well at ``good`` or more."""
    if slot.units is None or not slot.is_sure:
        return Holds.UNSURE
    if slot.units <= bad and (bad or slot.units == 0):
        return Holds.YES
    return Holds.NO if slot.units >= good else Holds.UNSURE


def _over(slot: SlotNow) -> Holds:
    if slot.units is None or not slot.is_sure:
        return Holds.UNSURE
    return Holds.YES if slot.units > slot.planned.capacity else Holds.NO


def _wrong(slot: SlotNow) -> Holds:
    if slot.note is Note.WRONG_ITEM:
        return Holds.YES
    return Holds.NO if slot.note is Note.NONE and slot.planned.scale and slot.units is not None else Holds.UNSURE
