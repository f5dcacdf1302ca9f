"""JSON endpoints of members and media."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request

from cloud_crm.members.account import AccountDesk, Adjustment
from cloud_crm.members.activities import ActivityAnswer, ActivityBody, ActivityDesk
from cloud_crm.members.schemas import (
    Because,
    ImportBody,
    MediumLinked,
    MemberAdded,
    MemberChange,
    MembersImported,
    MemberView,
    NewMedium,
    NewMember,
    Replacement,
)
from cloud_crm.members.service import MemberService
from cloud_crm.operators import operator_of

MemberPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Member id")]
MediumPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Medium id, as answered when it was linked")]


def member_endpoints(service: MemberService, desk: AccountDesk) -> APIRouter:
    """``/api/members`` and what is below."""
    router = APIRouter(prefix="/api/members", tags=["members"])

    @router.post("", status_code=HTTPStatus.CREATED)
    def add(body: NewMember, request: Request) -> MemberAdded:
        """Add a member."""
        return MemberAdded(member=service.add(body, operator=operator_of(request)))

    @router.post("/import")
    def take_over(body: ImportBody, request: Request) -> MembersImported:
        """Add or change many members with their media; all of them, or none when one is wrong.

        Of known members only name, language, media and consents are changed.
        """
        return MembersImported(members=service.take_over(body, operator=operator_of(request)))

    @router.get("/{member}")
    def view(member: MemberPath) -> MemberView:
        """One member with media and balance."""
        return service.view(member)

    @router.patch("/{member}")
    def change(member: MemberPath, body: MemberChange, request: Request) -> MemberView:
        """Other details or consents; what is left out stays."""
        return service.change(member, body, operator=operator_of(request))

    @router.post("/{member}/adjust", status_code=HTTPStatus.NO_CONTENT)
    def adjust(member: MemberPath, body: Adjustment, request: Request) -> None:
        """Give or take points by hand, with a reason; the same key adjusts once."""
        desk.adjust(member, body, operator=operator_of(request))

    @router.post("/{member}/block", status_code=HTTPStatus.NO_CONTENT)
    def block(member: MemberPath, body: Because, request: Request) -> None:
        """Let no store serve this member; nothing of theirs is lost."""
        service.block(member, blocked=True, reason=body.reason, operator=operator_of(request))

    @router.post("/{member}/unblock", status_code=HTTPStatus.NO_CONTENT)
    def unblock(member: MemberPath, body: Because, request: Request) -> None:
        """Let the stores serve this member again."""
        service.block(member, blocked=False, reason=body.reason, operator=operator_of(request))

    @router.post("/{member}/media", status_code=HTTPStatus.CREATED)
    def link(member: MemberPath, body: NewMedium, request: Request) -> MediumLinked:
        """Link a medium; 409 when it is another member's."""
        return MediumLinked(medium=service.link(member, body, operator=operator_of(request)))

    @router.delete("/{member}/media/{medium}", status_code=HTTPStatus.NO_CONTENT)
    def unlink(member: MemberPath, medium: MediumPath, request: Request) -> None:
        """Unlink a medium."""
        service.unlink(member, medium, operator=operator_of(request))

    @router.post("/{member}/media/{medium}/block", status_code=HTTPStatus.NO_CONTENT)
    def block_medium(member: MemberPath, medium: MediumPath, body: Because, request: Request) -> None:
        """A card or phone was lost or stolen: it is nobody's at once."""
        service.block_medium(member, medium, reason=body.reason, operator=operator_of(request))

    @router.post("/{member}/media/{medium}/replace", status_code=HTTPStatus.CREATED)
    def replace(member: MemberPath, medium: MediumPath, body: Replacement, request: Request) -> MediumLinked:
        """Block one medium and link another in its place, in one step."""
        new = NewMedium(technology=body.technology, number_hex=body.number_hex)
        operator = operator_of(request)
        return MediumLinked(medium=service.replace_medium(member, medium, new, reason=body.reason, operator=operator))

    return router


def activity_endpoints(desk: ActivityDesk) -> APIRouter:
    """``/api/members/{member}/activities``."""
    router = APIRouter(prefix="/api/members", tags=["members"])

    @router.post("/{member}/activities")
    def tell(member: MemberPath, body: ActivityBody, request: Request) -> ActivityAnswer:
        """A review, a share or a survey outside the stores: earns once per key, within the caps of the programme."""
        return desk.tell(member, body, operator=operator_of(request))

    return router
