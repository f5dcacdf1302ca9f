"""Error answers in the house style: what happened, what to do; never a stack trace."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kiosk_ui.design.pages import Pages
from kiosk_ui.design.security import SECURITY_HEADERS


def error_pages(app: FastAPI, pages: Pages) -> None:
    """Answer a browser's failed page with a page, and everything else with JSON.

    A bug (an exception nobody handles) still reaches the log with its trace; the reader sees a page
    without it.
    """

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if not _wants_page(request):
            return await http_exception_handler(request, error)
        response = error_page(pages, request, error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def broke(request: Request, _: Exception) -> Response:
        detail = {"detail": "internal error; the log of this program says more"}
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        response = error_page(pages, request, status) if _wants_page(request) else JSONResponse(detail, status)
        # Starlette answers here outside of all middleware.
        response.headers.update(SECURITY_HEADERS)
        return response

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, broke)


def error_page(pages: Pages, request: Request, status_code: int) -> Response:
    """The page for one HTTP status."""
    return pages.render(request, "error.html", status_code=status_code, status=status_code)


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
