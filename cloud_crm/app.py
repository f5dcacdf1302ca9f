"""The cloud's web app and the command that runs it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import FrameType

import uvicorn
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cloud_bridge import asyncapi
from cloud_crm.assembly import ASSETS, Cloud
from cloud_crm.clock import Clock, system_clock
from cloud_crm.config import PASSWORD_BYTES_MIN, CloudSettings, is_loopback, read_secret
from cloud_crm.coupons.endpoints import coupon_endpoints
from cloud_crm.coupons.pages import coupon_pages
from cloud_crm.disputes.endpoints import dispute_endpoints
from cloud_crm.disputes.pages import dispute_pages
from cloud_crm.events.endpoints import event_endpoints
from cloud_crm.floor.endpoints import floor_endpoints
from cloud_crm.floor.pages import floor_pages
from cloud_crm.gateways.endpoints import gateway_endpoints
from cloud_crm.gateways.pages import gateway_pages
from cloud_crm.ledger.endpoints import ledger_endpoints
from cloud_crm.members.account_pages import MemberForms, account_pages
from cloud_crm.members.endpoints import activity_endpoints, member_endpoints
from cloud_crm.members.pages import member_pages
from cloud_crm.memory import settle_memory
from cloud_crm.operators import BoundedBody, OperatorPassword, SameOrigin
from cloud_crm.phones.pages import phone_pages
from cloud_crm.problems import answer_problems
from cloud_crm.programme.endpoints import programme_endpoints
from cloud_crm.programme.pages import Explain, plain_explanation, programme_pages
from cloud_crm.rights.endpoints import rights_endpoints
from cloud_crm.rights.pages import rights_pages
from kiosk_ui.design import SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.refusals import ProblemView
from kiosk_ui.live import live_pages

_SHUTDOWN_S = 1
_KEEP_ALIVE_S = 15


def cloud_app(cloud: Cloud) -> FastAPI:
    """The web app of one tenant; landing runs for as long as the app does."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with cloud.running():
            yield

    app = FastAPI(
        title="Regulars cloud CRM",
        docs_url=None,  # the interactive page loads scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        responses={HTTPStatus.UNPROCESSABLE_ENTITY: {"model": ProblemView}},
    )
    for router in (
        gateway_endpoints(cloud.gateways),
        member_endpoints(cloud.members, cloud.accounts),
        activity_endpoints(cloud.activities),
        coupon_endpoints(cloud.coupons),
        dispute_endpoints(cloud.disputes),
        programme_endpoints(cloud.programme),
        ledger_endpoints(cloud.ledger),
        rights_endpoints(cloud.rights),
        event_endpoints(cloud.events),
        floor_endpoints(cloud.floor),
        gateway_pages(cloud.desk, cloud.pages, cloud.hub),
        member_pages(cloud.members, cloud.pages),
        account_pages(MemberForms(cloud.accounts, cloud.members, cloud.coupons, cloud.rights), cloud.pages),
        coupon_pages(cloud.coupons, cloud.pages),
        dispute_pages(cloud.disputes, cloud.pages),
        programme_pages(cloud.programme, cloud.pages, cloud.explain),
        rights_pages(cloud.rights, cloud.gateways, cloud.pages),
        floor_pages(cloud.floor, cloud.pages),
        phone_pages(cloud.pages, cloud.clock),
        live_pages(cloud.hub),
        _probes(cloud),
    ):
        app.include_router(router)
    app.mount(ASSETS_PATH, assets(cloud=ASSETS))
    answer_problems(app, cloud.pages)
    _guard(app, cloud.settings)
    return app


def run(settings: CloudSettings, *, clock: Clock = system_clock, explain: Explain = plain_explanation) -> None:
    """Serve until SIGINT or SIGTERM. Raises ``ConfigError`` or ``DatabaseError`` before listening."""
    cloud = Cloud(settings, clock=clock, explain=explain)
    server = _Server(cloud)
    settle_memory()
    before = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(server.serve())
    finally:
        cloud.close()
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Ends open live streams as soon as it is told to stop, so that stopping does not wait for them."""

    def __init__(self, cloud: Cloud) -> None:
        web = cloud.settings.web
        super().__init__(
            uvicorn.Config(
                cloud_app(cloud),
                host=web.host,
                port=web.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_S,
                timeout_keep_alive=_KEEP_ALIVE_S,
            )
        )
        self._hub = cloud.hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.close()
        super().handle_exit(sig, frame)


def _guard(app: FastAPI, settings: CloudSettings) -> None:
    """Outermost last: headers on every answer, then the password, then the origin, then the size."""
    path = settings.web.operator_password_file
    app.add_middleware(BoundedBody)
    app.add_middleware(SameOrigin, loopback_only=path is None and is_loopback(settings.web.host))
    if path is not None:
        password = read_secret(path, "web.operator_password_file", bytes_min=PASSWORD_BYTES_MIN)
        app.add_middleware(OperatorPassword, password=password)
    app.add_middleware(SecurityHeaders)


def _probes(cloud: Cloud) -> APIRouter:
    """What machines ask: alive, ready, figures."""
    router = APIRouter(tags=["probes"])
    registry = cloud.figures.registry()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    def healthz() -> JSONResponse:
        """200 while all of the program works, 503 once a part of it has ended: then restart it."""
        if cloud.is_alive:
            return JSONResponse({"status": "alive"})
        return JSONResponse({"status": "ended"}, HTTPStatus.SERVICE_UNAVAILABLE)

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    def readyz() -> JSONResponse:
        """200 once the database and the broker are reached, 503 before; says which."""
        state = cloud.is_ready()
        return JSONResponse(state, HTTPStatus.OK if all(state.values()) else HTTPStatus.SERVICE_UNAVAILABLE)

    @router.get("/asyncapi.json")
    def wire() -> Response:
        """What stores and cloud say to each other over MQTT, as an AsyncAPI document."""
        return Response(asyncapi.text(), media_type="application/json")

    @router.get("/metrics")
    def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
