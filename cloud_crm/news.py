"""From what has landed to what the open pages show: feed lines at once, figures a moment later.

The landing thread tells; the event loop publishes. Figures are composed at most once per pause and
only for stores that changed, so a backlog of a day costs the pages nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud_bridge.landing.store import Landed
from cloud_crm.events.service import feed_item
from cloud_crm.gateways.pages import FLEET_CHANNEL, StoreDesk, store_channel
from cloud_crm.problems import Problem
from kiosk_ui.live import LiveHub

FEED_ITEMS_PER_GROUP_MAX = 25
_PAUSE_S = 0.5
CallSoon = Callable[..., None]
_log = structlog.get_logger()


class News:
    """Implements :class:`cloud_crm.landing.store.Watcher`; ``run`` publishes until cancelled."""

    def __init__(self, hub: LiveHub, desk: StoreDesk, call_soon: CallSoon) -> None:
        """``call_soon`` brings a call from any thread to the event loop."""
        self._hub = hub
        self._desk = desk
        self._call_soon = call_soon
        self._stirred: set[str] = set()
        self._news = asyncio.Event()

    def declare(self, gateway_ids: Sequence[str]) -> None:
        """Let the pages of these stores listen before anything has happened."""
        for channel in (FLEET_CHANNEL, *map(store_channel, gateway_ids)):
            self._hub.declare(channel)

    def landed(self, landed: Sequence[Landed]) -> None:
        self._call_soon(self._publish_events, tuple(landed))

    def stirred(self, gateway_id: str) -> None:
        self._call_soon(self._stir, gateway_id)

    async def run(self) -> None:
        """Publish the figures of stores that changed."""
        while True:
            await self._news.wait()
            self._news.clear()
            stirred, self._stirred = self._stirred, set()
            await self._publish_figures(stirred)
            await asyncio.sleep(_PAUSE_S)

    def _stir(self, gateway_id: str) -> None:
        self._stirred.add(gateway_id)
        self._news.set()

    def _publish_events(self, landed: Sequence[Landed]) -> None:
        for group in landed:
            channel = store_channel(group.stream.gateway_id)
            for event in group.events[-FEED_ITEMS_PER_GROUP_MAX:]:
                self._hub.publish("landed", feed_item(group.stream.lane.value, event), channel=channel, feed=True)
            self._stir(group.stream.gateway_id)

    async def _publish_figures(self, stirred: set[str]) -> None:
        try:
            for gateway_id in sorted(stirred):
                if self._hub.readers(store_channel(gateway_id)):
                    view = await asyncio.to_thread(self._desk.store, gateway_id)
                    self._hub.publish("store", view, channel=store_channel(gateway_id))
            if self._hub.readers(FLEET_CHANNEL):
                fleet = await asyncio.to_thread(self._desk.fleet)
                self._hub.publish("fleet", fleet, channel=FLEET_CHANNEL)
        except (SQLAlchemyError, Problem) as error:
            _log.warning("show", outcome="figures not read", error=type(error).__name__)
