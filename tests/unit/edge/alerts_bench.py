"""Alerts on a bench: a journal, an engine, a desk and pushes to phones that are lists; time moves when told to."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from cloud_bridge.topics import Lane
from edge_agent.alerts.board_desk import AlertBoardDesk, BoardTools
from edge_agent.alerts.engine import Alerts
from edge_agent.alerts.messages import Message, Wordings
from edge_agent.alerts.pusher import Pusher, PusherTools
from edge_agent.alerts.sender import Fate, Verdict
from edge_agent.alerts.steps import Steps
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.journal import Journal
from edge_agent.journal.floor.alerts import KeptAlert, KeptPush
from kiosk_ui.staff.board import ActResult, AlertView, Board, BoardAct, CountAct
from tests.unit.edge.journal_bench import Hands, opened

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""
ZONE = "Asia/Shanghai"
SENT = Verdict(Fate.SENT)


def alert_settings(**changes: Any) -> AlertSettings:
    """One phone for everything, told of raised and escalated alerts, unless told otherwise."""
    chosen: dict[str, Any] = {
        "destinations": [{"name": "floor", "url_file": "/floor"}],
        "routes": [{"destinations": ["floor"]}],
    }
    return AlertSettings.model_validate(chosen | changes)


def empty(subject: str = "A1", **facts: str | int) -> Finding:
    """A shelf without goods."""
    return Finding(AlertKind.STOCK_OUT, subject, Holds.YES, {"units": 0, "zone": "drinks", **facts})


def filled(subject: str = "A1", **facts: str | int) -> Finding:
    """A shelf with goods."""
    return Finding(AlertKind.STOCK_OUT, subject, Holds.NO, {"units": 12, **facts})


@dataclass
class Phones:
    """A sender whose destinations do as told; ``answers`` by the name of a destination's file."""

    told: list[tuple[str, Message]] = field(default_factory=list)
    answers: dict[str, Verdict] = field(default_factory=dict)

    async def send(self, url_file: Path, message: Message) -> Verdict:
        verdict = self.answers.get(url_file.name, SENT)
        self.told.append((url_file.name, message))
        return verdict

    def titles(self, name: str = "floor") -> list[str]:
        return [message.title for to, message in self.told if to == name]


class AlertBench:
    """The alerts of a store in Shanghai. Every verb ends durably."""

    def __init__(self, journal: Journal, hands: Hands, alerts: Alerts, settings: AlertSettings) -> None:
        self.journal, self.hands, self.alerts, self.settings = journal, hands, alerts, settings
        self.phones = Phones()
        self.pusher = self.new_pusher()
        self.shown = 0
        self.desk = AlertBoardDesk(
            BoardTools(
                journal=journal,
                alerts=lambda: self.alerts,
                board=lambda: Board(store_name="Bench", at=self.now(), alerts=self.alerts.views()),
                count=_count,
                show=self._show,
                now=self.now,
            )
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.hands.wall_ns / 1e9, UTC)

    def new_pusher(self) -> Pusher:
        tools = PusherTools(
            journal=self.journal,
            sender=self.phones,
            wordings=Wordings(zone=ZoneInfo(ZONE)),
            now=self.now,
            current=self._named,
            chance=random.Random(4),
        )
        return Pusher(self.settings, tools, self.alerts.queued)

    async def finds(self, *findings: Finding) -> None:
        async with self.alerts.turn:
            await self._go(self.alerts.find(self.now(), findings))

    async def passes(self, **span: float) -> None:
        """Let time pass, as one tick at its end."""
        self.hands.pass_ms(int(timedelta(**span) / timedelta(milliseconds=1)))
        async with self.alerts.turn:
            await self._go(self.alerts.tick(self.now()))

    async def raises(self, finding: Finding | None = None, *, after_s: float = 5) -> AlertView:
        """Find something and wait until it is raised."""
        found = finding or empty()
        await self.finds(found)
        await self.passes(seconds=after_s)
        return next(view for view in self.alerts.views() if view.subject == found.subject)

    async def acts(self, act: str, actor: str = "Li Wei", *, alert: str = "", minutes: int = 30) -> ActResult:
        said = BoardAct.model_validate({"act": act, "actor": actor, "minutes": minutes})
        return await self.desk.act(alert or self.alerts.views()[0].id, said)

    async def delivers(self) -> list[str]:
        """Send what is due; returns the titles that arrived in this round."""
        before = len(self.phones.told)
        for destination in self.settings.destinations:
            await self.pusher.deliver(destination)
        return [message.title for _, message in self.phones.told[before:]]

    async def restarts(self) -> None:
        """Forget everything that is only in memory; the new life begins with a tick, as a floor's does."""
        self.alerts = await self.journal.read(lambda reader: Alerts.load(reader, self.settings, timezone=ZONE))
        self.pusher = self.new_pusher()
        await self.passes()

    async def pushes(self, alert: str = "") -> list[KeptPush]:
        name = alert or self.alerts.views()[0].id
        return await self.journal.read(lambda reader: reader.pushes_of(name))

    async def events(self, kind: str = "regulars.alert.changed.v1") -> list[dict[str, Any]]:
        """What the journal tells the cloud, oldest first."""
        lane = Lane.LEDGER if kind.startswith("regulars.alert.changed") else Lane.TELEMETRY
        rows = await self.journal.read(lambda reader: reader.tail(lane, 1_000))
        found = (orjson.loads(row.body) for row in rows)
        return [event["data"] for event in found if event["type"] == kind]

    async def states(self) -> list[str]:
        return [event["state"] for event in await self.events()]

    def state(self) -> str:
        return self.alerts.views()[0].state.value

    async def _go(self, steps: Steps) -> None:
        if steps:
            await self.journal.write(steps.write)
            self.alerts.accept(steps)

    def _named(self, alert_id: str) -> KeptAlert | None:
        return self.alerts.named(alert_id)

    def _show(self) -> None:
        self.shown += 1


@asynccontextmanager
async def alert_bench(path: Path, *, at: datetime = NOON, **changes: Any) -> AsyncIterator[AlertBench]:
    """A bench at noon; ``changes`` are settings of ``[alerts]``."""
    hands, settings = Hands(), alert_settings(**changes)
    hands.wall_ns = int(at.timestamp()) * 1_000_000_000
    async with opened(path, hands) as journal:
        alerts = await journal.read(lambda reader: Alerts.load(reader, settings, timezone=ZONE))
        yield AlertBench(journal, hands, alerts, settings)


async def _count(slot: str, count: CountAct) -> ActResult:
    return ActResult(is_done=bool(slot and count.units >= 0))
