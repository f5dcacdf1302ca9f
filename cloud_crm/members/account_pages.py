"""The page of one member and its forms; plain forms, no scripts."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from cloud_crm.coupons.schemas import IssueBody
from cloud_crm.coupons.service import CouponService
from cloud_crm.forms import Form, see, shaped
from cloud_crm.gateways.pages import moment_of
from cloud_crm.members.account import AccountDesk, Adjustment
from cloud_crm.members.pages import MediumPath, MemberPath, number_hex_of
from cloud_crm.members.schemas import Because, Replacement
from cloud_crm.members.service import MemberService
from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem, conflict, unusable
from cloud_crm.rights.schemas import Goodwill
from cloud_crm.rights.service import RightsService
from kiosk_ui.design import Pages

_KEY_BYTES = 12
_NUMBER_CHARS_MAX = 9


class MemberForms:
    """What an operator may do on a member's page; each act names its reason and is kept with who did it."""

    def __init__(
        self, desk: AccountDesk, service: MemberService, coupons: CouponService, rights: RightsService
    ) -> None:
        self.desk = desk
        self.service = service
        self._coupons = coupons
        self._rights = rights

    def act(self, member: str, form: dict[str, str], operator: str) -> None:
        """Do what the form says. Raises :class:`Problem`."""
        reason = form.get("reason", "")
        match form.get("act", ""):
            case "adjust":
                asked = shaped(Adjustment, points=_number(form), reason=reason, key=form.get("key", ""))
                self.desk.adjust(member, asked, operator=operator)
            case "goodwill":
                given = shaped(Goodwill, points=_number(form), reason=reason, key=form.get("key", ""))
                self._rights.show_goodwill(member, given, actor=operator)
            case "block" | "unblock" as act:
                because = shaped(Because, reason=reason).reason
                self.service.block(member, blocked=act == "block", reason=because, operator=operator)
            case "coupon":
                self._issue(member, form, operator)
            case _:
                raise unusable("act", "is nothing that can be done here", "Use the forms of the page")

    def withdraw(self, instance: str, form: dict[str, str], operator: str) -> None:
        """Take a coupon back. Raises :class:`Problem`."""
        because = shaped(Because, reason=form.get("reason", "")).reason
        self._coupons.withdraw(instance, reason=because, operator=operator)

    def names(self) -> list[tuple[str, str]]:
        """Coupons that can be issued: key and name."""
        return [(one.coupon, one.name) for one in self._coupons.every() if one.in_programme]

    def _issue(self, member: str, form: dict[str, str], operator: str) -> None:
        body = shaped(IssueBody, key=form.get("key", ""), members=[member], reason=form.get("reason", ""))
        answer = self._coupons.issue(form.get("coupon", ""), body, operator=operator)
        if answer.refused:
            raise conflict("coupon", f"is not to be had: {answer.refused[0].why}", "See its budget at /coupons")


def account_pages(forms: MemberForms, pages: Pages) -> APIRouter:
    """``/members/{member}`` and its forms."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, member: str, problem: Problem | None = None) -> Response:
        return pages.render(
            request,
            "cloud/member.html",
            status_code=problem.status if problem else HTTPStatus.OK,
            account=forms.desk.account(member),
            contact=forms.service.contact(member),
            coupon_choices=forms.names(),
            key=secrets.token_urlsafe(_KEY_BYTES),
            fault=problem.view if problem else None,
            moment_of=moment_of,
        )

    @router.get("/members/{member}")
    def member_page(member: MemberPath, request: Request) -> Response:
        return show(request, member)

    @router.post("/members/{member}/acts")
    def act(member: MemberPath, request: Request, form: Form) -> Response:
        try:
            forms.act(member, form, operator_of(request))
        except Problem as problem:
            return show(request, member, problem)
        return see(f"/members/{member}")

    @router.post("/members/{member}/media/{medium}/block")
    def block(member: MemberPath, medium: MediumPath, request: Request, form: Form) -> Response:
        """Block a medium; where the number of another is written, link that in its place."""
        try:
            number, reason = form.get("number", "").strip(), form.get("reason", "")
            if number:
                new = shaped(Replacement, technology="card", number_hex=number_hex_of("card", number), reason=reason)
                forms.service.replace_medium(member, medium, new, reason=new.reason, operator=operator_of(request))
            else:
                because = shaped(Because, reason=reason).reason
                forms.service.block_medium(member, medium, reason=because, operator=operator_of(request))
        except Problem as problem:
            return show(request, member, problem)
        return see(f"/members/{member}")

    @router.post("/members/{member}/coupons/{medium}/withdraw")
    def withdraw(member: MemberPath, medium: MediumPath, request: Request, form: Form) -> Response:
        try:
            forms.withdraw(medium, form, operator_of(request))
        except Problem as problem:
            return show(request, member, problem)
        return see(f"/members/{member}")

    return router


def _number(form: dict[str, str]) -> int:
    text = form.get("points", "").strip().replace("−", "-")
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _NUMBER_CHARS_MAX):
        raise unusable("points", "are no whole number", "Write digits, with - before them to take points")
    return int(text)
