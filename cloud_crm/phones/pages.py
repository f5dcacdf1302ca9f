"""The phone page, open to everybody, and the endpoint that draws its codes and does nothing else.

The key is made in the browser and cannot leave it; every code is signed there. This server learns no key, keeps no
code, and cannot make one: it only turns text into a picture, and only text that is written like a phone's code.
"""

from __future__ import annotations

import io
import re
from http import HTTPStatus

import segno
from fastapi import APIRouter, Request, Response

from cloud_crm.clock import Clock
from cloud_crm.problems import Problem, unusable
from kiosk_ui.design import Pages

PHONE_PATH = "/phone"
DRAW_PATH = "/phone/drawing"
CODE_SECONDS = 20
"""A code is shown for so long; stores take it for a minute."""
CODE_BYTES_MAX = 160
_CODE = re.compile(rb"RG1\.[A-Za-z0-9_-]{118}|RGE1\.[A-Za-z0-9_-]{139}")
_SVG = "image/svg+xml"


def phone_pages(pages: Pages, clock: Clock) -> APIRouter:
    """``/phone`` and the drawing of its codes."""
    router = APIRouter(include_in_schema=False)

    @router.get(PHONE_PATH)
    def phone(request: Request) -> Response:
        now_s = int(clock().timestamp())
        return pages.render(request, "cloud/phone.html", now_s=now_s, every_s=CODE_SECONDS, draw_path=DRAW_PATH)

    @router.post(DRAW_PATH)
    async def drawing(request: Request) -> Response:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:9]) > CODE_BYTES_MAX:
            raise _too_long()
        text = bytearray()
        async for piece in request.stream():
            text += piece
            if len(text) > CODE_BYTES_MAX:
                raise _too_long()
        if _CODE.fullmatch(bytes(text)) is None:
            raise unusable("body", "is no code of a phone", "Open /phone and let it ask")
        stamp = {"x-now": str(int(clock().timestamp())), "cache-control": "no-store"}
        return Response(svg_of(text.decode("ascii")), media_type=_SVG, headers=stamp)

    return router


def svg_of(text: str) -> bytes:
    """A QR code that a scanner reads from a dim phone: medium correction, the quiet zone of the standard."""
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(
        picture, kind="svg", border=4, scale=1, xmldecl=False, omitsize=True, dark="#000", light="#fff"
    )
    return picture.getvalue()


def _too_long() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body",
        f"is longer than {CODE_BYTES_MAX} bytes",
        "Open /phone and let it ask",
    )
