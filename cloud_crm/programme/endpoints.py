"""JSON endpoints of the programme."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body

from cloud_crm.programme.schemas import ProgrammeView
from cloud_crm.programme.service import ProgrammeService

_TERMS = "name, currency (ISO 4217) and optionally points, per_minor, minimum_minor"


def programme_endpoints(service: ProgrammeService) -> APIRouter:
    """``/api/programme``."""
    router = APIRouter(prefix="/api/programme", tags=["programme"])

    @router.get("")
    def in_force() -> ProgrammeView:
        """The programme in force."""
        return service.in_force()

    @router.put("")
    def put(body: Annotated[dict[str, Any], Body(description=_TERMS)]) -> ProgrammeView:
        """Bring a programme into force everywhere; earlier postings stay as they are."""
        return service.put(body)

    return router
