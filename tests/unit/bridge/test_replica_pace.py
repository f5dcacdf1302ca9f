"""Replica steps follow each other at once while a gateway is behind, and at the feed's pause when it is not."""

from __future__ import annotations

import asyncio

from cloud_bridge.landing.replica_feed import CHANGES_PAUSE_S, ReplicaFeed
from cloud_bridge.receipts import Applied, Hello
from cloud_bridge.replica import ReplicaStep
from tests.unit.bridge.virtual_time import run_virtually, virtual_time_passes

EPOCH, INCARNATION, STORE = "life", "ab" * 16, "store-1"


class Cloud:
    """Versions that can be had ten to a step, and a gateway that applies what it is sent when told to."""

    def __init__(self, latest: int) -> None:
        self.latest = latest
        self.sent: list[tuple[int, float]] = []
        self.feed = ReplicaFeed(self._next, self._send)

    async def _next(self, gateway_id: str, incarnation: str, epoch: str, version: int) -> ReplicaStep | None:
        if version == self.latest:
            return None
        to = min(self.latest, version + 10)
        return ReplicaStep(
            epoch=EPOCH,
            from_version=version,
            to_version=to,
            latest_version=self.latest,
            as_of="",
            incarnation=incarnation,
        )

    def _send(self, gateway_id: str, step: ReplicaStep) -> None:
        self.sent.append((step.to_version, asyncio.get_running_loop().time()))

    async def hello(self) -> None:
        await self.feed.greeted(STORE, Hello(incarnation=INCARNATION, replica_epoch=EPOCH, replica_version=0))

    async def apply(self) -> None:
        await self.feed.applied(STORE, Applied(epoch=EPOCH, version=self.sent[-1][0]))

    def change(self) -> None:
        self.latest += 1
        self.feed.changed()


def test_a_gateway_that_is_behind_gets_the_next_step_at_once() -> None:
    async def story() -> None:
        cloud = Cloud(latest=25)
        await cloud.hello()
        await cloud.hello()  # greeting again does not forget what is owed
        await cloud.apply()
        await cloud.apply()
        assert cloud.sent == [(10, 0.0), (20, 0.0), (25, 0.0)]

    run_virtually(story())


def test_changes_without_end_make_one_step_per_pause_and_the_last_is_not_lost() -> None:
    async def story() -> None:
        cloud = Cloud(latest=5)
        await cloud.hello()
        async with asyncio.TaskGroup() as tasks:
            pacing = tasks.create_task(cloud.feed.run())
            async with asyncio.timeout(10 * CHANGES_PAUSE_S):
                while cloud.latest < 105:
                    cloud.change()
                    await virtual_time_passes(CHANGES_PAUSE_S / 20)
                    await cloud.apply()
            await virtual_time_passes(2 * CHANGES_PAUSE_S)
            await cloud.apply()
            await virtual_time_passes(2 * CHANGES_PAUSE_S)
            pacing.cancel()
        assert len(cloud.sent) <= 25  # five seconds of changes: two steps of ten each, to catch up, then one a pause
        assert cloud.sent[-1][0] == 105

    run_virtually(story())
