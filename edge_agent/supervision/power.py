"""Switching a device's power: through a relay of this gateway, or by a program such as uhubctl."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from devices.device import DeviceFault, Signal

COMMAND_S_MAX = 10.0
SWITCH_S_MAX = 15.0
"""For any switch, whatever it is made of; a program has its own, shorter limit."""
_KILLED_S_MAX = 1.0
_ON_ATTEMPTS_MAX = 3


class PowerSwitch(Protocol):
    """Cuts and gives power. Raises :class:`DeviceFault` when it cannot."""

    async def off(self) -> None: ...

    async def on(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PowerCycle:
    """How one device is cold-started: off for ``off_s`` seconds, then on, then ``settle_s`` for it to start."""

    switch: PowerSwitch
    off_s: float = 5.0
    settle_s: float = 3.0
    switch_s_max: float = SWITCH_S_MAX

    async def run(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Do it. Power is given back even if this is cancelled half-way. Raises :class:`DeviceFault`."""
        try:
            # Within the try: what failed to say that it was done may have been done.
            await self._within_reason(self.switch.off())
            await sleep(self.off_s)
        finally:
            await asyncio.shield(asyncio.ensure_future(self._give_back()))
        await sleep(self.settle_s)

    async def _give_back(self) -> None:
        for attempt in range(1, _ON_ATTEMPTS_MAX + 1):
            try:
                await self._within_reason(self.switch.on())
            except DeviceFault:
                if attempt == _ON_ATTEMPTS_MAX:
                    raise
            else:
                return

    async def _within_reason(self, switching: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self.switch_s_max):
                await switching
        except TimeoutError as error:
            reason = f"its power did not switch within {self.switch_s_max:g} s"
            raise DeviceFault(reason, remedy="Try its power hook by hand.") from error


class RelayPower:
    """Power behind a relay that is one of the gateway's indicators: on is powered."""

    def __init__(self, indicator: str, *, show: Callable[[str, Signal], Awaitable[None]]) -> None:
        self._indicator = indicator
        self._show = show

    async def off(self) -> None:
        await self._show(self._indicator, Signal.OFF)

    async def on(self) -> None:
        await self._show(self._indicator, Signal.ON)


class CommandPower:
    """Power switched by a program: the configured words, and then ``off`` or ``on``. No shell comes between."""

    def __init__(self, command: tuple[str, ...], *, limit_s: float = COMMAND_S_MAX) -> None:
        self._command = command
        self._limit_s = limit_s

    async def off(self) -> None:
        await self._run("off")

    async def on(self) -> None:
        await self._run("on")

    async def _run(self, word: str) -> None:
        remedy = "Try the power_command by hand, as the gateway's user."
        nothing = asyncio.subprocess.DEVNULL
        try:
            program = await asyncio.create_subprocess_exec(
                *self._command, word, stdin=nothing, stdout=nothing, stderr=nothing
            )
        except OSError as error:
            raise DeviceFault(f"the power command cannot be run ({error.strerror})", remedy=remedy) from error
        try:
            async with asyncio.timeout(self._limit_s):
                status = await program.wait()
        except TimeoutError as error:
            raise DeviceFault(f"the power command took more than {self._limit_s:g} s", remedy=remedy) from error
        finally:
            await _ended(program)
        if status != 0:
            raise DeviceFault(f"the power command ended with status {status}", remedy=remedy)


async def _ended(program: asyncio.subprocess.Process) -> None:
    """No program is left behind, whatever ended the wait for it."""
    if program.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        program.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_KILLED_S_MAX):
            await program.wait()
