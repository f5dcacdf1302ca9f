"""The members page: who joined, with which cards, and what they have; plain forms, no scripts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from cloud_crm.forms import Form, see, shaped
from cloud_crm.gateways.pages import moment_of
from cloud_crm.members.schemas import NewMedium, NewMember
from cloud_crm.members.service import MEMBERS_SHOWN_MAX, MemberService
from cloud_crm.operators import operator_of
from cloud_crm.problems import Problem
from kiosk_ui.design import Pages
from kiosk_ui.design.refusals import ProblemView

MemberPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
MediumPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Search = Annotated[str, Query(max_length=80)]


def member_pages(service: MemberService, pages: Pages) -> APIRouter:
    """``/members`` and its forms."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, search: str = "", problem: Problem | None = None) -> Response:
        members, total = service.newest(search=search)
        fault: ProblemView | None = problem.view if problem else None
        return pages.render(
            request,
            "cloud/members.html",
            status_code=problem.status if problem else HTTPStatus.OK,
            members=members,
            total=total,
            shown_max=MEMBERS_SHOWN_MAX,
            search=search,
            fault=fault,
            moment_of=moment_of,
        )

    @router.get("/members")
    def members(request: Request, search: Search = "") -> Response:
        return show(request, search.replace("\x00", ""))

    @router.post("/members")
    def add(request: Request, form: Form) -> Response:
        try:
            new = shaped(NewMember, name=form.get("name", ""), language=form.get("language", ""))
            service.add(new, operator=operator_of(request))
        except Problem as problem:
            return show(request, problem=problem)
        return see("/members")

    @router.post("/members/{member}/media")
    def link(member: MemberPath, request: Request, form: Form) -> Response:
        technology = form.get("technology", "card")
        number_hex = number_hex_of(technology, form.get("number", ""))
        try:
            new = shaped(NewMedium, technology=technology, number_hex=number_hex)
            service.link(member, new, operator=operator_of(request))
        except Problem as problem:
            return show(request, problem=problem)
        return see("/members")

    @router.post("/members/{member}/media/{medium}/unlink")
    def unlink(member: MemberPath, medium: MediumPath, request: Request) -> Response:
        try:
            service.unlink(member, medium, operator=operator_of(request))
        except Problem as problem:
            return show(request, problem=problem)
        return see("/members")

    return router


def number_hex_of(technology: str, number: str) -> str:
    """A card's number as people type it (``04 A1:B2``); a code's text as its bytes."""
    if technology == "code":
        return number.strip().encode().hex()
    return "".join(number.replace(":", " ").replace("-", " ").split())
