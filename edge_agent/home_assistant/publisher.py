"""Keeps the store announced and current at Home Assistant's broker, and takes one command: "I am on it"."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
import structlog

from devices.device import DeviceFault
from devices.store_bus import Heard, LastWill, StoreBus
from edge_agent.config.home_assistant_settings import HomeAssistantSettings
from edge_agent.home_assistant.entities import Place, Snapshot
from edge_agent.home_assistant.projection import PRESS, alert_changes, first_unclaimed, project, slot_topic
from edge_agent.home_assistant.upkeep import Upkeep
from edge_agent.home_assistant.words import Words
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.board import ActResult, AlertState, BoardAct

ACTOR = "Home Assistant"
ROUND_S_MIN = 1.0
"""Least time between two rounds, so that a busy floor is told in batches."""
ROUND_S_MAX = 5.0
RETRY_S_MIN = 1.0
RETRY_S_MAX = 60.0
COMMANDS_WAITING_MAX = 16
COMMAND_S_MIN = 0.25
"""Least time between two commands: each looks at the whole floor, and on a bus without passwords anybody may give some.
"""
_log = structlog.get_logger("show")


@dataclass(frozen=True, slots=True)
class HomeAssistantTools:
    """What the publisher works with. ``changed`` returns once something changed since it last returned."""

    gateway: str
    language: str
    snapshot: Callable[[], Snapshot]
    changed: Callable[[], Awaitable[None]]
    act: Callable[[str, BoardAct], Awaitable[ActResult]]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class HomeAssistant:
    """One store at one broker. ``is_connected`` is set while it is."""

    def __init__(self, settings: HomeAssistantSettings, tools: HomeAssistantTools) -> None:
        self.is_connected = asyncio.Event()
        self._settings = settings
        self._tools = tools
        self._words = Words.of(tools.language)
        self._place = Place(tools.gateway, settings.topic, settings.discovery_prefix)
        self._upkeep = Upkeep(self._place, settings.sensor_interval_s)
        self._alerts: dict[str, AlertState] | None = None
        self._commands: asyncio.Queue[Heard] = asyncio.Queue(COMMANDS_WAITING_MAX)
        self._waiting: set[Heard] = set()
        self._nudged = asyncio.Event()

    async def run(self) -> None:
        """Stay connected, for as long as the gateway runs; whatever goes wrong is logged and tried again."""
        wait_s = RETRY_S_MIN
        while True:
            try:
                await self._live_once()
            except DeviceFault as fault:
                _log.info("show", to=ACTOR, problem=fault.reason, remedy=fault.remedy)
            except Exception:  # noqa: BLE001 - whatever happens to Home Assistant, the store goes on
                _log.exception("show", to=ACTOR, problem="could not be told")
            wait_s = RETRY_S_MIN if self.is_connected.is_set() else min(RETRY_S_MAX, wait_s * 2)
            self.is_connected.clear()
            await self._tools.sleep(wait_s)

    async def _live_once(self) -> None:
        will = LastWill(self._place.status, b"offline")
        async with StoreBus(self._settings, will=will) as bus:
            self._upkeep.forget()
            await bus.subscribe(self._filters())
            tasks = [
                asyncio.create_task(self._read(bus), name="home assistant reads"),
                asyncio.create_task(self._obey(), name="home assistant asks"),
                asyncio.create_task(self._tell(bus), name="home assistant is told"),
            ]
            try:
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                # Without a goodbye, so that the broker says at once what it says when the gateway dies.
                bus.cut()

    def _filters(self) -> list[str]:
        return [
            f"{self._place.prefix}/status",
            f"{self._place.prefix}/device/{self._place.gateway}/+/config",
            f"{self._place.root}/alerts/acknowledge",
            f"{self._place.root}/slots/+/acknowledge",
        ]

    async def _tell(self, bus: StoreBus) -> None:
        loop = asyncio.get_running_loop()
        await bus.publish(self._place.status, b"online", retain=True)
        self.is_connected.set()
        while True:
            self._nudged.clear()
            is_all = await self._round(bus, loop.time())
            await self._tools.sleep(ROUND_S_MIN)
            if is_all:
                await self._something_new()

    async def _round(self, bus: StoreBus, now_s: float) -> bool:
        """Say what is due; returns whether that was all."""
        now = self._tools.snapshot()
        wanted = project(now, self._place, self._words)
        due = self._upkeep.due(wanted, now_s, software=now.facts.software)
        for saying in due:
            await bus.publish(saying.topic, saying.payload, retain=True)
            self._upkeep.said(saying, wanted, now_s)
        if self._alerts is not None:
            for change in alert_changes(self._alerts, now, self._words):
                await bus.publish(f"{self._place.root}/alerts/event", orjson.dumps(change))
        self._alerts = {alert.id: alert.state for alert in now.board.alerts}
        return not due

    async def _something_new(self) -> None:
        """Return when the floor changed, when Home Assistant started, or after a while."""
        waiting = [asyncio.ensure_future(self._tools.changed()), asyncio.create_task(self._nudged.wait())]
        try:
            await asyncio.wait(waiting, timeout=ROUND_S_MAX, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _read(self, bus: StoreBus) -> None:
        async for heard in bus.messages():
            if heard.topic == f"{self._place.prefix}/status":
                if heard.payload == b"online" and not heard.is_retained:
                    # Home Assistant was born again and remembers nothing of states.
                    self._upkeep.forget()
                    self._nudged.set()
            elif heard.topic.endswith("/config"):
                if heard.is_retained:
                    self._upkeep.learn(heard.topic, heard.payload)
                    self._nudged.set()
            elif self._is_command(heard) and heard not in self._waiting and not self._commands.full():
                self._waiting.add(heard)
                self._commands.put_nowait(heard)

    def _is_command(self, heard: Heard) -> bool:
        """Whether one of our buttons sends this. Cheap: whatever else is sent there costs no more than this look."""
        if heard.is_retained:
            return False  # a command that was kept is nobody's word now
        payload = heard.payload.decode("ascii", "replace")
        if heard.topic == f"{self._place.root}/alerts/acknowledge":
            return payload in (self._alerts or {})
        return payload == PRESS and self._upkeep.stands(heard.topic.removesuffix("/acknowledge"))

    async def _obey(self) -> None:
        while True:
            heard = await self._commands.get()
            self._waiting.discard(heard)
            alert = self._asked(heard)
            if alert is None:
                _log.debug("show", to=ACTOR, problem="a command that names no open alert")
            else:
                await self._acknowledge(alert)
            await self._tools.sleep(COMMAND_S_MIN)

    async def _acknowledge(self, alert: str) -> None:
        try:
            result = await self._tools.act(alert, BoardAct(act="acknowledge", actor=ACTOR))
        except TouchError as error:
            _log.warning("show", to=ACTOR, problem=str(error))
        else:
            _log.info("show", to=ACTOR, alert=alert, done=result.is_done, reason=result.reason)
        self._nudged.set()

    def _asked(self, heard: Heard) -> str | None:
        """Which alert a command is about."""
        payload = heard.payload.decode("ascii", "replace")
        now = self._tools.snapshot()
        if heard.topic == f"{self._place.root}/alerts/acknowledge":
            return next((alert.id for alert in now.board.alerts if alert.id == payload), None)
        for slot in now.board.slots:
            if heard.topic == f"{slot_topic(self._place, slot.slot)}/acknowledge":
                alert = first_unclaimed(now, slot.slot)
                return alert.id if alert else None
        return None
