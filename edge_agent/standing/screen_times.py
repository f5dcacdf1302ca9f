"""How long it took from a device's word to a screen: measured each time, journalled a few at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from cloud_bridge.contract import ScreenShownV1
from edge_agent.journal import Journal, JournalError, Transaction
from kiosk_ui.kiosk.session import KioskSession

FLUSH_EVERY_S = 15.0
WAITING_MAX = 200
"""Times kept between two flushes; in a rush the oldest are let go, the histogram has them all."""

_log = structlog.get_logger("show")


class ScreenTimes:
    """Collects ``regulars.screen.shown.v1``. One commit every 15 s, so that a tap does not cost two."""

    def __init__(self, journal: Journal, *, observe: Callable[[float], None]) -> None:
        self._journal = journal
        self._observe = observe
        self._waiting: deque[ScreenShownV1] = deque(maxlen=WAITING_MAX)

    def note(self, kiosk: KioskSession, latency_s: float) -> None:
        """What ``kiosk`` shows now was handed to it ``latency_s`` after its device told of it."""
        self._observe(latency_s)
        latency_us = max(0, round(latency_s * 1e6))
        self._waiting.append(ScreenShownV1(kiosk=kiosk.kiosk, screen=kiosk.screen.screen, latency_us=latency_us))

    async def keep(self) -> None:
        """Journal what was collected, every 15 s. Never returns."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Journal what was collected; a journal without room for telemetry is no fault here."""
        shown = tuple(self._waiting)
        self._waiting.clear()
        if not shown:
            return

        def record(tx: Transaction) -> None:
            for each in shown:
                tx.record(each)

        try:
            await self._journal.write(record)
        except JournalError as error:
            _log.info("show", problem="screen times not kept", why=error.problem)
