"""Starts a program again whenever it ends, as a service manager would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from simulation.processes.children import Child, ChildError

RESTARTS_MAX = 100
_RESTART_AFTER_S = 0.3


class Keeper:
    """Keeps one child running between ``begin`` and ``end``; ``on_failure`` hears why it cannot any more."""

    def __init__(self, child: Child, on_failure: Callable[[str], None]) -> None:
        self._child = child
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on, a child that ends is started again."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name=f"keeper of {self._child.plan.name}")

    def let_go(self) -> None:
        """From now on, a child that ends stays ended."""
        if self._task is not None:
            self._task.cancel()

    async def end(self) -> None:
        """Let go, and wait until nothing is being started any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def off(self, *, grace_s: float) -> AsyncIterator[None]:
        """The child is stopped inside the ``async with`` block and runs again after it. Raises :class:`ChildError`."""
        await self.end()
        await self._child.stop(grace_s=grace_s)
        yield
        await self._child.start()
        self.begin()

    async def _keep(self) -> None:
        while self._child.starts <= RESTARTS_MAX:
            await self._child.wait()
            await asyncio.sleep(_RESTART_AFTER_S)
            try:
                await self._child.start()
            except ChildError as error:
                self._on_failure(str(error))
                return
        self._on_failure(f"{self._child.plan.name} ended {RESTARTS_MAX} times; {self._child.obituary()}")
