"""The coupons page: every coupon with its budget, and a form for a campaign of codes."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from cloud_crm.coupons.endpoints import CouponPath, csv_of
from cloud_crm.coupons.schemas import ISSUE_CODES_MAX, IssueBody
from cloud_crm.coupons.service import CouponService
from cloud_crm.forms import Form, shaped
from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem, conflict
from kiosk_ui.design import Pages

_KEY_BYTES = 12


def coupon_pages(service: CouponService, pages: Pages) -> APIRouter:
    """``/coupons`` and its form."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, problem: Problem | None = None) -> Response:
        return pages.render(
            request,
            "cloud/coupons.html",
            status_code=problem.status if problem else HTTPStatus.OK,
            coupons=service.every(),
            codes_max=ISSUE_CODES_MAX,
            stores=service.stores(),
            key=secrets.token_hex(_KEY_BYTES),
            fault=problem.view if problem else None,
        )

    @router.get("/coupons")
    def coupons(request: Request) -> Response:
        return show(request)

    @router.post("/coupons/{coupon}/codes")
    def codes(coupon: CouponPath, request: Request, form: Form) -> Response:
        """The codes come as a file, once; nothing here keeps them."""
        try:
            number = form.get("codes", "").strip()
            body = shaped(
                IssueBody,
                key=form.get("key", ""),
                codes=number,
                gateway=form.get("gateway", ""),
                reason=form.get("reason", ""),
            )
            answer = service.issue(coupon, body, operator=operator_of(request))
            if not answer.codes:
                raise conflict("codes", f"are not to be had: {answer.refused[0].why}", "See the budget of the coupon")
        except Problem as problem:
            return show(request, problem)
        file = csv_of(answer.codes)
        file.status_code = HTTPStatus.OK
        return file

    return router
