"""Child processes that never outlive the demo: a process group each, a leash, an ordered stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG_TAIL_BYTES_MAX = 4_096
READY_TIMEOUT_S = 30.0
STOP_GRACE_S = 2.0
_POLL_S = 0.05


class ChildError(RuntimeError):
    """A part of the demo did not start or died. The message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: ``arguments`` after ``python``, its log file and a probe that tells readiness."""

    name: str
    program: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]]


class Child:
    """One supervised process. ``start`` returns when it is ready, ``stop`` when it is gone."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises :class:`ChildError` with the log's tail."""
        leash = [sys.executable, "-m", "simulation.processes.leash", str(os.getpid()), "--"]
        with self.plan.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *leash,
                *self.plan.program,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await self.plan.ready():
                    if not self.running:
                        raise ChildError(self._obituary("ended while starting"))
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            self.kill()
            raise ChildError(self._obituary(f"was not ready within {READY_TIMEOUT_S:.0f} s")) from error

    async def stop(self, *, grace_s: float = STOP_GRACE_S) -> None:
        """Ask it to end; after ``grace_s`` make it end. Safe to call at any time, any number of times."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await process.wait()
        # The group too: nothing it started may stay behind. Once only: a dead group's number can be
        # given to a stranger later.
        self._signal(signal.SIGKILL)
        await process.wait()
        self._process = None

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9``: no goodbye, no flush."""
        self._signal(signal.SIGKILL)

    def suspend(self) -> None:
        """Let it hang: it keeps its connections and answers nothing, until :meth:`resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def wait(self) -> int:
        """Wait for its end; the exit status (negative: killed by that signal)."""
        if self._process is None:
            raise ChildError(f"{self.plan.name} was never started")
        return await self._process.wait()

    def obituary(self) -> str:
        """Why it is not running, with the end of its log."""
        return self._obituary("ended")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:  # its group lives as long as it has not been buried by ``stop``
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _obituary(self, what: str) -> str:
        status = None if self._process is None else self._process.returncode
        detail = "" if status is None else f" with status {status}"
        return f"{self.plan.name} {what}{detail}; the end of {self.plan.log}:\n{_tail(self.plan.log)}"


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - LOG_TAIL_BYTES_MAX))
            return log.read(LOG_TAIL_BYTES_MAX).decode(errors="replace").strip() or "(empty)"
    except OSError as error:
        return f"(unreadable: {error})"
