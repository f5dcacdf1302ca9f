"""JSON endpoints of gateways."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from cloud_crm.gateways.schemas import GatewayDetail, GatewayView
from cloud_crm.gateways.service import GatewayService
from cloud_crm.operators import operator_of

GatewayPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Gateway id")]


def gateway_endpoints(service: GatewayService) -> APIRouter:
    """``/api/gateways`` and what is below."""
    router = APIRouter(prefix="/api/gateways", tags=["gateways"])

    @router.get("")
    def every() -> list[GatewayView]:
        """All gateways with their figures."""
        return service.every()

    @router.get("/{gateway}")
    def one(gateway: GatewayPath) -> GatewayDetail:
        """One gateway with its figures and past quarantines."""
        return service.one(gateway)

    @router.post("/{gateway}/release")
    def release(gateway: GatewayPath, request: Request) -> GatewayDetail:
        """Set the disputed body aside and let landing go on; who did it is kept."""
        return service.release(gateway, operator=operator_of(request))

    return router
