"""Both ends of the downlink: steps follow each other, and each is confirmed."""

from __future__ import annotations

from cloud_bridge.downlink import StepOutcome
from cloud_bridge.replica import ReplicaMember, ReplicaStep
from cloud_bridge.uplink.state import Link
from tests.unit.bridge.equal_ends import in_virtual_time
from tests.unit.bridge.memory_outbox import tap
from tests.unit.bridge.two_ends import MemoryReplica, TwoEnds


@in_virtual_time
async def test_replica_steps_follow_each_other_and_each_is_confirmed() -> None:
    ends = TwoEnds()
    ends.store.steps = [step(number) for number in range(5)]
    async with ends.running():
        await ends.until(lambda: ends.replica.at.version == 5)
        assert [each.to_version for each in ends.replica.steps] == [1, 2, 3, 4, 5]
        await ends.until(lambda: ends.store.versions["store-1"].version == 5)
        ends.store.steps.append(step(5))
        ends.landing.replica_changed()
        await ends.until(lambda: ends.store.versions["store-1"].version == 6, within_s=2.0)


@in_virtual_time
async def test_a_new_life_of_the_clouds_database_starts_the_replica_anew() -> None:
    ends = TwoEnds()
    ends.store.steps = [step(number) for number in range(3)]
    async with ends.running():
        await ends.until(lambda: ends.replica.at.version == 3)
        ends.store.steps = [step(number, epoch="another life") for number in range(2)]
        await ends.until(lambda: ends.replica.at.epoch == "another life" and ends.replica.at.version == 2)


def step(number: int, epoch: str = "first life") -> ReplicaStep:
    member = ReplicaMember(member=f"m{number}", name="王芳", balance=number, version=number + 1)
    return ReplicaStep(
        epoch=epoch,
        from_version=number,
        to_version=number + 1,
        latest_version=number + 1,
        as_of="2026-01-01T00:00:00Z",
        incarnation="0" * 32,
        members=(member,),
    )


class PickyReplica(MemoryReplica):
    """Cannot use anything it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    async def apply(self, step: ReplicaStep) -> StepOutcome:
        self.refused += 1
        raise ValueError("per_minor is 0")


@in_virtual_time
async def test_a_step_that_nobody_can_use_does_not_stop_the_store_and_is_not_confirmed() -> None:
    ends = TwoEnds()
    picky = ends.replica = PickyReplica()
    ends.link = ends.gateway_link(ends.outbox)
    ends.store.steps = [
        ReplicaStep(
            epoch="one",
            from_version=0,
            to_version=1,
            latest_version=1,
            as_of="2026-06-02T09:00:00.000Z",
            incarnation=ends.outbox.incarnation,
        )
    ]
    async with ends.running():
        await ends.until(lambda: picky.refused > 1)
        ends.outbox.record(tap(1))
        await ends.until(lambda: ends.outbox.drained)
        assert ends.link.state.state is Link.ONLINE
    assert ends.store.versions == {}
