"""Keeps one device open: opens it, reads it, tells how it stands, and climbs the ladder when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

import structlog

from devices.device import Device, DeviceFault, Trouble
from devices.observations import ConditionChanged, DeviceState, Observation
from edge_agent.supervision.attached import AttachedDevice, DeviceCondition
from edge_agent.supervision.ladder import Climb, Rung
from edge_agent.supervision.pace import Pace
from edge_agent.supervision.states import Happening, after
from edge_agent.supervision.turns import Portion, measured

REASON_LENGTH_MAX = 300
HOLD_UP_S = 0.05
"""A longer stretch of a driver on the event loop is counted: it is what another device may be delayed by."""
_CHECK_CABLE = "Check its cable and power, and that no other program uses it"
_RESTART = "Restart the gateway: its driver neither opens nor lets go"
_log = structlog.get_logger("sense")

Handle = Callable[[str, Observation], Awaitable[None]]
"""Takes a device's observation; returns once it is durable."""
Tell = Callable[[DeviceCondition], Awaitable[None]]
Alarm = Callable[[DeviceCondition, bool], Awaitable[None]]
"""Somebody must come (``True``) because of a device, or need not any more."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears of devices: what they say, how they stand, and when somebody must come."""

    handle: Handle
    changed: Tell
    alarm: Alarm


