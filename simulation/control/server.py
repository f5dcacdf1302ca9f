"""Serves the control page on this machine only: a page, a JSON API and a live stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

from cloud_crm.operators import BoundedBody, SameOrigin
from edge_agent.tap_path import Station
from edge_agent.web.server import WebServer
from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.design.refusals import ProblemView
from kiosk_ui.live import LiveHub, live_pages
from simulation.control.desk import Desk, Refusal, Said
from simulation.control.floor_desk import FloorDesk
from simulation.control.floor_pages import FLOOR_CHANNEL, floor_pages
from simulation.control.floor_views import FLOOR_EVENT, FloorView
from simulation.control.stations import StationLog, landed
from simulation.control.views import (
    CONTROL_CHANNEL,
    CONTROL_EVENT,
    STATIONS_EVENT,
    CableBody,
    ControlView,
    Done,
    GatewayBody,
    LinkBody,
    ProveBody,
    ReaderBody,
    RefundBody,
    SaleBody,
    ScanBody,
    StationsView,
    TapBody,
)
from simulation.evidence.books import BooksUnreadable
from simulation.files.store import STORE_NAME
from simulation.head_office import HeadOfficeError
from simulation.processes.ports import HOST

MEMBERS_SHOWN_MAX = 12
UNKNOWN_UID = "04C0FFEE00BEEF"
_HERE = Path(__file__).parent
_LIGHTS_S = 0.15
_FIGURES_S = 0.5

Turns = Callable[[], tuple[int, int]]


@contextlib.asynccontextmanager
async def control_server(desk: Desk, *, port: int, turns: Turns) -> AsyncIterator[None]:
    """Serve inside the ``async with`` block. Raises ``edge_agent.web.server.AddressTaken``."""
    hub = LiveHub()
    hub.declare(CONTROL_CHANNEL)
    hub.declare(FLOOR_CHANNEL)
    floor = FloorDesk(desk.store)
    panel = _Panel(desk, floor, hub, turns)
    server = WebServer(control_app(desk, floor, panel, hub), host=HOST, port=port)
    tasks = [asyncio.create_task(server.run_until_stopped()), asyncio.create_task(panel.keep_lit())]
    listening = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait({*tasks, listening}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        hub.close()
        server.ask_to_stop()
        for task in (listening, tasks[1]):
            task.cancel()
        await asyncio.gather(listening, *tasks, return_exceptions=True)


class _Panel:
    """Reads the figures of both ends and tells the page, while somebody looks at it."""

    def __init__(self, desk: Desk, floor: FloorDesk, hub: LiveHub, turns: Turns) -> None:
        self._desk = desk
        self._floor = floor
        self._hub = hub
        self._turns = turns
        self._log = StationLog(desk.store.branch.plan.folder.log("edge"))
        self._landed: dict[str, int] = {}
        self._said = Said()

    async def view(self) -> ControlView:
        """The state now, read afresh."""
        await self._read_figures()
        return self._view()

    def stations(self) -> StationsView:
        """What has passed each station so far, as far as it was read."""
        passed = {station.value: 0 for station in Station} | dict(self._log.passed) | self._landed
        return StationsView(passed=passed)

    async def keep_lit(self) -> None:
        """Publish all views until cancelled; rests while nobody looks."""
        due_s = 0.0
        shown: FloorView | None = None
        while True:
            await asyncio.sleep(_LIGHTS_S)
            if self._hub.readers(FLOOR_CHANNEL) and (floor := self._floor.view()) != shown:
                shown = floor
                self._hub.publish(FLOOR_EVENT, floor, channel=FLOOR_CHANNEL)
            if not self._hub.readers(CONTROL_CHANNEL):
                continue
            loop = asyncio.get_running_loop()
            if loop.time() >= due_s:
                await self._read_figures()
                due_s = loop.time() + _FIGURES_S
            await asyncio.to_thread(self._log.read_on)
            self._hub.publish(STATIONS_EVENT, self.stations(), channel=CONTROL_CHANNEL)
            self._hub.publish(CONTROL_EVENT, self._view(), channel=CONTROL_CHANNEL)

    def _view(self) -> ControlView:
        return self._desk.view(self._said, self._turns())

    async def _read_figures(self) -> None:
        auditor = self._desk.store.auditor
        self._said = Said(await _or_none(auditor.status()), await _or_none(auditor.rights()))
        self._landed |= landed(self._said.status, await _or_none(auditor.fleet()))


def control_app(desk: Desk, floor: FloorDesk, panel: _Panel, hub: LiveHub) -> FastAPI:
    """The page and its API. Requests from other sites' pages and under other names are refused."""
    app = FastAPI(title="Regulars demo control", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(templates=[_HERE / "templates"], locales=[_HERE / "locales"])
    app.include_router(_verbs(desk))
    app.include_router(_looks(desk, panel, pages))
    app.include_router(floor_pages(floor, pages, links=_links(desk)))
    app.include_router(live_pages(hub))
    app.mount(ASSETS_PATH, assets(control=_HERE / "assets"))
    error_pages(app, pages)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HeadOfficeError, _refused)
    app.add_middleware(BoundedBody)
    app.add_middleware(SameOrigin, loopback_only=True)
    app.add_middleware(SecurityHeaders)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    remedy = error.remedy if isinstance(error, Refusal) else "Look at the cloud's page and log."
    problem = error.problem if isinstance(error, Refusal) else f"{error}."
    return JSONResponse(ProblemView.of(request.url.path, problem, remedy).model_dump(), HTTPStatus.CONFLICT)


