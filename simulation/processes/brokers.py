"""The brokers of the simulation, by kind: which program to run, and when it listens."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from simulation.processes.ports import HOST, answers

_MOSQUITTO_PATHS = ("mosquitto", "/usr/sbin/mosquitto")


class BrokerKind(StrEnum):
    """Which MQTT broker the demo runs."""

    EMBEDDED = "embedded"
    """amqtt in a process of its own: nothing to install."""
    MOSQUITTO = "mosquitto"


class BrokerMissing(RuntimeError):
    """The broker that was asked for is not installed. Says what to do."""


def broker_command(kind: BrokerKind, port: int, *, config: Path) -> tuple[str, ...]:
    """The command line of a broker on ``port``; Mosquitto's configuration is written to ``config``.

    Raises :class:`BrokerMissing`, ``OSError``.
    """
    if kind is BrokerKind.EMBEDDED:
        return (sys.executable, "-m", "simulation.broker_process", "--port", str(port))
    program = next(filter(None, map(shutil.which, _MOSQUITTO_PATHS)), None)
    if program is None:
        raise BrokerMissing(
            "Mosquitto is not installed. Install it (apt-get install mosquitto), or leave --broker out."
        )
    config.write_text(
        f"listener {port} {HOST}\nallow_anonymous true\npersistence false\nmax_queued_messages 2000\n", encoding="utf-8"
    )
    return (program, "-c", str(config))


def listening(port: int) -> Callable[[], Awaitable[bool]]:
    """A probe: whether somebody listens at this port."""

    async def is_listening() -> bool:
        return await answers(port)

    return is_listening
