"""JSON endpoints of recorded events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud_crm.events.schemas import EventPage
from cloud_crm.events.service import EventService

EVENTS_PER_PAGE_MAX = 500
_POSITION_MAX = 2**53

GatewayQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Only this gateway's")]
After = Annotated[int, Query(ge=0, le=_POSITION_MAX, description="Only those that landed after this position")]
Limit = Annotated[int, Query(ge=1, le=EVENTS_PER_PAGE_MAX, description="At most so many")]


def event_endpoints(service: EventService) -> APIRouter:
    """``/api/events``."""
    router = APIRouter(prefix="/api/events", tags=["events"])

    @router.get("")
    def after(gateway: GatewayQuery = None, after: After = 0, limit: Limit = 100) -> EventPage:
        """Events as received, in the order of landing."""
        return service.after(position=after, limit=limit, gateway_id=gateway)

    return router
