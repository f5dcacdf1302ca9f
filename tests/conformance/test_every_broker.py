"""What holds over every broker: the protocol needs QoS 1, retained messages and a last will, no more."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

from cloud_bridge import topics
from cloud_bridge.contract import SaleCompletedV1, SaleLineV1
from cloud_bridge.receipts import Presence
from cloud_bridge.replica import ReplicaMember, ReplicaStep
from cloud_bridge.topics import Up
from cloud_bridge.transport import BrokerSettings, BrokerUnreachable, Inbound, mqtt_dial
from cloud_bridge.uplink.state import Link
from tests.brokers import Broker
from tests.conformance.real_ends import RealEnds
from tests.unit.bridge.memory_outbox import tap

_VANISHING = """
import asyncio, sys
from cloud_bridge.transport import BrokerSettings, Will, mqtt_dial
async def live(port: int, topic: str) -> None:
    dial = mqtt_dial(BrokerSettings(port=port), client_id="store-1")
    async with dial(Will(topic, b'{"online":false}')) as wire:
        await wire.publish(topic, b'{"online":true}', retain=True)
        await asyncio.Event().wait()
asyncio.run(live(int(sys.argv[1]), sys.argv[2]))
"""
_WITHIN_S = 20.0


def large_sale(number: int) -> SaleCompletedV1:
    """About 45 kB: five of them fill a message."""
    line = SaleLineV1(sku="8" * 20, name="Ж" * 100, qty=1, unit_minor=100)
    return SaleCompletedV1(
        sale=f"S{number}",
        till="t1",
        currency="CNY",
        total_minor=100,
        sold_at="2026-01-01T00:00:00Z",
        lines=(line,) * 180,
    )


async def test_a_backlog_drains_over_this_broker(any_broker: Broker) -> None:
    ends = RealEnds(any_broker)
    for number in range(1, 3001):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.signal.until(lambda: ends.outbox.drained)
    ends.assert_equal()


async def test_the_largest_batches_pass_this_broker(any_broker: Broker) -> None:
    ends = RealEnds(any_broker)
    for number in range(1, 41):
        ends.outbox.record(large_sale(number))
    async with ends.running():
        await ends.signal.until(lambda: ends.outbox.drained)
    ends.assert_equal()


async def test_the_broker_is_killed_mid_drain_and_the_cloud_equals_the_journal(any_broker: Broker) -> None:
    ends = RealEnds(any_broker)
    for number in range(1, 6001):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.signal.until(lambda: sum(result.applied for result in ends.results) >= 1000)
        any_broker.kill()
        await ends.signal.until(lambda: ends.states[-1].state is Link.OFFLINE)
        assert not ends.outbox.drained
        any_broker.start()
        await ends.signal.until(lambda: ends.outbox.drained)
    ends.assert_equal()


async def test_replica_steps_reach_the_gateway_and_are_confirmed(any_broker: Broker) -> None:
    ends = RealEnds(any_broker)
    members = tuple(
        ReplicaMember(member=f"m{number}", name="王芳", balance=number, version=number) for number in range(1, 1001)
    )
    ends.store.steps = [
        ReplicaStep(
            epoch="e1", from_version=first, to_version=first + 1000, latest_version=2000, as_of="2026-01-01T00:00:00Z",
            incarnation=ends.outbox.incarnation, members=members,
        )
        for first in (0, 1000)
    ]  # fmt: skip
    async with ends.running():
        await ends.signal.until(
            lambda: "store-1" in ends.store.versions and ends.store.versions["store-1"].version == 2000
        )
    assert [step.to_version for step in ends.replica.steps] == [1000, 2000]


async def test_a_gateway_that_vanishes_is_said_to_be_offline(any_broker: Broker) -> None:
    settings = BrokerSettings(host=any_broker.host, port=any_broker.port)
    topic = topics.up("store-1", Up.PRESENCE)
    async with mqtt_dial(settings, client_id="watcher")(None) as watcher:
        await watcher.subscribe(topics.all_up())
        heard = watcher.messages()
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", _VANISHING, str(any_broker.port), topic)
        assert Presence.model_validate_json((await _next(heard)).payload).online
        child.kill()
        assert not Presence.model_validate_json((await _next(heard)).payload).online
        await child.wait()


async def test_an_acknowledgement_is_kept_for_a_gateway_that_comes_later(any_broker: Broker) -> None:
    settings = BrokerSettings(host=any_broker.host, port=any_broker.port)
    async with mqtt_dial(settings, client_id="cloud")(None) as cloud:
        await cloud.publish("regulars/v1/store-1/down/ack", b"{}", retain=True)
    async with mqtt_dial(settings, client_id="store-1")(None) as wire:
        await wire.subscribe(topics.all_down("store-1"))
        assert await _next(wire.messages()) == Inbound("regulars/v1/store-1/down/ack", b"{}", retained=True)


async def test_a_broker_that_is_not_there_is_named(free_port: Callable[[], int]) -> None:
    port = free_port()
    try:
        async with mqtt_dial(BrokerSettings(port=port), client_id="x")(None):
            raise AssertionError("nobody listens there")
    except BrokerUnreachable as error:
        assert f"127.0.0.1:{port}" in str(error)


async def _next(messages: AsyncIterator[Inbound]) -> Inbound:
    async with asyncio.timeout(_WITHIN_S):
        return await anext(messages)
