"""What receives pushes: an HTTP server with the publishing API of ntfy, and a real SMTP server; both can misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from enum import StrEnum
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
HEADER_BYTES_MAX = 16_384


class Mood(StrEnum):
    """How a receiver takes what comes."""

    WELL = "well"
    REFUSES = "refuses"
    """Says that it will never take it: 403, 550."""
    IS_BUSY = "is_busy"
    """Says "later": 429 with Retry-After, 451."""
    IS_BROKEN = "is_broken"
    """500."""
    HANGS = "hangs"
    """Takes the connection and says nothing."""
    DROPS = "drops"
    """Takes the message and breaks off before it answers."""


@dataclass
class NtfyServer:
    """ntfy's ``POST /`` with JSON: https://docs.ntfy.sh/publish/#publish-as-json."""

    port: int = 0
    mood: Mood = Mood.WELL
    messages: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody connects."""

    def url(self, topic: str = "floor") -> str:
        """The address as Apprise wants it."""
        return f"ntfy://{LOOPBACK}:{self.port}/{topic}?mode=private"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.connections += 1
        self.came.set()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if self.mood is Mood.HANGS:
                await asyncio.Event().wait()
            if self.mood is Mood.DROPS:
                self.messages.append(json.loads(body))
                return
            status, more, said = self._answer()
            if status == "200 OK":
                self.messages.append(json.loads(body))
                self.headers.append(headers)
            content = json.dumps(said).encode()
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
                f"{more}Connection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        finally:
            writer.close()

    def _answer(self) -> tuple[str, str, dict[str, Any]]:
        match self.mood:
            case Mood.REFUSES:
                return "403 Forbidden", "", {"code": 40301, "http": 403, "error": "forbidden"}
            case Mood.IS_BUSY:
                return "429 Too Many Requests", "Retry-After: 120\r\n", {"code": 42901, "http": 429, "error": "limit"}
            case Mood.IS_BROKEN:
                return "500 Internal Server Error", "", {"code": 50001, "http": 500, "error": "broken"}
            case _:
                return "200 OK", "", {"id": f"m{len(self.messages)}", "event": "message", "topic": "floor"}


@asynccontextmanager
async def ntfy_server() -> AsyncIterator[NtfyServer]:
    """A server on a free port."""
    ntfy = NtfyServer()
    server = await asyncio.start_server(ntfy.serve, LOOPBACK, 0, limit=HEADER_BYTES_MAX)
    ntfy.port = server.sockets[0].getsockname()[1]
    try:
        yield ntfy
    finally:
        server.close()


@dataclass
class MailServer:
    """A mailbox behind real SMTP."""

    port: int = 0
    mood: Mood = Mood.WELL
    letters: list[EmailMessage] = field(default_factory=list)

    def url(self) -> str:
        """The address as Apprise wants it."""
        return f"mailto://{LOOPBACK}:{self.port}?from=regulars@example.org&to=floor@example.org"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Aiosmtpd's hook for a whole message."""
        if self.mood is Mood.REFUSES:
            return "550 5.1.1 No such mailbox"
        if self.mood is Mood.IS_BUSY:
            return "451 4.3.0 Try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=modern)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        if self.mood is Mood.DROPS:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"


@asynccontextmanager
async def mail_server(free_port: Callable[[], int]) -> AsyncIterator[MailServer]:
    """A server on a free port, in a thread of its own as aiosmtpd has it."""
    mail = MailServer(port=free_port())
    controller = Controller(mail, hostname=LOOPBACK, port=mail.port)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()
