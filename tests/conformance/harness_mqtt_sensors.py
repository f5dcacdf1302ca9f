"""A real broker in the store, and a node with a scale that shows a new weight each time."""

from __future__ import annotations

import asyncio
import shutil
from itertools import count
from pathlib import Path
from typing import Any

from devices.observations import Observation
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead
from devices.store_bus import BusSettings, StoreBus
from devices.virtual.bus.esphome import VirtualEspHome
from devices.virtual.faults import FaultKind
from tests.brokers import AmqttBroker, Broker, MosquittoBroker
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "mqtt_sensors"
_NODE, _SCALE = "shelf-1", "a1"
_BEAT_S = 0.05


def harness(place: HarnessPlace) -> Harness:
    return BusHarness(place)


class BusHarness:
    abilities = frozenset(Ability)

    def __init__(self, place: HarnessPlace) -> None:
        has_mosquitto = shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()
        self._broker: Broker = (MosquittoBroker if has_mosquitto else AmqttBroker)(place.free_port(), place.folder)
        self._settings = BusSettings(port=self._broker.port)
        self._node = VirtualEspHome(self._settings, _NODE, interval_s=_BEAT_S)
        self._node.add_scale(_SCALE, noise_g=0.0)
        self.twin = self._node
        self._grams = count(1)
        name = self._node.name_of(_SCALE)
        found = SensorFound(name, Measure.WEIGHT, f"{_NODE} {_SCALE}", "Espressif", "esp32dev", interval_s=1.0)
        lost = [SensorLost(name, f"it says {what}") for what in ("bytes that are no text", "a text that is no number")]
        self.former: list[Observation] = [found, SensorBack(name), *lost]
        self._shown = self._readings(0.0)

    async def open(self) -> None:
        await asyncio.to_thread(self._broker.start)
        await self._node.__aenter__()

    def settings(self) -> dict[str, Any]:
        return {"port": self._broker.port}

    async def produce(self) -> Observation:
        self.former += self._shown
        grams = float(next(self._grams))
        self._shown = said, kept = self._readings(grams)
        self.former.append(kept)  # where the driver opens only now, what the broker kept comes first
        self._node.weigh(_SCALE, grams)
        return said

    def _readings(self, grams: float) -> tuple[SensorRead, SensorRead]:
        read = SensorRead(self._node.name_of(_SCALE), Measure.WEIGHT, grams)
        return read, SensorRead(read.sensor, read.measure, grams, is_retained=True)

    async def unplug(self) -> None:
        await asyncio.to_thread(self._broker.kill)

    async def replug(self) -> None:
        await asyncio.to_thread(self._broker.start)

    async def garble(self) -> None:
        self._node.fail(FaultKind.GARBAGE)
        async with StoreBus(self._settings) as bus:
            for topic in (
                "homeassistant/sensor/x/y/config",
                "homeassistant/device/x/config",
                "zigbee2mqtt/bridge/devices",
            ):
                for payload in (b"\xff\x00", b"{", b"[[[[", b'{"cmps": 1}'):
                    await bus.publish(topic, payload)

    async def silence(self) -> None:
        self._node.fail(FaultKind.SILENT)

    async def heal(self) -> None:
        self._node.heal()

    async def close(self) -> None:
        await self._node.__aexit__(None, None, None)
        await asyncio.to_thread(self._broker.kill)
