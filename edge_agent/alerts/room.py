"""The alerts of a gateway, assembled: engine, desk and pushes over one journal."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from edge_agent.alerts.board_desk import AlertBoardDesk, BoardTools
from edge_agent.alerts.engine import Alerts
from edge_agent.alerts.messages import Wordings
from edge_agent.alerts.pusher import Pusher, PusherTools, Sender
from edge_agent.alerts.sender import ChildSender
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.bell import Bell
from edge_agent.journal import Journal, Reader
from edge_agent.journal.floor.alerts import KeptAlert, PushOutcome
from kiosk_ui.staff.board import ActResult, Board, CountAct


@dataclass(frozen=True, slots=True)
class AlertTools:
    """What the room works with. ``timezone`` is the store's."""

    journal: Journal
    timezone: str
    now: Callable[[], datetime]
    chance: random.Random
    sender: Sender | None = None
    """``None``: through Apprise, in a process of its own."""


class ShownFloor(Protocol):
    """The floor as the board needs it."""

    changed: Bell

    def board(self) -> Board:
        """The floor as it is now."""
        ...

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Somebody counted a slot."""
        ...


class AlertRoom(Collector):
    """Made before the journal is read; :meth:`load` is what the floor begins with. Its figures are for ``/metrics``."""

    def __init__(self, settings: AlertSettings, tools: AlertTools) -> None:
        self._settings = settings
        self._tools = tools
        self.engine = Alerts(settings, timezone=tools.timezone)
        """Empty until :meth:`load`."""
        self._outcomes: Counter[tuple[str, PushOutcome]] = Counter()

    def load(self, reader: Reader) -> Alerts:
        """The engine as the journal has it."""
        self.engine = Alerts.load(reader, self._settings, timezone=self._tools.timezone)
        return self.engine

    async def push(self) -> None:
        """Send messages until cancelled; after :meth:`load`."""
        if not self._settings.destinations and not await self._tools.journal.read(Reader.push_destinations):
            # Nobody to tell: the words are not even read.
            await asyncio.Event().wait()
        tools = PusherTools(
            journal=self._tools.journal,
            sender=self._tools.sender or ChildSender(),
            wordings=Wordings(zone=ZoneInfo(self._tools.timezone), board_url=self._settings.board_url),
            now=self._tools.now,
            current=self._current,
            held=lambda destination: self.engine.held_for(destination, self._tools.now()),
            chance=self._tools.chance,
        )
        pusher = Pusher(self._settings, tools, self.engine.queued)
        self._outcomes = pusher.outcomes
        await pusher.run()

    def desk(self, floor: ShownFloor) -> AlertBoardDesk:
        """What staff work with at the board."""
        tools = BoardTools(
            journal=self._tools.journal,
            alerts=lambda: self.engine,
            board=floor.board,
            count=floor.count,
            show=floor.changed.ring,
            now=self._tools.now,
        )
        return AlertBoardDesk(tools)

    def collect(self) -> Iterator[Metric]:
        """Open alerts by kind, and what became of messages."""
        raised = GaugeMetricFamily("regulars_alerts_open", "Open alerts, by kind", labels=["kind"])
        for kind, count in self.engine.open_by_kind().items():
            raised.add_metric([kind.value], count)
        pushes = CounterMetricFamily(
            "regulars_alert_pushes", "Messages settled since the start", labels=["destination", "outcome"]
        )
        for (destination, outcome), count in self._outcomes.items():
            pushes.add_metric([destination, outcome.value], count)
        unraised = GaugeMetricFamily(
            "regulars_alerts_unraised", "Not raised, as too many are open", value=self.engine.unraised
        )
        return iter((raised, unraised, pushes))

    def _current(self, alert_id: str) -> KeptAlert | None:
        return self.engine.named(alert_id)
