"""What a gateway takes from the world around it, so that a test or a simulation can hand in another."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cloud_bridge.uplink.outbox import Outbox
from devices.device import Driver, IndicatorDriver
from devices.registry import load_driver, load_indicator
from edge_agent.clock import HybridClock, system_clock
from edge_agent.rights.machine import machine_identity
from edge_agent.service_notify import ServiceNotifier
from edge_agent.tap_path import Pass, log_passage


def _as_it_is(outbox: Outbox) -> Outbox:
    return outbox


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Clock, chance, drivers, the machine, the service manager, and two places from which a gateway can be watched."""

    clock: Callable[[], HybridClock] = system_clock
    chance: random.Random = field(default_factory=random.SystemRandom)
    drivers: Callable[[str], Driver[Any]] = load_driver
    indicators: Callable[[str], IndicatorDriver[Any]] = load_indicator
    machine: Callable[[], str] = machine_identity
    service: ServiceNotifier = field(default_factory=ServiceNotifier)
    passing: Pass = log_passage
    """Told of each observation at each station from Sense to Show."""
    outbox: Callable[[Outbox], Outbox] = _as_it_is
    """Stands between journal and uplink, at the stations Uplink and Post."""
