"""The staff's pages. They follow the live channel ``status``; the numbers are never older than its beat."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from kiosk_ui.design.pages import Pages
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.status import STATUS_CHANNEL, StoreStatus


def staff_pages(pages: Pages, hub: LiveHub, status: Callable[[], Awaitable[StoreStatus]]) -> APIRouter:
    """``GET /staff/status`` for people and ``GET /api/status`` for programs.

    Whoever composes the application publishes ``StoreStatus`` as event ``status`` on channel
    ``status`` when it changes.
    """
    router = APIRouter()
    hub.declare(STATUS_CHANNEL)

    @router.get("/staff/status", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        return pages.render(
            request,
            "staff/status.html",
            status=(await status()).model_dump(mode="json"),
            live_url=f"/live/{STATUS_CHANNEL}",
            live_after="",
        )

    @router.get("/api/status")
    async def figures() -> StoreStatus:
        """How the store stands."""
        return await status()

    return router
