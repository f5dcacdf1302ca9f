"""JSON endpoints of coupons."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from cloud_crm.coupons.schemas import CouponView, IssueAnswer, IssueBody, WithdrawBody
from cloud_crm.coupons.service import CouponService
from cloud_crm.operators import operator_of

CouponPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,60}$", description="Key of a coupon of the programme")]
InstancePath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Id of a coupon that was given")]
_CSV = "text/csv"


def coupon_endpoints(service: CouponService) -> APIRouter:
    """``/api/coupons`` and what is below."""
    router = APIRouter(prefix="/api/coupons", tags=["coupons"])

    @router.get("")
    def every() -> list[CouponView]:
        """The coupons of the programme, and what is gone of their budgets."""
        return service.every()

    @router.post(
        "/{coupon}/issue",
        status_code=HTTPStatus.CREATED,
        response_model=IssueAnswer,
        responses={HTTPStatus.CREATED: {"content": {_CSV: {"schema": {"type": "string"}}}}},
    )
    def issue(coupon: CouponPath, body: IssueBody, request: Request) -> IssueAnswer | Response:
        """Issue to members, or as single-use codes; as CSV where that is asked for.

        Codes are answered once and never again. What exceeds a budget is refused member by member.
        """
        answer = service.issue(coupon, body, operator=operator_of(request))
        return csv_of(answer.codes) if _CSV in request.headers.get("accept", "") else answer

    @router.post("/instances/{instance}/withdraw", status_code=HTTPStatus.NO_CONTENT)
    def withdraw(instance: InstancePath, body: WithdrawBody, request: Request) -> None:
        """Take a coupon back that was not used."""
        service.withdraw(instance, reason=body.reason, operator=operator_of(request))

    return router


def csv_of(codes: list[str]) -> Response:
    """The codes as a file to be printed from; not to be kept by anybody on the way."""
    text = "\r\n".join(["code", *codes, ""])
    headers = {"content-disposition": 'attachment; filename="codes.csv"', "cache-control": "no-store"}
    return Response(text, HTTPStatus.CREATED, headers=headers, media_type=_CSV)
