"""The web server, running inside the gateway's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

CONNECTIONS_MAX = 512
_BACKLOG_MAX = 128
_GRACE_S = 1


class AddressTaken(OSError):
    """The configured address cannot be listened on. Names it, and what to do."""


class WebServer(uvicorn.Server):
    """Serves ``app``. Signals stay with the gateway, whose order of shutdown is not the server's to decide."""

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                loop="none",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._socket = _listen(host, port)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handlers alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        self.listening.set()

    async def run_until_stopped(self) -> None:
        """Serve until :meth:`ask_to_stop`."""
        await self.serve([self._socket])

    def ask_to_stop(self) -> None:
        """Accept nothing more; open answers get ``_GRACE_S`` to finish."""
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything else starts, so that a taken port is one readable message."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG_MAX)
    except OSError as error:
        raise AddressTaken(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "End the program that uses it, or choose another [web] port."
        ) from error
