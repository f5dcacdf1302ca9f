"""Hands messages to a short-lived process that speaks to the services; one that hangs is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge_agent.alerts.messages import Message
from edge_agent.config import SecretError, read_secret

SENDING_S_MAX = 45.0
"""From the start of the process to its answer; a slow machine takes several seconds to start it."""
ANSWER_BYTES_MAX = 4_096
_CHILD = (sys.executable, "-m", "edge_agent.alerts.push_process")


class Fate(StrEnum):
    """What became of a message that was handed over."""

    SENT = "sent"
    FAILED = "failed"
    """It may be tried again."""
    REFUSED = "refused"
    """It will never be taken."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it, why (a key, never an address), and the pause the service asks for."""

    fate: Fate
    reason: str = ""
    retry_after_s: float | None = None


class ChildSender:
    """Sends one message at a time per call, in a process that ends with it."""

    def __init__(self, command: Sequence[str] = _CHILD, *, sending_s_max: float = SENDING_S_MAX) -> None:
        self._command = tuple(command)
        self._sending_s_max = sending_s_max

    async def send(self, url_file: Path, message: Message) -> Verdict:
        """Send it to the address in a file. Never raises for what services, files and processes do."""
        try:
            url = read_secret(url_file).decode("utf-8")
        except (SecretError, UnicodeDecodeError):
            # Mended without a restart: the file is read for every message.
            return Verdict(Fate.FAILED, "url_file")
        order = {
            "url": url.strip(),
            "title": message.title,
            "body": message.body,
            "severity": message.severity.value,
            "reference": message.reference,
        }
        try:
            return await self._ask(json.dumps(order).encode() + b"\n")
        except OSError:
            return Verdict(Fate.FAILED, "process")

    async def _ask(self, order: bytes) -> Verdict:
        # As asyncio.create_subprocess_exec does it, which keeps the transport to itself.
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=ANSWER_BYTES_MAX, loop=loop),
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        process = Process(transport, protocol, loop)
        try:
            async with asyncio.timeout(self._sending_s_max):
                return await _answer(process, order)
        except TimeoutError:
            return Verdict(Fate.FAILED, "timed_out")
        finally:
            await _end(process, transport)


async def _answer(process: Process, order: bytes) -> Verdict:
    if process.stdin is None or process.stdout is None:
        return Verdict(Fate.FAILED, "process")
    with contextlib.suppress(ConnectionError):
        process.stdin.write(order)
        await process.stdin.drain()
        process.stdin.close()
    try:
        line = await process.stdout.readline()
        said = json.loads(line)
        retry_after_s = said.get("retry_after_s")
        pause_s = float(retry_after_s) if isinstance(retry_after_s, int) else None
        return Verdict(Fate(said["verdict"]), str(said.get("reason", ""))[:80], pause_s)
    except (ValueError, KeyError, TypeError, AttributeError):
        # It died, or printed what it should not have.
        return Verdict(Fate.FAILED, "process")


async def _end(process: Process, transport: asyncio.SubprocessTransport) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    # Python 3.11 waits for the end of the pipes, too: it never comes to one that was printed full, which is no longer
    # read, nor while a child of the child holds it.
    for fd in (0, 1):
        if (pipe := transport.get_pipe_transport(fd)) is not None:
            pipe.close()
    await process.wait()
