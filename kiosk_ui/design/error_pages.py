"""Error answers in the house style: what happened, what to do; never a stack trace."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kiosk_ui.design.pages import Pages
from kiosk_ui.design.refusals import ProblemView, invalid_view, refusal_view
from kiosk_ui.design.security import SECURITY_HEADERS


def error_pages(app: FastAPI, pages: Pages) -> None:
    """Answer a browser's failed page with a page, and everything else with a :class:`ProblemView` in JSON.

    A bug (an exception nobody handles) still reaches the log with its trace; the reader sees a page
    without it.
    """

    def respond(request: Request, view: ProblemView, status_code: int) -> Response:
        if _wants_page(request):
            return error_page(pages, request, status_code)
        return JSONResponse(view.model_dump(), status_code)

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        response = respond(request, refusal_view(error), error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return respond(request, invalid_view(error), HTTPStatus.UNPROCESSABLE_ENTITY)

    async def broke(request: Request, _: Exception) -> Response:
        view = ProblemView.of("this program", "failed at this request", "look into its log, and report what it says")
        response = respond(request, view, HTTPStatus.INTERNAL_SERVER_ERROR)
        # Starlette answers here outside of all middleware.
        response.headers.update(SECURITY_HEADERS)
        return response

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, broke)


def error_page(pages: Pages, request: Request, status_code: int) -> Response:
    """The page for one HTTP status."""
    return pages.render(request, "error.html", status_code=status_code, status=status_code)


def _wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
