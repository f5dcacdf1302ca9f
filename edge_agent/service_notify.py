"""Tells systemd how the gateway fares: ready, still turning, stopping (sd_notify(3), Type=notify)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

_PROOF_EVERY_S = 10.0
_log = structlog.get_logger("service")


@dataclass(frozen=True, slots=True)
class ServiceNotifier:
    """Speaks to the service manager's socket; silent when there is none.

    ``address`` is what the service manager passes as NOTIFY_SOCKET (``@`` first: an abstract
    socket), ``watchdog_s`` the time after which it restarts a gateway it has not heard from (0: no
    watchdog). Both are given by whoever starts the gateway.
    """

    address: str = ""
    watchdog_s: float = 0.0

    def ready(self) -> None:
        """The journal is open, the pages are served, the devices are being opened."""
        self._say("READY=1\nSTATUS=serving")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._say("STOPPING=1")

    async def keep_alive(self, proof: Callable[[], Awaitable[object]]) -> None:
        """Pet the watchdog at half its time, each time after ``proof`` returned. Runs until cancelled.

        ``proof`` goes through the journal's writer, so a stuck disk restarts the gateway rather than
        leaving it up and deaf. What ``proof`` raises comes out of here, with or without a watchdog.
        """
        every_s = self.watchdog_s / 2 or _PROOF_EVERY_S
        while True:
            await proof()
            if self.watchdog_s:
                self._say("WATCHDOG=1")
            await asyncio.sleep(every_s)

    def _say(self, state: str) -> None:
        if not self.address:
            return
        name = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(0)
            try:
                channel.sendto(state.encode(), name)
            except OSError as error:
                _log.warning("service", problem=f"the service manager did not hear {state!r}: {error.strerror}")
