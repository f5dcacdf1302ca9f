"""The floor as staff see it, made of what is known: nothing here decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from edge_agent.floor.alerting import Alerts
from edge_agent.floor.sensors import Sensor, Sensors
from edge_agent.floor.stock_findings import state_of
from edge_agent.shelves.shelves import Shelves, SlotNow
from edge_agent.shelves.stock import Note
from kiosk_ui.staff.board import (
    ALERTS_SHOWN_MAX,
    SENSORS_SHOWN_MAX,
    SLOTS_SHOWN_MAX,
    Board,
    BoardAlerts,
    BoardSensors,
    BoardSlots,
    SensorView,
    SlotView,
)


@dataclass(frozen=True, slots=True)
class FloorView:
    """Shows the floor as it is at this moment, whole or in parts. ``alerts_of`` and ``shelves_of`` ask for what is."""

    store_name: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    alerts_of: Callable[[], Alerts]
    shelves_of: Callable[[], Shelves]
    heard: Sensors

    def board(self) -> Board:
        """Everything."""
        parts = (self.slots(), self.sensors(), self.alerts())
        return Board(store_name=self.store_name, **{name: value for part in parts for name, value in part})

    def alerts(self) -> BoardAlerts:
        """What there is to do."""
        now, alerts = self.now(), self.alerts_of()
        return BoardAlerts(
            at=now, alerts=alerts.views()[:ALERTS_SHOWN_MAX], shift=alerts.shift(now), is_quiet=alerts.is_quiet(now)
        )

    def slots(self) -> BoardSlots:
        """Every slot."""
        now, now_s, shelves = self.now(), self.monotonic(), self.shelves_of()
        shown = islice(shelves.plan, SLOTS_SHOWN_MAX)
        return BoardSlots(at=now, slots=tuple(slot_view(shelves.now(slot, now, now_s)) for slot in shown))

    def sensors(self) -> BoardSensors:
        """Every sensor."""
        now_s, shown = self.monotonic(), self.heard.all()[:SENSORS_SHOWN_MAX]
        return BoardSensors(at=self.now(), sensors=tuple(sensor_view(sensor, now_s) for sensor in shown))


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