class Minder:
    """Keeps one device open for as long as the gateway runs."""

    def __init__(self, device: AttachedDevice, ears: Ears, pace: Pace) -> None:
        self.condition = DeviceCondition(device.name, device.driver, since=pace.now())
        self.climb = Climb(has_power=device.power is not None)
        self.hold_ups = 0
        """Stretches of the driver on the event loop of more than :data:`HOLD_UP_S`."""
        self._device = device
        self._ears = ears
        self._pace = pace
        self._open_since_s: float | None = None
        self._away_since_s = pace.monotonic()
        self._is_alarmed = False
        self._hold_up: DeviceFault | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def keep_open(self) -> None:
        """Open, read, and after any failure open again. Ends only by cancellation."""
        while True:
            self._open_since_s = None
            try:
                fault, rung = await self._one_opening()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other devices go on
                fault = self._called_by_name(error)
                rung = await self._failed(fault)
            await self._heal(fault, rung)

    async def _one_opening(self) -> tuple[DeviceFault, Rung]:
        """Read an opening for as long as the ladder says to ask it again; what ended it, and what comes next."""
        async with self._entered() as device:
            while True:
                self._open_since_s = self._pace.monotonic()
                self._seen()
                await self._stand(Happening.OPENED)
                fault = await self._read(device)
                rung = await self._failed(fault)
                if rung is not Rung.RETRY:
                    return fault, rung
                await self._rest(fault)

    async def _read(self, device: Device) -> DeviceFault:
        """Take in what the device says until that ends; returns why it did."""
        observations = device.observations()
        closing = aclosing(observations) if isinstance(observations, AsyncGenerator) else nullcontext()
        portion = Portion(self._pace.words_per_s_max, monotonic=self._pace.monotonic)
        try:
            async with closing:
                while True:
                    observation = await self._next(observations)
                    self._seen()
                    await self._take(observation)
                    await self._let_others_by(portion)
        except StopAsyncIteration:
            return DeviceFault("the driver ended by itself", remedy="Report it.", key=Trouble.ENDED)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other devices go on
            return self._called_by_name(error)

    async def _next(self, observations: AsyncIterator[Observation]) -> Observation:
        step = measured(anext(observations), monotonic=self._pace.monotonic, took=self._kept_the_loop)
        limit_s = self._device.silence_s_max
        if limit_s is None:
            return await step
        async with _within(limit_s, f"said nothing for {limit_s:g} s", Trouble.SILENT):
            return await step

    async def _take(self, observation: Observation) -> None:
        if isinstance(observation, ConditionChanged):
            is_well = observation.state is DeviceState.ONLINE
            happened = Happening.RECOVERED if is_well else Happening.COMPLAINED
            await self._stand(happened, observation.reason, key=observation.key)
            return
        try:
            await self._ears.handle(self._device.name, observation)
        except Exception as error:
            reason = f"not taken: {type(error).__name__}"
            _log.exception("record", device=self._device.name, problem=reason)
            remedy = "See what the log says of the journal."
            raise DeviceFault(reason, remedy=remedy, key=Trouble.NOT_TAKEN, is_still_open=True) from error

    async def _let_others_by(self, portion: Portion) -> None:
        """A device that never pauses must not keep the others from their turn."""
        if self._hold_up is not None:
            raise self._hold_up
        wait_s = portion.wait_s()
        if wait_s <= 0:
            await asyncio.sleep(0)
            return
        most = self._pace.words_per_s_max
        await self._stand(Happening.COMPLAINED, f"says more than {most} things in a second", key=Trouble.FLOODING)
        await self._pace.sleep(wait_s)

    def _kept_the_loop(self, stretch_s: float) -> DeviceFault | None:
        if stretch_s <= HOLD_UP_S:
            return None
        self.hold_ups += 1
        _log.warning(
            "sense", device=self._device.name, problem="held up all other devices", seconds=round(stretch_s, 3)
        )
        if stretch_s > self._pace.hold_up_s_max:
            reason = f"its driver held up all other devices for {stretch_s:.1f} s"
            self._hold_up = DeviceFault(reason, remedy="Report it to who wrote the driver.", key=Trouble.HOLDS_UP)
        return self._hold_up

    def _called_by_name(self, error: Exception) -> DeviceFault:
        """The fault to show; what is none is a driver's bug, and its traceback is logged."""
        if isinstance(error, DeviceFault):
            # Said once: a cable that stays pulled for a week is no news every fifteen seconds.
            tell = _log.debug if error.reason == self.condition.reason else _log.info
            tell("sense", device=self._device.name, problem=error.reason, remedy=error.remedy)
            return error
        reason = f"driver bug: {type(error).__name__}"
        _log.error("sense", device=self._device.name, problem=reason, exc_info=error)
        return DeviceFault(reason, remedy="Report it with what the log says.", key=Trouble.BUG)

    async def _failed(self, fault: DeviceFault) -> Rung:
        since_s, now_s = self._open_since_s, self._pace.monotonic()
        if since_s is not None and now_s - since_s >= self._pace.healthy_s:
            self.climb.forgive()
        rung = self.climb.fail(is_still_open=fault.is_still_open)
        self._hold_up = None
        if self.condition.state is not DeviceState.OFFLINE:
            self._away_since_s = now_s
        await self._stand(Happening.FAILED, fault.reason, key=fault.key or "", remedy=fault.remedy)
        return rung

    async def _heal(self, fault: DeviceFault, rung: Rung) -> None:
        """What the rung asks for beyond opening again, and the wait before that."""
        if rung is Rung.POWER and self._device.power is not None:
            try:
                await self._device.power.run(self._pace.sleep)
            except Exception as error:  # noqa: BLE001 - whatever a power hook raises, the device is opened again
                refusal = self._called_by_name(error)
                _log.warning("sense", device=self._device.name, problem=refusal.reason, remedy=refusal.remedy)
        if rung is Rung.ALERT:
            await self._call_somebody()
        await self._rest(fault)

    async def _rest(self, fault: DeviceFault) -> None:
        """Wait before the next attempt; whoever must be called in between is called on time."""
        wait_s = self._pace.backoff.wait_s(self.climb.failures)
        if fault.retry_after_s is not None and self.climb.failures == 1:
            wait_s = fault.retry_after_s
        if not self._is_alarmed:
            until_alarm_s = self._away_since_s + self._pace.alert_after_s - self._pace.monotonic()
            if until_alarm_s <= wait_s:
                await self._pace.sleep(max(0.0, until_alarm_s))
                await self._call_somebody()
                wait_s -= max(0.0, until_alarm_s)
        await self._pace.sleep(wait_s)

    async def _call_somebody(self) -> None:
        if not self._is_alarmed:
            await self._alarm(is_needed=True)

    async def _alarm(self, *, is_needed: bool) -> None:
        try:
            await self._ears.alarm(self.condition, is_needed)
        except Exception:  # noqa: BLE001 - an alert that could not be kept is said again with the next failure
            _log.exception("sense", device=self._device.name, problem="nobody could be called")
        else:
            self._is_alarmed = is_needed

    def _seen(self) -> None:
        self.condition = replace(self.condition, last_seen=self._pace.now())

    async def _stand(self, happening: Happening, reason: str = "", *, key: str = "", remedy: str = "") -> None:
        """Take in what happened, and tell of it if the device stands differently now."""
        before = self.condition
        state, reason = after(before.state, happening), reason[:REASON_LENGTH_MAX]
        self.condition = replace(
            before,
            state=state,
            reason=reason,
            key=str(key),
            remedy=remedy,
            rung=self.climb.rung if state is DeviceState.OFFLINE else None,
            failures=self.climb.failures,
            since=before.since if before.state is state else self._pace.now(),
        )
        if state is not DeviceState.OFFLINE and self._is_alarmed:
            await self._alarm(is_needed=False)
        if (before.state, before.reason) == (state, reason):
            return
        _log.info("sense", device=self._device.name, state=state.value, reason=reason)
        try:
            await self._ears.changed(self.condition)
        except Exception:  # noqa: BLE001 - losing a line of telemetry must not close a working device
            _log.exception("sense", device=self._device.name, problem="its new state was not recorded")

    @asynccontextmanager
    async def _entered(self) -> AsyncIterator[Device]:
        """The device, opened and closed in bounded time."""
        pace = self._pace
        too_late = f"did not open within {pace.open_s:g} s"
        async with self._watched(too_late), _within(pace.open_s, too_late, Trouble.NOT_OPENED):
            entering = self._device.open().__aenter__()
            device = await measured(entering, monotonic=pace.monotonic, took=self._kept_the_loop)
        try:
            yield device
        finally:
            await self._leave(device)

    @asynccontextmanager
    async def _watched(self, too_late: str) -> AsyncIterator[None]:
        """Somebody is called although a driver that will not be cancelled keeps this task for ever."""

        async def call() -> None:
            await asyncio.sleep(max(self._pace.alert_after_s, 2 * self._pace.open_s))
            await self._stand(Happening.FAILED, too_late, key=Trouble.NOT_OPENED, remedy=_RESTART)
            await self._call_somebody()

        watch = asyncio.create_task(call(), name=f"watch {self._device.name}")
        try:
            yield
        finally:
            watch.cancel()

    async def _leave(self, device: Device) -> None:
        """Close it. What takes longer than it may goes on beside the next opening, or its port would never be free."""
        if self._leaving is not None:
            self._leaving.cancel()  # No more than one is left behind.
        leaving = self._leaving = asyncio.create_task(self._close(device), name=f"closing {self._device.name}")
        done, _ = await asyncio.wait({leaving}, timeout=self._pace.close_s)
        if done:
            self._leaving = None
            leaving.result()
            return
        problem = f"did not close within {self._pace.close_s:g} s"
        _log.warning("sense", device=self._device.name, problem=problem, remedy=_CHECK_CABLE)

    async def _close(self, device: Device) -> None:
        try:
            await device.__aexit__(None, None, None)
        except DeviceFault as fault:
            # What ended the opening is the reason to show, not what followed from it.
            _log.warning("sense", device=self._device.name, problem=fault.reason, remedy=fault.remedy)


@asynccontextmanager
async def _within(limit_s: float, otherwise: str, key: Trouble) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise DeviceFault(otherwise, remedy=_CHECK_CABLE, key=key) from error
