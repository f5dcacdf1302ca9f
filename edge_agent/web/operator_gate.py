"""A password before everything that is not for the people in the shop."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPERATOR = "operator"
"""Of the request's state: the :class:`Operator` who sent it; not there where no password is asked for."""
OPEN_PATHS = frozenset({"/", "/healthz", "/readyz"})
OPEN_PREFIXES = ("/kiosk/", "/live/kiosk.", "/assets/")
NAME_LENGTH_MAX = 80
_NAME_BYTES_MAX = 4 * NAME_LENGTH_MAX
_CHALLENGE = {"www-authenticate": 'Basic realm="Regulars", charset="UTF-8"', "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Operator:
    """Who logged in. Only the manager's own password makes a manager."""

    name: str
    is_manager: bool


class OperatorGate:
    """ASGI middleware: HTTP Basic for all but kiosk pages and health.

    Any user name; it is who acts. The password says in which role: the operator's, or the manager's where there is one.
    """

    def __init__(self, app: ASGIApp, *, password: bytes, manager_password: bytes | None = None) -> None:
        self._app = app
        self._password = password
        self._manager_password = manager_password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is open or carries a password; answer 401 otherwise."""
        if scope["type"] == "lifespan" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        operator = self._operator(scope)
        if operator is not None:
            scope.setdefault("state", {})[OPERATOR] = operator
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse("The operator's password is needed here.\n", 401, headers=_CHALLENGE)
        await refusal(scope, receive, send)

    def _operator(self, scope: Scope) -> Operator | None:
        kind, _, credentials = HTTPConnection(scope).headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, colon, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
        is_manager = self._manager_password is not None and hmac.compare_digest(password, self._manager_password)
        if not colon or not (is_manager or hmac.compare_digest(password, self._password)):
            return None
        return Operator(_signature(name), is_manager)


def _signature(name: bytes) -> str:
    """A user name as it may be signed with: one short line that can be read, whatever was typed."""
    shown = "".join(sign if sign.isprintable() else " " for sign in name[:_NAME_BYTES_MAX].decode("utf-8", "replace"))
    return " ".join(shown.split())[:NAME_LENGTH_MAX]


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)
