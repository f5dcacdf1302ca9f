"""Real brokers for tests: started on a loopback port, killed and started again at will."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from tests.started import Started

_READY_WITHIN_S = 15.0
_AMQTT = """
import asyncio, logging, sys
from amqtt.broker import Broker
logging.disable(logging.CRITICAL)
async def serve() -> None:
    broker = Broker({
        "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:" + sys.argv[1]}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    })
    await broker.start()
    print("listening", flush=True)
    await asyncio.Event().wait()
asyncio.run(serve())
"""
MOSQUITTO_LOG = "log_dest stderr\nlog_type notice\nlog_type information\nlog_type error\nconnection_messages false"
"""Of its configuration: it says when it listens, and nothing of who comes and goes."""


class Broker(ABC):
    """A broker process on 127.0.0.1. ``kill()`` is kill -9; ``start()`` brings it back on the same port."""

    host = "127.0.0.1"
    ready: bytes
    """Of the line by which it says that it listens."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments."""

    def start(self) -> None:
        self._process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            Started(self._process, ready=self.ready).wait(_READY_WITHIN_S)
        except RuntimeError:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class MosquittoBroker(Broker):
    ready = b" running"

    def command(self) -> list[str]:
        config = self.folder / f"mosquitto-{self.port}.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n{MOSQUITTO_LOG}\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        return [program, "-c", str(config)]


class AmqttBroker(Broker):
    ready = b"listening"

    def command(self) -> list[str]:
        return [sys.executable, "-c", _AMQTT, str(self.port)]
