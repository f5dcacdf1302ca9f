"""What goes wrong for a caller, always in one shape: ``{"place", "problem", "remedy"}``."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk_ui.design import Pages
from kiosk_ui.design.error_pages import error_page

_log = structlog.get_logger()
_TEXT_LENGTH_MAX = 300
_BUSY_RETRY_AFTER_S = 2
_REMEDIES = {
    HTTPStatus.NOT_FOUND: "Check the address; the API is described at /openapi.json",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use another method; the API is described at /openapi.json",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a few seconds",
}


class ProblemView(BaseModel):
    """An answer that is not what was asked for."""

    place: str = Field(description="Which part of the request, or which thing, is meant")
    problem: str = Field(description="What is wrong with it")
    remedy: str = Field(description="What to do about it")


class Problem(Exception):
    """Raised anywhere below an endpoint; answered as :class:`ProblemView` with ``status``."""

    def __init__(self, status: int, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.status = status
        self.view = ProblemView(
            place=place[:_TEXT_LENGTH_MAX], problem=problem[:_TEXT_LENGTH_MAX], remedy=remedy[:_TEXT_LENGTH_MAX]
        )


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
        return respond(request, _invalid(cast("RequestValidationError", error)))

    async def on_http(request: Request, error: Exception) -> Response:
        refusal = cast("HTTPException", error)
        response = respond(request, _http(refusal))
        response.headers.update(refusal.headers or {})
        return response

    async def on_busy(request: Request, error: Exception) -> Response:
        _log.error("show", outcome="database unavailable", error=type(error).__name__)
        remedy = "Try again; if it stays so, check the database server or the disk"
        response = respond(request, Problem(HTTPStatus.SERVICE_UNAVAILABLE, "database", "does not answer", remedy))
        response.headers["retry-after"] = str(_BUSY_RETRY_AFTER_S)
        return response

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OperationalError, on_busy)
    app.add_exception_handler(PoolTimeout, on_busy)


def _invalid(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    place = ".".join(_printable(str(part)) for part in first["loc"])
    return unusable(place, _printable(first["msg"]), "Correct it; the API is described at /openapi.json")


def _http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    remedy = _REMEDIES.get(status, "The API is described at /openapi.json")
    return Problem(status, "request", _printable(str(error.detail)), remedy)


def _printable(text: str) -> str:
    """Without lone surrogates, which no answer can carry."""
    return text.encode("utf-8", "replace").decode()
