"""Plain HTML forms: read with bounds, answered with a redirect."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from cloud_crm.problems import Problem, unusable

FIELDS_MAX = 20
_FORM_TYPE = "application/x-www-form-urlencoded"

Shape = TypeVar("Shape", bound=BaseModel)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a submitted form. Raises :class:`Problem` for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM_TYPE:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "header Content-Type", "is no form", f"Send {_FORM_TYPE}")
    try:
        body = (await request.body()).decode("utf-8")
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError as error:
        raise unusable("body", "cannot be read as a form", f"Send at most {FIELDS_MAX} fields in UTF-8") from error


Form = Annotated[dict[str, str], Depends(read_form)]


def shaped(shape: type[Shape], **fields: object) -> Shape:
    """Check a form's fields against an API shape. Raises :class:`Problem` naming the field."""
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise unusable(place, fault["msg"], "Correct it and send the form again") from error


def see(path: str) -> RedirectResponse:
    """After a form: look at this page now, so that a reload does not send the form again."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
