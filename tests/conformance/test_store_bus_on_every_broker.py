"""Sensors on the store's bus, over each real broker: kept states, last wills, a dead broker, names taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from operator import eq

import orjson
import pytest

from devices.device import DeviceFault
from devices.observations import ConditionChanged, DeviceState, Observation
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead
from devices.sensors.mqtt_sensors import MqttSensorsSettings
from devices.store_bus import BusSettings, LastWill, StoreBus
from devices.virtual.bus.esphome import VirtualEspHome
from devices.virtual.bus.zigbee2mqtt import VirtualZigbee2Mqtt, ieee_address
from devices.virtual.faults import FaultKind
from edge_agent.floor.sensors import Sensors
from tests.brokers import Broker
from tests.conformance.bus_ear import WITHIN_S, Ear, say

SCALE = {"dev_cla": "weight", "unit_of_meas": "g", "stat_t": "w", "uniq_id": "a1"}
CONFIG = "homeassistant/sensor/shelf-1/a1/config"


def ear_on(broker: Broker) -> Ear:
    return Ear(MqttSensorsSettings(port=broker.port))


def bus_of(broker: Broker) -> BusSettings:
    return BusSettings(port=broker.port)


async def test_what_the_broker_kept_is_a_state_and_what_comes_now_is_an_event(any_broker: Broker) -> None:
    await say(bus_of(any_broker), (CONFIG, orjson.dumps(SCALE)), ("w", b"100"), retain=True)
    async with ear_on(any_broker) as ear:
        await ear.until(lambda told: told == SensorRead("a1", Measure.WEIGHT, 100.0, is_retained=True))
        await say(bus_of(any_broker), ("w", b"90"), retain=True)
        await ear.until(lambda told: told == SensorRead("a1", Measure.WEIGHT, 90.0))


async def test_a_bought_node_appears_speaks_dies_and_comes_back(any_broker: Broker) -> None:
    node = VirtualEspHome(bus_of(any_broker), "shelf-1", interval_s=0.1)
    node.add_scale("a1", grams=1_250.0, unit="kg", noise_g=0.0)
    node.add_contact("door")
    async with ear_on(any_broker) as ear, node:
        found = await ear.until(lambda told: isinstance(told, SensorFound) and told.measure is Measure.WEIGHT)
        assert isinstance(found, SensorFound)
        assert found.sensor == "shelf-1.a1"
        await ear.until(lambda told: told == SensorRead("shelf-1.a1", Measure.WEIGHT, 1_250.0))
        node.open("door")
        await ear.until(lambda told: told == SensorRead("shelf-1.door", Measure.DOOR, 1.0))
        node.fail(FaultKind.UNPLUGGED)
        await ear.until(lambda told: isinstance(told, SensorLost) and told.sensor == "shelf-1.door")
        node.heal()
        await ear.until(lambda told: told == SensorBack("shelf-1.door"), since=len(ear.heard))


async def test_a_zigbee_bridge_and_its_things(any_broker: Broker) -> None:
    bridge = VirtualZigbee2Mqtt(bus_of(any_broker))
    bridge.pair("front", "contact")
    name = ieee_address("front")
    async with ear_on(any_broker) as ear, bridge:
        await ear.until(lambda told: isinstance(told, SensorFound) and told.measure is Measure.DOOR)
        await ear.until(lambda told: told == SensorBack(name))
        bridge.open("front")
        await ear.until(lambda told: told == SensorRead(name, Measure.DOOR, 1.0))
        bridge.drain("front", battery=5)
        await ear.until(lambda told: isinstance(told, ConditionChanged) and told.state is DeviceState.DEGRADED)
        bridge.lose("front")
        await ear.until(lambda told: isinstance(told, SensorLost))
        bridge.pair("fridge", "temperature")
        await ear.until(lambda told: isinstance(told, SensorFound) and told.sensor == ieee_address("fridge"))
        bridge.unpair("front")
        await ear.until(lambda told: isinstance(told, SensorLost) and "took" in told.reason)


async def test_a_broker_that_dies_is_a_fault_with_a_remedy_and_all_comes_back_with_it(any_broker: Broker) -> None:
    node = VirtualEspHome(bus_of(any_broker), "shelf-1", interval_s=0.1)
    node.add_scale("a1", noise_g=0.0)
    async with node:
        async with ear_on(any_broker) as ear:
            await ear.until(lambda told: isinstance(told, SensorRead) and not told.is_retained)
            await asyncio.to_thread(any_broker.kill)
            fault = await ear.ended()
        assert isinstance(fault, DeviceFault)
        assert "broker" in fault.remedy
        with pytest.raises(DeviceFault, match="cannot be reached"):
            await ear_on(any_broker).__aenter__()
        await asyncio.to_thread(any_broker.start)
        async with ear_on(any_broker) as ear:
            await ear.until(lambda told: isinstance(told, SensorRead) and not told.is_retained)


async def test_a_node_that_hangs_goes_stale_though_its_will_is_never_spoken(any_broker: Broker) -> None:
    now_s = 0.0
    sensors = Sensors(monotonic=lambda: now_s)
    node = VirtualEspHome(bus_of(any_broker), "shelf-1", interval_s=0.1)
    node.add_scale("a1", noise_g=0.0)
    async with ear_on(any_broker) as ear, node:
        await ear.until(lambda told: isinstance(told, SensorRead) and not told.is_retained)
        node.fail(FaultKind.SILENT)
        for told in ear.heard:
            if isinstance(told, (SensorFound, SensorRead)):
                sensors.hear("bus", told)
        (sensor,) = sensors.all()
        assert not sensor.is_stale(now_s)
        assert sensor.is_stale(now_s + 3.1)
        assert not any(isinstance(told, SensorLost) for told in ear.heard)


@pytest.mark.parametrize("fault", [FaultKind.GARBAGE, FaultKind.FLOOD])
async def test_a_node_gone_mad_hurts_itself_alone(any_broker: Broker, fault: FaultKind) -> None:
    mad = VirtualEspHome(bus_of(any_broker), "mad", interval_s=0.02)
    mad.add_scale("a1", grams=5.0, noise_g=0.0)
    calm = VirtualEspHome(bus_of(any_broker), "calm", interval_s=0.1)
    calm.add_contact("door")

    def of_door(told: Observation) -> bool:
        return isinstance(told, (SensorRead, SensorLost)) and told.sensor == "calm.door"

    async with ear_on(any_broker) as ear, mad, calm:
        await ear.until(lambda told: isinstance(told, SensorRead) and told.sensor == "mad.a1")
        # Found is not yet listened to, and on connecting the node says by itself that the door is shut: only what it
        # is asked for once that was heard is sure to come, as an event, and behind it.
        first = await ear.until(of_door)
        heard = ear.heard.index(first) + 1
        mad.fail(fault)
        for is_open in (True, False, True):
            since = len(ear.heard)
            calm.sense("door", is_on=is_open)
            await ear.until(partial(eq, SensorRead("calm.door", Measure.DOOR, float(is_open))), since=since)
        opened, shut = (SensorRead("calm.door", Measure.DOOR, value) for value in (1.0, 0.0))
        events = [
            told
            for told in ear.heard[heard:]
            if of_door(told) and not (isinstance(told, SensorRead) and told.is_retained)
        ]
        # A broker may give the first both as what it kept and as what came.
        assert events in ([opened, shut, opened], [shut, opened, shut, opened])
        assert first in (shut, replace(shut, is_retained=True))
        assert {told.value for told in ear.heard if isinstance(told, SensorRead) and told.sensor == "mad.a1"} == {5.0}


async def test_the_last_will_is_spoken_for_a_pulled_plug_and_not_after_a_goodbye(any_broker: Broker) -> None:
    async with StoreBus(bus_of(any_broker)) as listener:
        await listener.subscribe(["will/#"])
        async with StoreBus(bus_of(any_broker), will=LastWill("will/polite", b"gone")):
            pass
        async with StoreBus(bus_of(any_broker), will=LastWill("will/pulled", b"gone")) as bus:
            bus.cut()
            async with asyncio.timeout(WITHIN_S):
                heard = await anext(aiter(listener.messages()))
    assert heard.topic == "will/pulled"
