"""Who may use the pages and the API, and from where: password, same origin, bounded bodies."""

from __future__ import annotations

import base64
import binascii
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_crm.config import is_loopback
from cloud_crm.phones.pages import DRAW_PATH, PHONE_PATH
from cloud_crm.problems import Problem, answer
from kiosk_ui.design.assets import ASSETS_PATH

BODY_BYTES_MAX = 8 * 1024 * 1024
OPERATOR_LENGTH_MAX = 80
_OPEN_PATHS = frozenset({"/healthz", "/readyz", PHONE_PATH, DRAW_PATH})
_OPEN_FOLDERS = (f"{ASSETS_PATH}/",)
"""Members open the phone page, and what it loads; nothing there knows anybody."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
_SCOPE_KEY = "regulars.operator"
_LOCAL_OPERATOR = "this machine"


def operator_of(request: Request) -> str:
    """The name the operator logged in with; ``this machine`` where no password is set."""
    return str(request.scope.get(_SCOPE_KEY, _LOCAL_OPERATOR))


class OperatorPassword:
    """ASGI middleware: HTTP Basic on all but health checks and the members' phone page. Any name, one password."""

    def __init__(self, app: ASGIApp, *, password: bytes) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for the password, or pass the request on with the operator's name."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        name = self._name(Headers(scope=scope).get("authorization", ""))
        if name is None:
            refusal = answer(Problem(HTTPStatus.UNAUTHORIZED, "request", "the operators' password is needed", "Log in"))
            refusal.headers["www-authenticate"] = 'Basic realm="Regulars", charset="UTF-8"'
            await refusal(scope, receive, send)
            return
        scope[_SCOPE_KEY] = name
        await self._app(scope, receive, send)

    def _name(self, header: str) -> str | None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(token, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
        if not secrets.compare_digest(password, self._password):
            return None
        shown = name.decode("utf-8", "replace").replace("\x00", "\ufffd")
        return shown[:OPERATOR_LENGTH_MAX] or "operator"


class SameOrigin:
    """ASGI middleware: a page of another site cannot make an operator's browser change or read anything here.

    Browsers say where an unsafe request comes from (``Sec-Fetch-Site``, ``Origin``); programs that say
    nothing are no browsers and carry no ambient login. ``loopback_only`` also refuses names that
    another site could have pointed at this machine.
    """

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse requests that another site is behind."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if self._loopback_only and not is_loopback(_host_name(headers)):
                await answer(_foreign("header Host", "the page was asked for under a foreign name"))(
                    scope, receive, send
                )
                return
            if scope["method"] not in _SAFE_METHODS and not _is_own(headers):
                await answer(_foreign("header Origin", "the request comes from another site"))(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BoundedBody:
    """ASGI middleware: a body of more than ``BODY_BYTES_MAX`` is refused before it fills the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in; answer 413 when it is too much."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        room = BODY_BYTES_MAX
        declared = Headers(scope=scope).get("content-length", "0")
        refusal = Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", f"is larger than {BODY_BYTES_MAX} bytes", "Send it in parts"
        )

        async def receive_bounded() -> Message:
            nonlocal room
            message = await receive()
            room -= len(message.get("body", b""))
            if room < 0:
                raise HTTPException(refusal.status, refusal.view.problem)  # the one kind that FastAPI passes on
            return message

        if declared.isdecimal() and int(declared[:20]) > BODY_BYTES_MAX:
            await answer(refusal)(scope, receive, send)
            return
        await self._app(scope, receive_bounded, send)


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)


def _foreign(place: str, problem: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, place, problem, "Use the address and the pages served here")


def _host_name(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_own(headers: Headers) -> bool:
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in _OWN_SITES:
        return False
    try:
        return origin is None or urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False
