"""One page per store: what is out there, what is in doubt, and what an operator can do about it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from cloud_crm.forms import Form, see, shaped
from cloud_crm.gateways.pages import GatewayPath, moment_of
from cloud_crm.gateways.service import GatewayService
from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem
from cloud_crm.rights.schemas import Revocation, WriteOff
from cloud_crm.rights.service import RightsService
from kiosk_ui.design import Pages


def rights_pages(service: RightsService, gateways: GatewayService, pages: Pages) -> APIRouter:
    """``/stores/{gateway}/rights``."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, gateway: str, *, problem: Problem | None = None) -> Response:
        return pages.render(
            request,
            "cloud/rights.html",
            status_code=problem.status if problem else HTTPStatus.OK,
            rights=service.of_gateway(gateway),
            store_name=gateways.one(gateway).store_name,
            fault=problem.view if problem else None,
            moment_of=moment_of,
        )

    @router.get("/stores/{gateway}/rights")
    def rights(gateway: GatewayPath, request: Request) -> Response:
        return show(request, gateway)

    @router.post("/stores/{gateway}/rights/revoke")
    def revoke(gateway: GatewayPath, request: Request, form: Form) -> Response:
        try:
            asked = shaped(Revocation, reason=form.get("reason", ""))
            service.revoke(gateway, reason=asked.reason, actor=operator_of(request))
        except Problem as problem:
            return show(request, gateway, problem=problem)
        return see(f"/stores/{gateway}/rights")

    @router.post("/stores/{gateway}/rights/reinstate")
    def reinstate(gateway: GatewayPath, request: Request, form: Form) -> Response:
        try:
            asked = shaped(Revocation, reason=form.get("reason", ""))
            service.reinstate(gateway, reason=asked.reason, actor=operator_of(request))
        except Problem as problem:
            return show(request, gateway, problem=problem)
        return see(f"/stores/{gateway}/rights")

    @router.post("/stores/{gateway}/rights/write-off")
    def write_off(gateway: GatewayPath, request: Request, form: Form) -> Response:
        try:
            member = form.get("member", "").strip() or None
            asked = shaped(WriteOff, reason=form.get("reason", ""), member=member)
            service.write_off(gateway, asked, actor=operator_of(request))
        except Problem as problem:
            return show(request, gateway, problem=problem)
        return see(f"/stores/{gateway}/rights")

    return router
