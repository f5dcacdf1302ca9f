"""The embedded broker: amqtt in a process of its own, on the loopback interface only.

``python -m simulation.broker_process --port 1883`` serves until SIGTERM or SIGINT. It asks for no
password, so it never listens on anything but 127.0.0.1; an installed shop uses a broker of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any

from amqtt.broker import Broker
from amqtt.errors import BrokerError

CONNECTIONS_MAX = 64
_SHUTDOWN_TIMEOUT_S = 1.0
_PORT_IN_USE = 3


def configuration(port: int) -> dict[str, Any]:
    """The whole broker configuration. Anonymous, no ``$SYS`` topics, one loopback listener."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": CONNECTIONS_MAX}},
        "timeout_disconnect_delay": 0,
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int) -> None:
    """Serve until asked to stop. Raises ``amqtt.errors.BrokerError`` when the port is taken."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(configuration(port))
    await broker.start()
    await stop.wait()
    try:
        # amqtt waits for each client in turn; a demo that ends has no time for that.
        async with asyncio.timeout(_SHUTDOWN_TIMEOUT_S):
            await broker.shutdown()
    except (TimeoutError, BrokerError):
        return


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the broker; the exit status is 3 when it cannot listen."""
    parser = argparse.ArgumentParser(description="The embedded MQTT broker (loopback only).")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    port = parser.parse_args(arguments).port
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
    try:
        asyncio.run(serve(port))
    except BrokerError as error:
        sys.stderr.write(f"the embedded broker cannot listen on 127.0.0.1:{port}: {error}\n")
        return _PORT_IN_USE
    return 0


if __name__ == "__main__":
    sys.exit(main())
