"""The gallery as an application: the product's own pages around the samples."""

from __future__ import annotations

import argparse
from datetime import UTC
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import HTMLResponse

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.gallery.board_samples import BOARDS, SampleFloor
from kiosk_ui.gallery.kiosk_samples import SCREENS
from kiosk_ui.gallery.staff_samples import ALARMING, STATUS, STORE, SampleDesk
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import CONNECTION_EVENT, SCREEN_EVENT, Connection, kiosk_channel
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.board_pages import board_pages
from kiosk_ui.staff.member_pages import member_pages
from kiosk_ui.staff.pages import staff_pages
from kiosk_ui.staff.status import StoreStatus


def gallery() -> FastAPI:
    """The gallery as an application: the product's own pages around sample data."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)
    pages = Pages(templates=[Path(__file__).parents[1] / "design/templates"], timezone=UTC)
    error_pages(app, pages)
    app.mount(ASSETS_PATH, assets())
    hub = LiveHub()
    kiosks = [Kiosk(f"{name}{cut}", STORE, Touch(name)) for name in SCREENS for cut in ("", "-cut")]
    for name, screen in SCREENS.items():
        hub.publish(SCREEN_EVENT, screen, channel=kiosk_channel(name))
        hub.publish(SCREEN_EVENT, screen, channel=kiosk_channel(f"{name}-cut"))
        hub.publish(CONNECTION_EVENT, Connection(online=False), channel=kiosk_channel(f"{name}-cut"))
    app.include_router(kiosk_pages(pages, hub, kiosks))
    app.include_router(live_pages(hub))

    async def status() -> StoreStatus:
        return STATUS

    async def alarming() -> StoreStatus:
        return ALARMING

    app.include_router(staff_pages(pages, hub, status))
    app.include_router(staff_pages(pages, hub, alarming), prefix="/alarming")

    app.include_router(member_pages(pages, hub, SampleDesk(), counters=["counter-1", "counter-2"], store_name=STORE))

    for prefix, board in BOARDS.items():
        app.include_router(board_pages(pages, hub, SampleFloor(board)), prefix=prefix)

    @app.get("/", response_class=HTMLResponse)
    async def components(request: Request) -> HTMLResponse:
        return pages.render(request, "gallery.html", screens=list(SCREENS))

    @app.get("/error/{status_code}")
    async def error(status_code: int) -> HTMLResponse:
        raise HTTPException(status_code)

    return app


def main() -> None:
    """Serve the gallery on 127.0.0.1 until interrupted."""
    parser = argparse.ArgumentParser(description="Every component and screen, with sample data.")
    parser.add_argument("--port", type=int, default=8088)
    uvicorn.run(gallery(), host="127.0.0.1", port=parser.parse_args().port, timeout_graceful_shutdown=1)
