"""Every component and every screen with sample data, for whoever designs, translates or tests them.

``python -m kiosk_ui.gallery`` serves it on this machine; no program of the product does.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import HTMLResponse

from devices.observations import DeviceState
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import (
    CONNECTION_EVENT,
    SCREEN_EVENT,
    Attract,
    Claimable,
    Connection,
    Earned,
    Goodbye,
    Greeting,
    ReaderFault,
    Screen,
    UnknownCard,
    kiosk_channel,
)
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.pages import staff_pages
from kiosk_ui.staff.status import DeviceView, LaneView, LinkState, LinkView, ReplicaView, StoreStatus

STORE = "和平路店 Heping Road"
_NOON = datetime(2026, 3, 5, 14, 5, tzinfo=UTC)
_CLAIM = Claimable(sale="R-20260305-0117", total_minor=8650, currency="CNY")

SCREENS: Mapping[str, Screen] = {
    "attract": Attract(),
    "greeting": Greeting(name="王小明", balance=1280, as_of=_NOON, online=True),
    "greeting-offline": Greeting(name="Amélie Dubois", balance=48, as_of=_NOON, online=False),
    "greeting-claim": Greeting(name="王小明", balance=1280, as_of=_NOON, online=False, claimable=_CLAIM),
    "greeting-long": Greeting(
        name="Maria-Magdalena von Hohenzollern-Sigmaringen", balance=1_234_567_890, as_of=_NOON, online=False
    ),
    "greeting-endless": Greeting(
        name="鑫" * 100, balance=-1_234_567, as_of=_NOON, online=False, claimable=_CLAIM.model_copy(
            update={"total_minor": 999_999_999_99, "currency": "IDR"}
        )
    ),
    "earned": Earned(
        name="王小明", points=86, balance=1366, as_of=_NOON, total_minor=8650, currency="CNY"
    ),
    "earned-one": Earned(points=1, balance=1, as_of=_NOON, total_minor=199, currency="GBP"),
    "earned-long": Earned(
        name="Maria-Magdalena von Hohenzollern-Sigmaringen", points=12_345_678, balance=1_234_567_890,
        as_of=_NOON, total_minor=123_456_789_00, currency="CNY",
    ),
    "returned": Earned(name="王小明", points=-37, balance=1243, as_of=_NOON, total_minor=-3700, currency="CNY"),
    "unknown": UnknownCard(),
    "fault": ReaderFault(device="counter-1 card reader"),
    "goodbye": Goodbye(name="王小明"),
    "goodbye-nameless": Goodbye(),
}  # fmt: skip
"""One kiosk of the gallery for each: ``/kiosk/<name>``, and ``/kiosk/<name>-cut`` with the offline notice."""

STATUS = StoreStatus(
    gateway="gw-heping-01",
    store_name=STORE,
    software="0.1.0",
    incarnation="5f0c9a3e7d2b41c88a6e0f1b2c3d4e5f",
    durability="full",
    link=LinkView(state=LinkState.ONLINE, since=_NOON, detail="mqtts://broker.example:8883"),
    devices=[
        DeviceView(name="counter-1 card reader", driver="pn532", state=DeviceState.ONLINE, last_seen=_NOON),
        DeviceView(
            name="counter-1 scanner",
            driver="serial_scanner",
            state=DeviceState.DEGRADED,
            reason="3 of the last 10 codes were cut short: check the cable",
            last_seen=_NOON,
        ),
        DeviceView(name="till feed", driver="till_feed", state=DeviceState.CONNECTING),
    ],
    lanes={
        "ledger": LaneView(recorded=18_204, acked=18_190, queued=14, dropped=0, oldest_unsent_age_s=42),
        "telemetry": LaneView(
            recorded=96_410, acked=95_800, queued=600, dropped=10,
            dropped_by_reason={"telemetry_full": 10}, oldest_unsent_age_s=15,
        ),
    },
    replica=ReplicaView(version=412, members=50_000, as_of=_NOON),
    undecided=0,
)  # fmt: skip

ALARMING = STATUS.model_copy(
    update={
        "link": LinkView(state=LinkState.OFFLINE, since=_NOON, detail="connection refused; trying again in 8 s"),
        "devices": [
            STATUS.devices[0].model_copy(
                update={"state": DeviceState.OFFLINE, "reason": "the reader was unplugged: put the USB cable back"}
            ),
            *STATUS.devices[1:],
        ],
        "undecided": 3,
        "quarantined": "Ledger event 18,195 arrived with two different contents.",
    }
)


def gallery() -> FastAPI:
    """The gallery as an application: the product's own pages around sample data."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecurityHeaders)
    pages = Pages(templates=[Path(__file__).parent / "design/templates"], timezone=UTC)
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


if __name__ == "__main__":
    main()
