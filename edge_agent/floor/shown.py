"""Showing the floor: the board to whoever looks at it, and shelf lights where somebody is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from devices.device import Signal
from edge_agent.floor.alerting import Lights
from edge_agent.floor.bell import Bell
from edge_agent.floor.findings import AlertKind
from edge_agent.shelves.planogram import PlannedSlot
from kiosk_ui.staff.board import AlertState, AlertView, Severity
from kiosk_ui.staff.board_stream import BoardParts, BoardStream

PUBLISH_EVERY_S_MIN = 0.25
PUBLISH_EVERY_S_MAX = 5.0

_STOCK = frozenset({AlertKind.LOW_STOCK.value, AlertKind.STOCK_OUT.value})
_CALLS = frozenset({AlertState.RAISED, AlertState.ESCALATED})
_STRENGTH = (Signal.OFF, Signal.ON, Signal.BLINK, Signal.ALARM)


async def publish_board(
    stream: BoardStream, floor: BoardParts, changed: Bell, *, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Show the board to whoever looks: on each change, at most 4 times a second, and what time alone changes."""
    news = changed.listener()
    while True:
        due_s = stream.show(floor)
        await sleep(PUBLISH_EVERY_S_MIN)
        wait_s = min(PUBLISH_EVERY_S_MAX, PUBLISH_EVERY_S_MAX if due_s is None else due_s) - PUBLISH_EVERY_S_MIN
        try:
            async with asyncio.timeout(max(0.0, wait_s)):
                await news.wait()
        except TimeoutError:
            continue


class ShelfLights:
    """Decides what each light and the buzzer show: a slot that is low blinks until somebody has taken it on."""

    def __init__(self, plan: Iterable[PlannedSlot], lights: Lights, *, buzzer: str = "") -> None:
        self._lights = lights
        self._light_of = {planned.slot: planned.light for planned in plan if planned.light}
        self._buzzer = buzzer
        self._shown: dict[str, Signal] = {}

    async def show(self, alerts: Iterable[AlertView]) -> None:
        """Show what follows from the alerts, where it differs from what is shown."""
        for indicator, signal in self.wanted(alerts).items():
            if self._shown.get(indicator) is not signal:
                await self._lights.show(indicator, signal)
                self._shown[indicator] = signal

    def wanted(self, alerts: Iterable[AlertView]) -> dict[str, Signal]:
        """What each indicator should show. Of several slots at one light, who wants most decides."""
        wanted = dict.fromkeys(self._light_of.values(), Signal.OFF)
        if self._buzzer:
            wanted[self._buzzer] = Signal.OFF
        for alert in alerts:
            light = self._light_of.get(alert.subject, "")
            if light and alert.kind in _STOCK:
                wanted[light] = max(wanted[light], _signal(alert), key=_STRENGTH.index)
            if self._buzzer and alert.severity is Severity.URGENT and alert.state in _CALLS:
                wanted[self._buzzer] = Signal.ALARM
        return wanted


def _signal(alert: AlertView) -> Signal:
    if alert.state in _CALLS:
        return Signal.BLINK
    return Signal.ON if alert.state is AlertState.ACKNOWLEDGED else Signal.OFF
