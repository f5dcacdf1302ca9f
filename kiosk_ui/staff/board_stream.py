"""The staff board's live stream: a part goes out when a reader would see a difference, and a large one less often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel

from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import (
    ALERTS_EVENT,
    BOARD_CHANNEL,
    SENSORS_EVENT,
    SLOTS_EVENT,
    BoardAlerts,
    BoardSensors,
    BoardSlots,
    SensorView,
    SlotView,
)

ROWS_PER_S_MAX = 200.0
"""Of one part: with so many sensors they go out once a second, 40 kB; a handful goes out as it comes."""
REPEAT_S = 60.0
"""A part goes out again after so long, whatever a page that was just opened may have missed."""
_MINUTE_S = 60


class BoardParts(Protocol):
    """Whoever can show the floor, part by part. Assembling a part costs; what is not due is not asked for."""

    def slots(self) -> BoardSlots:
        """Every slot as it is now."""
        ...

    def sensors(self) -> BoardSensors:
        """Every sensor as it is now."""
        ...

    def alerts(self) -> BoardAlerts:
        """What there is to do."""
        ...


class BoardStream:
    """Publishes on :data:`~kiosk_ui.staff.board.BOARD_CHANNEL`. ``monotonic`` is in seconds."""

    def __init__(self, hub: LiveHub, *, monotonic: Callable[[], float]) -> None:
        self._hub = hub
        self._monotonic = monotonic
        self._parts = {name: _Part(hub, name) for name in (SLOTS_EVENT, SENSORS_EVENT, ALERTS_EVENT)}

    def show(self, floor: BoardParts) -> float | None:
        """Publish what changed, if anybody looks; seconds until what was passed over is due, if anything was."""
        if not self._hub.readers(BOARD_CHANNEL):
            # A page that is opened later begins with what it shows itself.
            for part in self._parts.values():
                part.forget()
            return None
        now_s = self._monotonic()
        waits_s = []
        # Alerts come last: what they say of a slot is there already.
        for name, look in ((SLOTS_EVENT, _slots), (SENSORS_EVENT, _sensors), (ALERTS_EVENT, _alerts)):
            part = self._parts[name]
            if now_s < part.due_s:
                waits_s.append(part.due_s - now_s)
            else:
                part.show(*look(floor), now_s)
        return min(waits_s, default=None)


class _Part:
    """One part of the board: what readers have of it, and when it may go out again."""

    def __init__(self, hub: LiveHub, name: str) -> None:
        self._hub = hub
        self._name = name
        self.forget()

    def forget(self) -> None:
        self.due_s = self._said_s = -REPEAT_S
        self._said: object = None

    def show(self, view: BaseModel, seen: list[object], now_s: float) -> None:
        if seen == self._said and now_s - self._said_s < REPEAT_S:
            return
        self._hub.publish(self._name, view, channel=BOARD_CHANNEL)
        self._said, self._said_s = seen, now_s
        self.due_s = now_s + len(seen) / ROWS_PER_S_MAX


# Each part, and of its rows what a reader sees.


def _slots(floor: BoardParts) -> tuple[BaseModel, list[object]]:
    view = floor.slots()
    return view, [_slot_seen(slot) for slot in view.slots]


def _sensors(floor: BoardParts) -> tuple[BaseModel, list[object]]:
    view = floor.sensors()
    return view, [_sensor_seen(sensor) for sensor in view.sensors]


def _alerts(floor: BoardParts) -> tuple[BaseModel, list[object]]:
    view = floor.alerts()
    return view, [view.shift, view.is_quiet, *view.alerts]


def _slot_seen(slot: SlotView) -> object:
    # The board tells to the minute since when a number is known.
    return {**slot.__dict__, "as_of": slot.as_of and slot.as_of.replace(second=0, microsecond=0)}


def _sensor_seen(sensor: SensorView) -> object:
    # An age is shown where it is old, in whole minutes.
    minutes = int((sensor.age_s or 0.0) // _MINUTE_S) if sensor.is_stale else None
    return {**sensor.__dict__, "age_s": minutes}
