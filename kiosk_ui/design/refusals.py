"""What is wrong with a request, in the one shape every program of ours answers: place, problem, remedy."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

_TEXT_LENGTH_MAX = 300
_REMEDIES: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "check the address",
    HTTPStatus.METHOD_NOT_ALLOWED: "use another method",
    HTTPStatus.SERVICE_UNAVAILABLE: "try again in a few seconds",
    HTTPStatus.INTERNAL_SERVER_ERROR: "look into the log of this program",
}


class ProblemView(BaseModel):
    """An answer that is not what was asked for."""

    place: str = Field(description="Which part of the request, or which thing, is meant")
    problem: str = Field(description="What is wrong with it")
    remedy: str = Field(description="What to do about it")

    @classmethod
    def of(cls, place: str, problem: str, remedy: str) -> ProblemView:
        """The view of texts that may quote what was sent: bounded, and without what no answer can carry."""
        return cls(place=_printable(place), problem=_printable(problem), remedy=_printable(remedy))


class Refused(HTTPException):
    """A refusal that knows its place and remedy; any other ``HTTPException`` gets general ones."""

    def __init__(self, status_code: int, view: ProblemView, *, retry_after_s: int | None = None) -> None:
        headers = None if retry_after_s is None else {"retry-after": str(retry_after_s)}
        super().__init__(status_code, view.problem, headers=headers)
        self.view = view


def refusal_view(error: HTTPException, *, remedies: Mapping[int, str] = _REMEDIES) -> ProblemView:
    """What an HTTP refusal says; ``remedies`` by status, for those that bring none."""
    if isinstance(error, Refused):
        return error.view
    return ProblemView.of("request", str(error.detail), remedies.get(error.status_code, "correct the request"))


def invalid_view(error: RequestValidationError, *, remedy: str = "correct it and send it again") -> ProblemView:
    """The first thing that does not fit. What was sent is not repeated: it may be anything, NaN included."""
    first = error.errors()[0]
    return ProblemView.of(".".join(str(part) for part in first["loc"]), str(first["msg"]), remedy)


def _printable(text: str) -> str:
    """Bounded, and without lone surrogates."""
    return text[:_TEXT_LENGTH_MAX].encode("utf-8", "replace").decode()
