"""The publisher for a gateway that is to be announced; one that never says a word for one that is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from edge_agent.config.home_assistant_settings import HomeAssistantSettings
from edge_agent.floor.bell import Listener
from edge_agent.home_assistant.entities import Snapshot, StoreFacts
from edge_agent.home_assistant.publisher import HomeAssistant, HomeAssistantTools
from kiosk_ui.staff.board import ActResult, Board, BoardAct


@dataclass(frozen=True, slots=True)
class ToldOf:
    """What of a gateway Home Assistant is told."""

    gateway: str
    language: str
    board: Callable[[], Board]
    facts: Callable[[], StoreFacts]
    changed: Listener
    act: Callable[[str, BoardAct], Awaitable[ActResult]]


class Silence:
    """No ``[home_assistant]`` in the configuration: nobody is told."""

    async def run(self) -> None:
        """Say nothing, for as long as the gateway runs."""
        await asyncio.Event().wait()


def home_assistant(settings: HomeAssistantSettings | None, told: ToldOf) -> HomeAssistant | Silence:
    """The part of a gateway that keeps Home Assistant told."""
    if settings is None:
        return Silence()
    tools = HomeAssistantTools(
        gateway=told.gateway,
        language=told.language,
        snapshot=lambda: Snapshot(told.board(), told.facts()),
        changed=told.changed.wait,
        act=told.act,
    )
    return HomeAssistant(settings, tools)
