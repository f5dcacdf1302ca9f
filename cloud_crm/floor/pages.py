"""The floor of each store, and what is missing where over all stores; they follow the stores by themselves."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cloud_crm.floor.service import FloorService
from cloud_crm.gateways.pages import FLEET_CHANNEL, GatewayPath, moment_of, store_channel
from kiosk_ui.design import Pages


def floor_pages(service: FloorService, pages: Pages) -> APIRouter:
    """``/stores/{gateway}/floor`` and ``/missing``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/stores/{gateway}/floor")
    def floor(gateway: GatewayPath, request: Request) -> Response:
        return pages.render(
            request,
            "cloud/floor.html",
            view=service.store(gateway),
            moment_of=moment_of,
            live_url=f"/live/{store_channel(gateway)}",
            live_after="",
        )

    @router.get("/missing")
    def missing(request: Request) -> Response:
        return pages.render(
            request,
            "cloud/missing.html",
            view=service.chain(),
            moment_of=moment_of,
            live_url=f"/live/{FLEET_CHANNEL}",
            live_after="",
        )

    return router
