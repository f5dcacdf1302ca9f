"""What supervision says to the alerts: a device that its self-healing could not bring back."""

from __future__ import annotations

from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.supervision.attached import DeviceCondition


def device_finding(condition: DeviceCondition, *, is_needed: bool) -> Finding:
    """Somebody must come because of this device, or need not any more."""
    facts: dict[str, str | int] = {
        "driver": condition.driver,
        "reason": condition.reason,
        "key": condition.key,
        "remedy": condition.remedy,
        "failures": condition.failures,
    }
    if condition.since is not None:
        facts["since"] = condition.since.isoformat(timespec="seconds")
    return Finding(AlertKind.DEVICE_OFFLINE, condition.name, Holds.YES if is_needed else Holds.NO, facts)
