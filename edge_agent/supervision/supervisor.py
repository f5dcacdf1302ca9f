"""Keeps every device open: one task each, so that a bad one never delays another.

A driver may fail in any way; the supervisor shows why, waits, and opens it again, for as long as
the gateway runs. An observation is handed on one at a time, and the driver is resumed only after
``handle`` returned, which means: durable. If ``handle`` raises, the driver's generator is closed
at its ``yield``, so a till behind it is told "not taken" and sends again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from edge_agent.supervision.attached import AttachedDevice, DeviceCondition
from edge_agent.supervision.ladder import Rung
from edge_agent.supervision.minder import Alarm, Ears, Handle, Minder, Tell
from edge_agent.supervision.pace import Pace

_log = structlog.get_logger("sense")


@dataclass(frozen=True, slots=True)
class HealingFigures:
    """Since the start: how often each rung was used for a device, and how often its driver held up all others."""

    rungs: Mapping[Rung, int]
    hold_ups: int


async def _nobody(_: DeviceCondition, is_needed: bool) -> None:  # noqa: FBT001 - the shape of Alarm
    """For a store without alerts."""


class Supervisor:
    """Runs all devices. What ``changed`` and ``alarm`` raise is logged, no more."""

    def __init__(
        self,
        devices: Iterable[AttachedDevice],
        *,
        handle: Handle,
        changed: Tell,
        pace: Pace,
        alarm: Alarm = _nobody,
    ) -> None:
        self._pace = pace
        ears = Ears(handle, changed, alarm)
        self._minders = {device.name: Minder(device, ears, pace) for device in devices}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """How every device stands now, in the order of the configuration."""
        return tuple(minder.condition for minder in self._minders.values())

    def healing(self) -> dict[str, HealingFigures]:
        """What was tried to heal each device, by its name."""
        return {
            name: HealingFigures(dict(minder.climb.counts), minder.hold_ups) for name, minder in self._minders.items()
        }

    async def run(self) -> None:
        """Open every device and keep it open. Returns only by cancellation; call :meth:`stop` afterwards."""
        self._tasks = {
            name: asyncio.create_task(minder.keep_open(), name=f"device {name}")
            for name, minder in self._minders.items()
        }
        if not self._tasks:
            await asyncio.Event().wait()
        ended, _ = await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()

    async def stop(self) -> tuple[str, ...]:
        """Close every device within ``close_s``. Returns the names of those that would not close."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._pace.close_s)
        hanging = tuple(name for name, task in self._tasks.items() if not task.done())
        if hanging:
            _log.warning("sense", problem="devices would not close and are left behind", devices=list(hanging))
        return hanging
