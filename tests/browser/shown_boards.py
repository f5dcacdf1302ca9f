"""Boards for open pages: all three parts of the stream at once, as the gateway sends them when all have changed."""

from __future__ import annotations

from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import (
    ALERTS_EVENT,
    BOARD_CHANNEL,
    SENSORS_EVENT,
    SLOTS_EVENT,
    Board,
    BoardAlerts,
    BoardSensors,
    BoardSlots,
)


def publish_whole(hub: LiveHub, board: Board) -> None:
    """Show it to whoever looks, and keep it for whoever comes back."""
    at, shift, is_quiet = board.at, board.shift, board.is_quiet
    for event, part in (
        (SLOTS_EVENT, BoardSlots(at=at, slots=board.slots)),
        (SENSORS_EVENT, BoardSensors(at=at, sensors=board.sensors)),
        (ALERTS_EVENT, BoardAlerts(at=at, alerts=board.alerts, shift=shift, is_quiet=is_quiet)),
    ):
        hub.publish(event, part, channel=BOARD_CHANNEL)
