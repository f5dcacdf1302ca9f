"""What goes wrong for a caller, always in one shape: ``{"place", "problem", "remedy"}``."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk_ui.design import Pages
from kiosk_ui.design.error_pages import error_page
from kiosk_ui.design.refusals import ProblemView, invalid_view, refusal_view
from kiosk_ui.design.security import SECURITY_HEADERS

_log = structlog.get_logger()
_BUSY_RETRY_AFTER_S = 2
_API = "the API is described at /openapi.json"
_REMEDIES: dict[int, str] = {
    HTTPStatus.NOT_FOUND: f"Check the address; {_API}",
    HTTPStatus.METHOD_NOT_ALLOWED: f"Use another method; {_API}",
    HTTPStatus.BAD_REQUEST: f"Send it in UTF-8; {_API}",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send it in parts",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a few seconds",
}
_BUG_REMEDY = "Look into its log, and report what it says"


class Problem(Exception):
    """Raised anywhere below an endpoint; answered as :class:`ProblemView` with ``status``."""

    def __init__(self, status: int, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.status = status
        self.view = ProblemView.of(place, problem, remedy)


def not_found(place: str, remedy: str) -> Problem:
    """There is no such thing."""
    return Problem(HTTPStatus.NOT_FOUND, place, "does not exist", remedy)


def conflict(place: str, problem: str, remedy: str) -> Problem:
    """The request contradicts what is there."""
    return Problem(HTTPStatus.CONFLICT, place, problem, remedy)


def unusable(place: str, problem: str, remedy: str) -> Problem:
    """The content cannot be used."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, place, problem, remedy)


def answer(problem: Problem) -> JSONResponse:
    """The JSON answer."""
    return JSONResponse(problem.view.model_dump(), status_code=problem.status)


def answer_problems(app: FastAPI, pages: Pages) -> None:
    """Give every error of this app the one shape; a browser's failed page is answered with a page."""

    def respond(request: Request, problem: Problem) -> Response:
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return error_page(pages, request, problem.status)
        return answer(problem)

    async def on_problem(request: Request, error: Exception) -> Response:
        return respond(request, cast("Problem", error))

    async def on_invalid(request: Request, error: Exception) -> Response:
        view = invalid_view(cast("RequestValidationError", error), remedy=f"Correct it; {_API}")
        return respond(request, unusable(view.place, view.problem, view.remedy))

    async def on_http(request: Request, error: Exception) -> Response:
        refusal = cast("HTTPException", error)
        view = refusal_view(refusal, remedies=_REMEDIES)
        response = respond(request, Problem(refusal.status_code, view.place, view.problem, view.remedy))
        response.headers.update(refusal.headers or {})
        return response

    async def on_busy(request: Request, error: Exception) -> Response:
        _log.error("show", outcome="database unavailable", error=type(error).__name__)
        remedy = "Try again; if it stays so, check the database server or the disk"
        response = respond(request, Problem(HTTPStatus.SERVICE_UNAVAILABLE, "database", "does not answer", remedy))
        response.headers["retry-after"] = str(_BUSY_RETRY_AFTER_S)
        return response

    async def on_bug(request: Request, _: Exception) -> Response:
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this program", "failed at this request", _BUG_REMEDY)
        response = respond(request, problem)
        # Starlette answers here outside of all middleware.
        response.headers.update(SECURITY_HEADERS)
        return response

    app.add_exception_handler(Exception, on_bug)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OperationalError, on_busy)
    app.add_exception_handler(PoolTimeout, on_busy)
