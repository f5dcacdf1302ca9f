"""From ``[[devices]]`` to devices that can be opened, again and again, and powered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from devices.device import Driver, Signal
from edge_agent.config import DeviceTable
from edge_agent.supervision.attached import AttachedDevice
from edge_agent.supervision.power import CommandPower, PowerCycle, PowerSwitch, RelayPower

Show = Callable[[str, Signal], Awaitable[None]]
"""Makes an indicator, by its name, show something."""


def attached(table: DeviceTable, driver: Driver[Any], *, show: Show) -> AttachedDevice:
    """The configured device. Raises ``pydantic.ValidationError`` for settings that its driver does not take."""
    settings = driver.configure(table.settings)
    switch = _switch(table, show)
    power = PowerCycle(switch, off_s=table.power_off_s) if switch else None
    return AttachedDevice(
        table.name, table.driver, lambda: driver.open(settings), power=power, silence_s_max=table.silence_s_max
    )


def _switch(table: DeviceTable, show: Show) -> PowerSwitch | None:
    if table.power is not None:
        return RelayPower(table.power, show=show)
    if table.power_command is not None:
        return CommandPower(table.power_command)
    return None
