"""The alerts of a gateway, assembled: engine, desk and pushes over one journal."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.alerts.engine import Alerts
from edge_agent.alerts.messages import Wordings
from edge_agent.alerts.pusher import Pusher, PusherTools, Sender
from edge_agent.alerts.sender import ChildSender
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.findings import AlertKind
from edge_agent.journal import Journal, Reader
from edge_agent.journal.floor.alerts import KeptAlert, PushOutcome


@dataclass(frozen=True, slots=True)
class AlertTools:
    """What the room works with. ``timezone`` is the store's."""

    journal: Journal
    timezone: str
    now: Callable[[], datetime]
    chance: random.Random
    sender: Sender | None = None
    """``None``: through Apprise, in a process of its own."""


class AlertRoom:
    """Made before the journal is read; :meth:`load` is what the floor begins with."""

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
            chance=self._tools.chance,
        )
        pusher = Pusher(self._settings, tools, self.engine.queued)
        self._outcomes = pusher.outcomes
        await pusher.run()

    def open_by_kind(self) -> Mapping[AlertKind, int]:
        """How many alerts are open, of every kind."""
        return self.engine.open_by_kind()

    def push_outcomes(self) -> Mapping[tuple[str, PushOutcome], int]:
        """What became of messages since the start, by destination and outcome."""
        return self._outcomes

    def _current(self, alert_id: str) -> KeptAlert | None:
        return self.engine.named(alert_id)
