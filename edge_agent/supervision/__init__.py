"""Supervision: every device is kept open, its state is told, and it heals by itself as far as it can."""

from edge_agent.supervision.attached import AttachedDevice, DeviceCondition
from edge_agent.supervision.ladder import LADDER, Rung
from edge_agent.supervision.pace import Backoff, Pace
from edge_agent.supervision.power import CommandPower, PowerCycle, RelayPower
from edge_agent.supervision.supervisor import HealingFigures, Supervisor

__all__ = [
    "LADDER",
    "AttachedDevice",
    "Backoff",
    "CommandPower",
    "DeviceCondition",
    "HealingFigures",
    "Pace",
    "PowerCycle",
    "RelayPower",
    "Rung",
    "Supervisor",
]
