"""A device as supervision knows it: how it is opened and powered, and how it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from devices.device import Device
from devices.observations import DeviceState
from edge_agent.supervision.ladder import Rung
from edge_agent.supervision.power import PowerCycle


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """A configured device. ``open`` makes a fresh one for every attempt.

    ``silence_s_max``: one that says nothing for longer hangs and is opened again; ``None`` for those that are silent
    while nobody uses them.
    """

    name: str
    driver: str
    open: Callable[[], Device]
    power: PowerCycle | None = None
    silence_s_max: float | None = None


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """Where a device stands, why, since when, and when it last gave a sign of life.

    ``key`` is a :class:`~devices.device.Trouble` or empty; ``rung`` what is being tried, ``failures`` how many there
    were in a row.
    """

    name: str
    driver: str
    state: DeviceState = DeviceState.CONNECTING
    reason: str = ""
    last_seen: datetime | None = None
    key: str = ""
    remedy: str = ""
    rung: Rung | None = None
    failures: int = 0
    since: datetime | None = None