async def _or_none(reading: Any) -> dict[str, Any] | None:
    try:
        figures: dict[str, Any] = await reading
    except BooksUnreadable:
        return None
    return figures


def _links(desk: Desk) -> dict[str, str]:
    store = desk.store
    return {
        "kiosk": store.floor.at(1).counter.kiosk_url,
        "board": f"{store.branch.url}/staff/board",
        "status": f"{store.branch.url}/staff/status",
        "cloud": store.stage.cloud_url,
        "rights": f"{store.stage.cloud_url}/stores/{store.branch.gateway_id}/rights",
    }


def _looks(desk: Desk, panel: _Panel, pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> HTMLResponse:
        day = desk.store.day
        return pages.render(
            request,
            "control/control.html",
            store_name=STORE_NAME,
            view=(await panel.view()).model_dump(mode="json"),
            stations=panel.stations().model_dump(mode="json"),
            members=day.members[:MEMBERS_SHOWN_MAX],
            codes=[member for member in day.members if member.code][:MEMBERS_SHOWN_MAX],
            currency=day.currency,
            unknown_uid=day.strangers[0].number.hex() if day.strangers else UNKNOWN_UID,
            links=_links(desk),
            live_url=f"/live/{CONTROL_CHANNEL}",
            live_after="",
        )

    @router.get("/api/state")
    async def state() -> ControlView:
        """What the page shows."""
        return await panel.view()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The program answers."""
        return {"status": "alive"}

    return router


def _verbs(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/tap")
    async def tap(body: TapBody) -> Done:
        return Done(outcome=(await desk.tap(body.uid, counter=body.counter)).value)

    @router.post("/prove")
    async def prove(body: ProveBody) -> Done:
        return Done(outcome=(await desk.prove(is_clone=body.is_clone, counter=body.counter)).value)

    @router.post("/scan")
    async def scan(body: ScanBody) -> Done:
        await desk.scan(body.text, counter=body.counter)
        return Done(outcome="scanned")

    @router.post("/sale")
    async def sale(body: SaleBody) -> Done:
        return Done(
            outcome=(await desk.sell(body.amount_minor, counter=body.counter, with_points=body.with_points)).sale
        )

    @router.post("/refund")
    async def refund(body: RefundBody) -> Done:
        return Done(outcome=(await desk.refund(counter=body.counter)).sale)

    @router.post("/cable")
    async def cable(body: CableBody) -> Done:
        desk.cable(plugged=body.plugged)
        return Done(outcome="plugged" if body.plugged else "pulled")

    @router.post("/reader")
    async def reader(body: ReaderBody) -> Done:
        await desk.set_reader(body.state, counter=body.counter)
        return Done(outcome=body.state.value)

    @router.post("/gateway")
    async def gateway(body: GatewayBody) -> Done:
        await desk.gateway(body.action)
        return Done(outcome=body.action.value)

    @router.post("/link")
    async def link(body: LinkBody) -> Done:
        await desk.link(body.member)
        return Done(outcome="linked")

    return router
