"""The floor as staff see it, made of what is known: nothing here decides."""

from __future__ import annotations

from edge_agent.floor.sensors import Sensor
from edge_agent.floor.stock_findings import state_of
from edge_agent.shelves.shelves import SlotNow
from edge_agent.shelves.stock import Note
from kiosk_ui.staff.board import SensorView, SlotView


def slot_view(slot: SlotNow) -> SlotView:
    """One slot."""
    planned, stock = slot.planned, slot.stock
    return SlotView(
        slot=planned.slot,
        sku=planned.sku,
        name_zh=planned.name_zh,
        name_en=planned.name_en,
        zone=planned.zone,
        units=stock.units,
        capacity=planned.capacity,
        reorder_at=planned.reorder_at,
        confidence=slot.confidence,
        state=state_of(slot),
        sources=tuple(source.value for source in stock.sources),
        note=(Note.STALE if slot.note is Note.NONE and planned.scale and not slot.is_live else slot.note).value,
        as_of=stock.as_of,
    )


def sensor_view(sensor: Sensor, now_s: float) -> SensorView:
    """One sensor."""
    age_s, last = sensor.age_s(now_s), sensor.last
    return SensorView(
        sensor=sensor.id,
        device=sensor.device,
        name=sensor.found.name if sensor.found else "",
        measure=sensor.measure,
        value=last.value if last else None,
        unit="" if last is not None and last.is_raw else sensor.measure.unit,
        state=sensor.state,
        reason=sensor.reason,
        age_s=None if age_s is None else round(age_s, 1),
        is_stale=sensor.is_stale(now_s),
    )
