"""Keeps every device open: one task each, so that a bad one never delays another.

A driver may fail in any way; the supervisor shows why, waits, and opens it again, for as long as
the gateway runs. An observation is handed on one at a time, and the driver is resumed only after
``handle`` returned, which means: durable. If ``handle`` raises, the driver's generator is closed
at its ``yield``, so a till behind it is told "not taken" and sends again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from devices.device import Device, DeviceFault
from devices.observations import ConditionChanged, DeviceState, Observation

REASON_LENGTH_MAX = 300
_DOUBLINGS_MAX = 30
_log = structlog.get_logger("sense")

Handle = Callable[[str, Observation], Awaitable[None]]
"""Takes a device's observation; returns once it is durable."""


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """A configured device. ``open`` makes a fresh one for every attempt."""

    name: str
    driver: str
    open: Callable[[], Device]


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """Where a device stands, why, and when it last gave a sign of life."""

    name: str
    driver: str
    state: DeviceState = DeviceState.CONNECTING
    reason: str = ""
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits between half and all of the nominal length, so that nobody retries in step.

    ``draw`` returns a float in [0, 1); it is injected so that a run can be repeated.
    """

    draw: Callable[[], float]
    first_s: float = 0.5
    cap_s: float = 30.0

    def wait_s(self, failures: int) -> float:
        """The wait after the ``failures``-th failure in a row (1 is the first)."""
        nominal_s = min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return nominal_s * (0.5 + 0.5 * self.draw())


@dataclass(frozen=True, slots=True)
class Pace:
    """Time, as the supervisor sees it. ``monotonic`` in seconds; all injected, so that tests need not wait."""

    backoff: Backoff
    sleep: Callable[[float], Awaitable[None]]
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    healthy_s: float = 60.0
    """After this long online, earlier failures are forgiven."""
    open_s: float = 20.0
    """How long opening may take."""
    close_s: float = 0.8
    """How long closing may take, one device alone or all together; then it is left behind."""


class Supervisor:
    """Runs all devices. ``changed`` is told of every new condition; what it raises is logged, no more."""

    def __init__(
        self,
        devices: Iterable[AttachedDevice],
        *,
        handle: Handle,
        changed: Callable[[DeviceCondition], Awaitable[None]],
        pace: Pace,
    ) -> None:
        self._pace = pace
        self._minders = {device.name: _Minder(device, handle=handle, changed=changed, pace=pace) for device in devices}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """How every device stands now, in the order of the configuration."""
        return tuple(minder.condition for minder in self._minders.values())

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


class _Minder:
    """Keeps one device open."""

    def __init__(
        self,
        device: AttachedDevice,
        *,
        handle: Handle,
        changed: Callable[[DeviceCondition], Awaitable[None]],
        pace: Pace,
    ) -> None:
        self.condition = DeviceCondition(device.name, device.driver)
        self._device = device
        self._handle = handle
        self._changed = changed
        self._pace = pace
        self._failures = 0
        self._online_since_s: float | None = None

    async def keep_open(self) -> None:
        """Open, read, and after any failure open again. Ends only by cancellation."""
        while True:
            self._online_since_s = None
            wanted_s: float | None = None
            try:
                await self._live_once()
                reason = "the driver ended by itself"
            except DeviceFault as fault:
                reason, wanted_s = fault.reason, fault.retry_after_s
                _log.info("sense", device=self._device.name, problem=fault.reason, remedy=fault.remedy)
            except _NotTaken as refusal:
                reason = str(refusal)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other devices go on
                reason = f"driver bug: {type(error).__name__}"
                _log.exception("sense", device=self._device.name, problem=reason)
            await self._stand(DeviceState.OFFLINE, reason)
            await self._pace.sleep(self._wait_s(wanted_s))

    async def _live_once(self) -> None:
        async with _entered(self._device.open(), self._pace) as device:
            self._online_since_s = self._pace.monotonic()
            self._seen()
            await self._stand(DeviceState.ONLINE, "")
            observations = device.observations()
            try:
                async for observation in observations:
                    self._seen()
                    await self._take(observation)
            finally:
                if isinstance(observations, AsyncGenerator):
                    await observations.aclose()

    async def _take(self, observation: Observation) -> None:
        if isinstance(observation, ConditionChanged):
            await self._stand(observation.state, observation.reason)
            return
        try:
            await self._handle(self._device.name, observation)
        except Exception as error:
            reason = f"not taken: {type(error).__name__}"
            _log.exception("record", device=self._device.name, problem=reason)
            raise _NotTaken(reason) from error

    def _wait_s(self, wanted_s: float | None) -> float:
        """The pause before the next attempt; a device that was healthy for a while starts afresh."""
        since = self._online_since_s
        if since is not None and self._pace.monotonic() - since >= self._pace.healthy_s:
            self._failures = 0
        self._failures += 1
        if wanted_s is not None and self._failures == 1:
            return wanted_s
        return self._pace.backoff.wait_s(self._failures)

    def _seen(self) -> None:
        self.condition = replace(self.condition, last_seen=self._pace.now())

    async def _stand(self, state: DeviceState, reason: str) -> None:
        reason = reason[:REASON_LENGTH_MAX]
        if (self.condition.state, self.condition.reason) == (state, reason):
            return
        self.condition = replace(self.condition, state=state, reason=reason)
        _log.info("sense", device=self._device.name, state=state.value, reason=reason)
        try:
            await self._changed(self.condition)
        except Exception:  # noqa: BLE001 - losing a line of telemetry must not close a working device
            _log.exception("sense", device=self._device.name, problem="its new state was not recorded")


class _NotTaken(Exception):
    """An observation could not be handled; its device is closed so that its source learns of it."""


@asynccontextmanager
async def _entered(device: Device, pace: Pace) -> AsyncIterator[Device]:
    """The device, opened and closed in bounded time."""
    async with _within(pace.open_s, "open"):
        opened = await device.__aenter__()
    try:
        yield opened
    finally:
        async with _within(pace.close_s, "close"):
            await device.__aexit__(None, None, None)


@asynccontextmanager
async def _within(limit_s: float, verb: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        remedy = "Check its cable and power, and that no other program uses it"
        raise DeviceFault(f"did not {verb} within {limit_s:g} s", remedy=remedy) from error
