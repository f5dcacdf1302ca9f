"""The broker inside the store: the sensors' own, apart from the uplink's, and not behind the cable."""

from __future__ import annotations

from collections.abc import Callable

from simulation.processes.children import Child
from simulation.processes.keeper import Keeper

_GRACE_S = 0.2
"""It holds nothing that has to be saved."""


class StoreBusBroker:
    """A broker that is started again when it dies, unless it was switched off."""

    def __init__(self, child: Child, on_failure: Callable[[str], None]) -> None:
        self.child = child
        self._keeper = Keeper(child, on_failure)

    async def start(self) -> None:
        """Start it and wait until it listens. Raises ``ChildError``."""
        await self.child.start()
        self._keeper.begin()

    async def stop(self) -> None:
        """Switch it off, whatever state it is in. Safe to call at any time."""
        await self._keeper.end()
        self.child.resume()
        await self.child.stop(grace_s=_GRACE_S)

    def kill(self) -> None:
        """End it at once and for good."""
        self._keeper.let_go()
        self.child.kill()

    def crash(self) -> None:
        """``kill -9``; it is started again a moment later."""
        self.child.kill()

    def hang(self) -> None:
        """It keeps its connections and says nothing, until :meth:`wake`."""
        self.child.suspend()

    def wake(self) -> None:
        """It goes on."""
        self.child.resume()
