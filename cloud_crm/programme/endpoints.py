"""JSON endpoints of the programme."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem, unusable
from cloud_crm.programme.schemas import ProgrammeView
from cloud_crm.programme.service import ProgrammeService
from loyalty.terms.document import json_schema

_JSON_TYPE, _TOML_TYPE = "application/json", "application/toml"
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The whole programme file; its JSON Schema is at /api/programme/schema",
        "content": {_JSON_TYPE: {"schema": {"type": "object"}}, _TOML_TYPE: {"schema": {"type": "string"}}},
    }
}


def programme_endpoints(service: ProgrammeService) -> APIRouter:
    """``/api/programme`` and what is below."""
    router = APIRouter(prefix="/api/programme", tags=["programme"])

    @router.get("")
    def in_force() -> ProgrammeView:
        """The programme in force, and what is doubtful about it."""
        return service.in_force()

    @router.put("", openapi_extra=_BODY)
    async def put(request: Request) -> ProgrammeView:
        """Bring a programme into force everywhere; earlier postings stay as they are.

        The body is the whole file: a section left out grants nothing. The answer has the warnings.
        """
        body, operator = await request.body(), operator_of(request)
        content_type = request.headers.get("content-type", _JSON_TYPE).partition(";")[0].strip().lower()
        if content_type == _TOML_TYPE:
            text = _utf8(body)
            return await run_in_threadpool(lambda: service.put_toml(text, operator=operator))
        if content_type == _JSON_TYPE:
            return await run_in_threadpool(lambda: service.put_json(body, operator=operator))
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "header Content-Type",
            "is no programme file",
            f"Send {_JSON_TYPE} or {_TOML_TYPE}",
        )

    @router.get("/schema")
    def schema() -> dict[str, Any]:
        """JSON Schema of the programme file, made of the same description that reads it."""
        return json_schema()

    return router


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise unusable(f"body byte {error.start}", "is not UTF-8", "Save the file as UTF-8") from error
