"""JSON endpoints of rights: what is out where, and what an operator does about gateways that are gone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from cloud_crm.gateways.endpoints import GatewayPath
from cloud_crm.operators import operator_of
from cloud_crm.rights.schemas import Done, GatewayRights, Goodwill, MemberRights, Revocation, WriteOff
from cloud_crm.rights.service import RightsService

MemberPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Member id")]


def rights_endpoints(service: RightsService) -> APIRouter:
    """``/api/gateways/{gateway}/rights`` and what is below; goodwill for members."""
    router = APIRouter(tags=["rights"])

    @router.get("/api/gateways/{gateway}/rights")
    def out(gateway: GatewayPath) -> GatewayRights:
        """What this gateway holds, and what is in doubt."""
        return service.of_gateway(gateway)

    @router.post("/api/gateways/{gateway}/rights/revoke")
    def revoke(gateway: GatewayPath, asked: Revocation, request: Request) -> GatewayRights:
        """Give the gateway up: stolen, burnt, lost. What it held waits in suspense."""
        return service.revoke(gateway, reason=asked.reason, actor=operator_of(request))

    @router.post("/api/gateways/{gateway}/rights/reinstate")
    def reinstate(gateway: GatewayPath, asked: Revocation, request: Request) -> GatewayRights:
        """Let the gateway back in; it begins anew."""
        return service.reinstate(gateway, reason=asked.reason, actor=operator_of(request))

    @router.post("/api/gateways/{gateway}/rights/write-off")
    def write_off(gateway: GatewayPath, asked: WriteOff, request: Request) -> Done:
        """Give up points in suspense, as far as the cap goes."""
        return service.write_off(gateway, asked, actor=operator_of(request))

    @router.get("/api/members/{member}/rights")
    def account(member: MemberPath) -> MemberRights:
        """Where every point of this member is: free, leased to a store, or in doubt."""
        return service.of_member(member)

    @router.post("/api/members/{member}/goodwill")
    def goodwill(member: MemberPath, asked: Goodwill, request: Request) -> Done:
        """Give a member points for those that nobody can account for, as far as the cap goes."""
        return service.show_goodwill(member, asked, actor=operator_of(request))

    return router
