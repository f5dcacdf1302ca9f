"""The driver ``mqtt_sensors``: one connection to the store's bus, and every sensor that speaks on it.

Sensors appear by what they announce: Home Assistant's discovery (so does ESPHome), Zigbee2MQTT's list of devices, or
a mapping file. Nothing here writes to the bus.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import Field

from devices.device import DeviceFault, Driver, Trouble
from devices.observations import Observation
from devices.sensors.discovery import Discovery
from devices.sensors.mapping import Mapping, MappingError, read_mapping
from devices.sensors.switchboard import Dialect, Switchboard
from devices.sensors.zigbee2mqtt import ORIGIN, Zigbee2Mqtt
from devices.store_bus import BusSettings, StoreBus
from devices.store_bus.settings import OWN_TOPIC

_ASK_AT_MOST = 50
_DROPS_FORGOTTEN_S = 60.0
_TOPIC_PART = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"


class MqttSensorsSettings(BusSettings):
    """Settings of the sensors on one in-store broker; most stores need none but the login."""

    reads: tuple[Literal["home_assistant", "zigbee2mqtt"], ...] = Field(
        ("home_assistant", "zigbee2mqtt"), max_length=2, description="Whose announcements to believe"
    )
    discovery_prefix: str = Field(
        "homeassistant", max_length=64, pattern=_TOPIC_PART, description="Where Home Assistant's announcements are made"
    )
    zigbee2mqtt_topic: str = Field(
        "zigbee2mqtt", max_length=64, pattern=_TOPIC_PART, description="Zigbee2MQTT's base topic"
    )
    own_topic: str = Field(
        OWN_TOPIC,
        max_length=64,
        pattern=_TOPIC_PART,
        description="Below it the gateway itself speaks ([home_assistant] topic); what is announced there is no sensor",
    )
    mapping_file: Path | None = Field(None, description="TOML file of sensors that announce nothing (docs/devices.md)")
    sensors_max: int = Field(500, ge=1, le=1_000, description="Sensors listened to; further ones are reported")
    scale_interval_s: float = Field(
        60.0, ge=0, le=86_400, description="How often scales report that do not say it; 0: only when something changes"
    )

    def dialects(self) -> list[Dialect]:
        """What these settings listen for, the mapping file apart."""
        zigbee = "zigbee2mqtt" in self.reads
        dialects: list[Dialect] = []
        if "home_assistant" in self.reads:
            dialects.append(
                Discovery(
                    self.discovery_prefix,
                    self.own_topic,
                    scale_interval_s=self.scale_interval_s or None,
                    skipped_origins=frozenset({ORIGIN}) if zigbee else frozenset(),
                )
            )
        if zigbee:
            dialects.append(Zigbee2Mqtt(self.zigbee2mqtt_topic))
        return dialects


class MqttSensors:
    """All sensors of one in-store broker."""

    def __init__(self, settings: MqttSensorsSettings, *, clock: Callable[[], float] | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._bus = StoreBus(settings)
        self._mapping = Mapping()
        self._switchboard: Switchboard | None = None
        self._dropped = 0
        self._dropped_s = 0.0

    def __repr__(self) -> str:
        return f"MqttSensors({self._bus!r}, sensors={len(self._switchboard or ())})"

    async def __aenter__(self) -> Self:
        if self._settings.mapping_file is not None:
            try:
                self._mapping = await asyncio.to_thread(read_mapping, self._settings.mapping_file)
            except MappingError as error:
                remedy = "mend the line named in the mapping file"
                raise DeviceFault(str(error), remedy=remedy, key=Trouble.MISCONFIGURED) from error
        await self._bus.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._bus.__aexit__(kind, error, trace)

    async def observations(self) -> AsyncIterator[Observation]:
        """What sensors announce and say, in the order in which it came."""
        now_s = self._clock or asyncio.get_running_loop().time
        board = self._switchboard = Switchboard(
            [*self._settings.dialects(), self._mapping], sensors_max=self._settings.sensors_max
        )
        for told in board.begin(self._mapping.announcements()):
            yield told
        await self._bus.subscribe(board.filters())
        await self._ask(board)
        async for heard in self._bus.messages():
            at_s = now_s()
            self._note_drops(board, at_s)
            for told in board.hear(heard, at_s):
                yield told
            # Announcements come in crowds: their topics are asked for together, once the crowd was heard.
            if not self._bus.waiting or board.wanted >= _ASK_AT_MOST:
                await self._ask(board)

    async def _ask(self, board: Switchboard) -> None:
        if unwanted := board.take_unwanted():
            await self._bus.unsubscribe(unwanted)
        if wanted := board.take_wanted():
            await self._bus.subscribe(wanted)

    def _note_drops(self, board: Switchboard, now_s: float) -> None:
        """What was dropped is complained of, and forgotten once nothing was for a while."""
        drops = self._bus.drops
        if drops.total != self._dropped:
            self._dropped, self._dropped_s = drops.total, now_s
            kinds = [name for name in ("too_large", "overtaken", "overflow", "no_topic") if getattr(drops, name)]
            board.complaints.add("drops", f"messages were dropped ({', '.join(kinds).replace('_', ' ')})")
        elif now_s - self._dropped_s > _DROPS_FORGOTTEN_S:
            board.complaints.clear("drops")


DRIVER: Driver[MqttSensorsSettings] = Driver(
    name="mqtt_sensors",
    summary="Scales, doors, motion and climate sensors on the store's MQTT bus",
    settings=MqttSensorsSettings,
    open=MqttSensors,
)
