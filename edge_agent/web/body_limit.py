"""The gateway's pages take a few words from a finger, never a file: longer bodies are refused unread."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 16 * 1024
_LENGTH_DIGITS_MAX = 12


class BodyLimit:
    """ASGI middleware: 413 for a body that is announced or turns out to be longer than ``BODY_BYTES_MAX``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is short."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = HTTPConnection(scope).headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > _LENGTH_DIGITS_MAX or int(declared) > BODY_BYTES_MAX:
            refusal = PlainTextResponse(f"At most {BODY_BYTES_MAX} bytes are taken here.\n", 413)
            await refusal(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _counted(receive: Receive) -> Receive:
    """The same body, cut off by a disconnect once it is longer than allowed (chunked bodies announce nothing)."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return message if taken <= BODY_BYTES_MAX else {"type": "http.disconnect"}

    return receive_some
