"""The page of what is to be looked at; plain forms, no scripts."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from cloud_crm.disputes.schemas import Settlement
from cloud_crm.disputes.service import DisputeDesk
from cloud_crm.forms import Form, see, shaped
from cloud_crm.gateways.pages import moment_of
from cloud_crm.members.pages import MemberPath
from cloud_crm.members.schemas import Because
from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem
from kiosk_ui.design import Pages

_HERE = "/disputes"


def dispute_pages(desk: DisputeDesk, pages: Pages) -> APIRouter:
    """``/disputes`` and its forms."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, problem: Problem | None = None) -> Response:
        return pages.render(
            request,
            "cloud/disputes.html",
            status_code=problem.status if problem else HTTPStatus.OK,
            view=desk.every(),
            fault=problem.view if problem else None,
            moment_of=moment_of,
        )

    @router.get(_HERE)
    def disputes(request: Request) -> Response:
        return show(request)

    @router.post(f"{_HERE}/settle")
    def settle(request: Request, form: Form) -> Response:
        try:
            asked = shaped(Settlement, event=form.get("event", ""), reason=form.get("reason", ""))
            desk.settle(asked, operator=operator_of(request))
        except Problem as problem:
            return show(request, problem)
        return see(_HERE)

    @router.post(f"{_HERE}/members/{{member}}")
    def tell_apart(member: MemberPath, request: Request, form: Form) -> Response:
        try:
            because = shaped(Because, reason=form.get("reason", "")).reason
            desk.tell_apart(member, reason=because, operator=operator_of(request))
        except Problem as problem:
            return show(request, problem)
        return see(_HERE)

    return router
