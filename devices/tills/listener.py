"""Sockets, bodies and refusals of the listener for tills: all that is HTTP and not a sale."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

from devices.device import DeviceFault, Trouble
from devices.tills.message_fields import Problem
from devices.tills.signature import SECRET_BYTES_MIN

BACKLOG = 64
_LENGTH_DIGITS_MAX = 12


class QuietServer(uvicorn.Server):
    """A server inside somebody else's loop: signals belong to the process that runs the gateway."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """The whole body, or ``None`` as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "")
    if (
        declared.isascii()
        and declared.isdecimal()
        and (len(declared) > _LENGTH_DIGITS_MAX or int(declared) > bytes_max)
    ):
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


def refusal(status: HTTPStatus, *problems: Problem) -> JSONResponse:
    """What is wrong with a request, and what to do about it."""
    return JSONResponse({"problems": [asdict(problem) for problem in problems]}, status)


def read_secret(path: Path) -> bytes:
    """The secret shared with the tills. Raises :class:`DeviceFault`."""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        reason = f"{path}: cannot read the tills' secret ({error.strerror})"
        raise DeviceFault(reason, remedy="mend secret_file", key=Trouble.MISCONFIGURED) from error
    if len(secret) < SECRET_BYTES_MIN:
        remedy = f"write one with: openssl rand -hex 32 > {path}"
        reason = f"{path}: the tills' secret is shorter than {SECRET_BYTES_MIN} bytes"
        raise DeviceFault(reason, remedy=remedy, key=Trouble.MISCONFIGURED)
    return secret


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises :class:`DeviceFault`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        remedy = "choose a free port and an address of this machine"
        reason = f"cannot listen for tills on {host}:{port} ({error})"
        raise DeviceFault(reason, remedy=remedy, key=Trouble.BUSY) from error
    # Inherited by each connection. Without it an answer's head and body are 40 ms apart (Nagle, delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
