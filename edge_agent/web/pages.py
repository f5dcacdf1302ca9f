"""The web application of a gateway: kiosk, staff pages, live streams, figures, and what stands before them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse

from edge_agent.web.body_limit import BodyLimit
from edge_agent.web.operator_gate import OperatorGate
from kiosk_ui.design.assets import ASSETS_PATH, assets
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.design.pages import Pages
from kiosk_ui.design.security import SecurityHeaders

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def web_application(
    pages: Pages,
    *routers: APIRouter,
    home: str,
    operator_password: bytes | None,
    manager_password: bytes | None = None,
    hosts: Sequence[str] = (),
) -> FastAPI:
    """Everything the gateway serves; ``/`` leads to ``home``.

    With a password, all but kiosk and health asks for it. With ``hosts``, requests that name another
    host are refused: a page elsewhere could point its own name at this machine's loopback address.
    """
    app = FastAPI(title="Regulars gateway", docs_url=None, redoc_url=None, openapi_url=None)
    for router in routers:
        app.include_router(router)
    app.mount(ASSETS_PATH, assets())
    error_pages(app, pages)

    @app.get("/", include_in_schema=False)
    async def first_page() -> RedirectResponse:
        return RedirectResponse(home)

    app.add_middleware(BodyLimit)
    if operator_password is not None:
        app.add_middleware(OperatorGate, password=operator_password, manager_password=manager_password)
    if hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders)
    return app
