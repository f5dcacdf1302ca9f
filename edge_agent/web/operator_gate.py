"""A password before everything that is not for the people in the shop."""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/", "/healthz", "/readyz"})
OPEN_PREFIXES = ("/kiosk/", "/live/kiosk.", "/assets/")
_CHALLENGE = {"www-authenticate": 'Basic realm="Regulars", charset="UTF-8"', "cache-control": "no-store"}


class OperatorGate:
    """ASGI middleware: HTTP Basic for all but kiosk pages and health. Any user name, one password."""

    def __init__(self, app: ASGIApp, *, password: bytes) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is open or carries the password; answer 401 otherwise."""
        if scope["type"] == "lifespan" or _is_open(scope["path"]) or self._knows_password(scope):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse("The operator's password is needed here.\n", 401, headers=_CHALLENGE)
        await refusal(scope, receive, send)

    def _knows_password(self, scope: Scope) -> bool:
        kind, _, credentials = HTTPConnection(scope).headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            _, colon, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return bool(colon) and hmac.compare_digest(password, self._password)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)
