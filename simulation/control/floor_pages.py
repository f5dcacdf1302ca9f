"""The page of the shop floor, the same as JSON, and what a visitor does there."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from kiosk_ui.design import Pages
from simulation.control.floor_desk import FloorDesk
from simulation.control.floor_views import UNITS_MAX, FaultBody, FloorView, RoomBody, ShelfAct, ShelfBody
from simulation.control.views import Done
from simulation.files.store import STORE_NAME

FLOOR_CHANNEL = "control.floor"
_MOVES_NOTHING = frozenset({ShelfAct.HAND, ShelfAct.LIFT, ShelfAct.TIDY, ShelfAct.REFILL})


def floor_pages(desk: FloorDesk, pages: Pages, *, links: Mapping[str, str]) -> APIRouter:
    """``GET /floor`` and ``/api/floor``; ``POST /api/fault``, ``/api/floor/shelf`` and ``/api/floor/room``."""
    router = APIRouter()

    @router.get("/floor", response_class=HTMLResponse)
    async def page(request: Request) -> HTMLResponse:
        return pages.render(
            request,
            "control/floor.html",
            store_name=STORE_NAME,
            floor=desk.view().model_dump(mode="json"),
            units_max=UNITS_MAX,
            links=links,
            live_url=f"/live/{FLOOR_CHANNEL}",
            live_after="",
        )

    @router.get("/api/floor")
    async def floor() -> FloorView:
        """What really is: goods, hands, doors, and what fails."""
        return desk.view()

    @router.post("/api/fault")
    async def fault(body: FaultBody) -> Done:
        """Let a device fail, or work again."""
        await desk.fault(body.device, body.kind)
        return Done(outcome="working" if body.kind is None else "failing")

    @router.post("/api/floor/shelf")
    async def shelf(body: ShelfBody) -> Done:
        """Do something at a slot."""
        moved = await desk.at_shelf(body)
        return Done(outcome=body.act.value if moved or body.act in _MOVES_NOTHING else "nothing")

    @router.post("/api/floor/room")
    async def room(body: RoomBody) -> Done:
        """Open and shut, break and mend."""
        desk.change_room(body)
        return Done(outcome="changed")

    return router
