"""How the store stands: one view, gathered when asked and published when something changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from cloud_bridge.receipts import LaneFigures
from cloud_bridge.uplink import link as wire
from cloud_bridge.uplink.state import Link
from cloud_bridge.uplink.state import LinkState as WireState
from edge_agent.config import GatewaySettings
from edge_agent.journal import Journal, ReplicaCursor, RightsState, StandingWord
from edge_agent.supervision import DeviceCondition
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.status import (
    STATUS_CHANNEL,
    STATUS_EVENT,
    DeviceView,
    LaneView,
    LinkState,
    LinkView,
    ReplicaView,
    RightsView,
    StoreStatus,
)

PUBLISH_EVERY_S_MIN = 0.25
PUBLISH_EVERY_S_MAX = 5.0

_LINK_WORDS = {
    Link.OFFLINE: LinkState.OFFLINE,
    Link.CONNECTING: LinkState.CONNECTING,
    Link.UNANSWERED: LinkState.CONNECTING,
    Link.ONLINE: LinkState.ONLINE,
    Link.STUCK: LinkState.ONLINE,
    Link.QUARANTINED: LinkState.ONLINE,
}


def software_version() -> str:
    """The version of this software, as installed."""
    try:
        return version("regulars")
    except PackageNotFoundError:
        return "unreleased"


class Vitals:
    """Gathers :class:`StoreStatus`. ``link``, ``devices`` and ``trouble`` (with rights) tell how they stand now."""

    def __init__(
        self,
        gateway: GatewaySettings,
        journal: Journal,
        hub: LiveHub,
        *,
        link: Callable[[], WireState],
        devices: Callable[[], tuple[DeviceCondition, ...]],
        trouble: Callable[[], str] = lambda: "",
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._hub = hub
        self._link = link
        self._devices = devices
        self._trouble = trouble
        self._software = software_version()
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something changed that the status shows. While nobody looks, that is no reason to gather it."""
        if self._hub.readers(STATUS_CHANNEL):
            self._stirred.set()

    def for_the_cloud(self) -> wire.Vitals:
        """What the heartbeat says of this gateway."""
        return wire.Vitals(self._software, {device.name: device.state.value for device in self._devices()})

    async def status(self) -> StoreStatus:
        """Everything the status page shows, as of now."""
        lanes = await self._journal.figures()
        cursor, counts, rights, held = await self._journal.read(
            lambda reader: (reader.replica_cursor(), reader.counts(), reader.rights_state(), reader.points_held())
        )
        link = self._link()
        return StoreStatus(
            gateway=self._gateway.id,
            store_name=self._gateway.store_name,
            software=self._software,
            incarnation=self._journal.incarnation,
            durability=self._journal.durability(),
            link=LinkView(state=_LINK_WORDS[link.state], since=link.since, detail=link.detail),
            devices=[_device(condition) for condition in self._devices()],
            lanes={lane.value: _lane(figures) for lane, figures in lanes.items()},
            replica=_replica(cursor),
            rights=_rights(rights, held, self._trouble()),
            undecided=counts.undecided + counts.set_aside,
            quarantined=link.detail or "unknown reason" if link.state is Link.QUARANTINED else None,
        )

    async def publish(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Publish the status on each change, at most 4 times a second and at least every 5 s. Never returns."""
        while True:
            self._stirred.clear()
            self._hub.publish(STATUS_EVENT, await self.status(), channel=STATUS_CHANNEL)
            await sleep(PUBLISH_EVERY_S_MIN)
            try:
                async with asyncio.timeout(PUBLISH_EVERY_S_MAX - PUBLISH_EVERY_S_MIN):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    async def watch_journal(self) -> None:
        """Take each commit for a change. Never returns."""
        changed = self._journal.changed()
        while True:
            await changed.wait()
            self.stir()


def _device(condition: DeviceCondition) -> DeviceView:
    return DeviceView(
        name=condition.name,
        driver=condition.driver,
        state=condition.state,
        reason=condition.reason,
        last_seen=condition.last_seen,
        key=condition.key,
        remedy=condition.remedy,
        rung=condition.rung or "",
        failures=condition.failures,
    )


def _lane(figures: LaneFigures) -> LaneView:
    return LaneView(
        recorded=figures.recorded,
        acked=figures.acked,
        queued=figures.queued,
        dropped=figures.dropped,
        dropped_by_reason=dict(figures.dropped_by_reason),
        oldest_unsent_age_s=figures.oldest_unsent_age_s if figures.queued else None,
    )


def _rights(state: RightsState, held: int, trouble: str) -> RightsView:
    return RightsView(is_frozen=state.is_frozen, points_held=held, detail=trouble or _waits_for(state))


def _waits_for(state: RightsState) -> str:
    if not state.is_frozen:
        return ""
    if state.standing is StandingWord.REVOKED:
        return "the head office has revoked this gateway"
    return "the cloud has not been heard since the start"


def _replica(cursor: ReplicaCursor) -> ReplicaView:
    as_of = datetime.fromisoformat(cursor.as_of) if cursor.as_of else None
    return ReplicaView(version=cursor.version, members=cursor.members, as_of=as_of)
