"""What looks after the shop floor in one store: shelves, sensors, lights, alerts, lessons, Home Assistant."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.alerts.room import AlertRoom, AlertTools
from edge_agent.clock import HybridClock
from edge_agent.config import EdgeSettings
from edge_agent.floor.calibrating import Calibrating
from edge_agent.floor.floor import Floor, FloorTools
from edge_agent.floor.lights import Lights
from edge_agent.floor.plan import plan_of
from edge_agent.home_assistant.assembling import ToldOf, home_assistant
from edge_agent.home_assistant.entities import StoreFacts
from edge_agent.journal import Journal
from edge_agent.standing.vitals import software_version
from edge_agent.surroundings import Surroundings
from kiosk_ui.live import LiveHub

_BLINK_S = 3.0


class FloorRoom:
    """Its parts, made once. ``online`` tells whether the cloud can be reached."""

    def __init__(
        self,
        settings: EdgeSettings,
        journal: Journal,
        clock: HybridClock,
        around: Surroundings,
        *,
        hub: LiveHub,
        online: Callable[[], bool],
    ) -> None:
        self._settings = settings
        gateway, now = settings.gateway, clock.now
        self.lights = Lights((table, around.indicators(table.driver)) for table in settings.indicators)
        self.alerts = AlertRoom(
            settings.alerts, AlertTools(journal, timezone=gateway.timezone, now=now, chance=around.chance)
        )
        tools = FloorTools(
            journal=journal,
            hub=hub,
            store_name=gateway.store_name,
            now=now,
            monotonic=clock.monotonic,
            alerts=self.alerts.load,
            lights=self.lights,
        )
        plan = plan_of(settings)
        self.floor = Floor(tools, settings.floor, plan=plan)
        self.calibrating = Calibrating(plan, self.floor, tools)
        self.board_desk = self.alerts.desk(self.floor)
        told_of = ToldOf(
            gateway=gateway.id,
            language=gateway.language,
            board=self.floor.board,
            facts=lambda: StoreFacts(online(), journal.durability(), software_version()),
            changed=self.floor.changed.listener(),
            act=self.board_desk.act,
        )
        self.home_assistant = home_assistant(settings.home_assistant, told_of)

    async def blink(self, indicator: str) -> bool:
        """Show which one it is. A relay that powers a device is no lamp to play with: ``False``."""
        if any(device.power == indicator for device in self._settings.devices):
            return False
        return await self.lights.try_out(indicator, seconds=_BLINK_S)
