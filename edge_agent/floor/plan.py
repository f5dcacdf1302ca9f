"""The planogram of a gateway, checked against what is attached to it: a misspelt scale would just stay silent."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.shelves.planogram import PlannedSlot, load_planogram


def plan_of(settings: EdgeSettings) -> tuple[PlannedSlot, ...]:
    """What stands where, by ``[floor] planogram_file``; nothing where there is none.

    Raises :class:`ConfigError` naming the line and the column.
    """
    file = settings.floor.planogram_file
    if file is None:
        return ()
    devices = {device.name for device in settings.devices}
    indicators = {indicator.name for indicator in settings.indicators}
    plan = load_planogram(file)
    for slot in plan:
        place = f"slot {slot.slot}"
        if slot.scale and device_of(slot.scale) not in devices:
            problem = f"the scale {slot.scale!r} is of no configured device"
            raise ConfigError(file, f"{place}: scale", problem, f"Write DEVICE/SENSOR; {_known('devices', devices)}")
        if slot.light and slot.light not in indicators:
            problem = f"the light {slot.light!r} is not configured"
            raise ConfigError(file, f"{place}: light", problem, _known("indicators", indicators))
    return plan


def floor_doubts(settings: EdgeSettings) -> Iterator[str]:
    """What in ``[floor]`` names nothing that is attached; it does no harm, and does nothing."""
    devices = {device.name for device in settings.devices}
    for limits in settings.floor.temperatures:
        if device_of(limits.sensor) not in devices:
            yield f"floor.temperatures names the sensor {limits.sensor!r} of no configured device"
    buzzer = settings.floor.buzzer
    if buzzer and buzzer not in {indicator.name for indicator in settings.indicators}:
        yield f"floor.buzzer names {buzzer!r}, which is no configured indicator"


def device_of(sensor: str) -> str:
    """The device of a sensor's name: ``device``, or ``device/sensor``."""
    return sensor.partition("/")[0]


def _known(what: str, names: set[str]) -> str:
    return f"known [[{what}]]: {', '.join(sorted(names)) or 'none'}."
