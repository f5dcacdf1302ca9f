"""The path of a reading, on the same stations as a tap: sense, record, identify, decide, commit, show.

A reading is a level, not a fact: it is compared in memory, and journalled only where it changed something (a slot
holds another number of units, a door opened, an alert was raised), in one transaction with all that follows from it.
"""

from __future__ import annotations

from collections.abc import Callable

from devices.observations import DeviceState
from devices.readings import SensorWord
from edge_agent.floor.sensors import Sensors
from edge_agent.supervision import DeviceCondition


class Floor:
    """Takes what sensors say."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self.sensors = Sensors(monotonic=monotonic)

    async def observe(self, device: str, word: SensorWord) -> None:
        """Walk one word of a sensor; what it changed is durable when this returns."""
        self.sensors.hear(device, word)

    async def device_changed(self, condition: DeviceCondition) -> None:
        """A device stands differently now."""
        if condition.state is DeviceState.OFFLINE:
            self.sensors.device_changed(condition.name, condition.state, condition.reason)
