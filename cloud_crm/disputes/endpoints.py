"""JSON endpoints of what is to be looked at."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request

from cloud_crm.disputes.schemas import OpenDisputes, Settlement
from cloud_crm.disputes.service import DisputeDesk
from cloud_crm.members.endpoints import MemberPath
from cloud_crm.members.schemas import Because
from cloud_crm.operators import operator_of


def dispute_endpoints(desk: DisputeDesk) -> APIRouter:
    """``/api/disputes`` and what is below."""
    router = APIRouter(tags=["disputes"])

    @router.get("/api/disputes")
    def every() -> OpenDisputes:
        """Facts about people that could not be applied, and members who may be there twice."""
        return desk.every()

    @router.post("/api/disputes/settle", status_code=HTTPStatus.NO_CONTENT)
    def settle(body: Settlement, request: Request) -> None:
        """Somebody has looked at a disputed fact; it is listed no more, and kept with who and why."""
        desk.settle(body, operator=operator_of(request))

    @router.post("/api/members/{member}/two-people", status_code=HTTPStatus.NO_CONTENT)
    def tell_apart(member: MemberPath, body: Because, request: Request) -> None:
        """This member is not the other one with the same phone number; a referral that waited is paid."""
        desk.tell_apart(member, reason=body.reason, operator=operator_of(request))

    return router
