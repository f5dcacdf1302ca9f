"""Supervision: every device is kept open, its state is told, and it heals by itself as far as it can."""

from edge_agent.supervision.supervisor import AttachedDevice, Backoff, DeviceCondition, Pace, Supervisor

__all__ = ["AttachedDevice", "Backoff", "DeviceCondition", "Pace", "Supervisor"]
