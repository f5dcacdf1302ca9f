"""JSON endpoints of members and media."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from cloud_crm.members.schemas import (
    ImportBody,
    MediumLinked,
    MemberAdded,
    MembersImported,
    MemberView,
    NewMedium,
    NewMember,
)
from cloud_crm.members.service import MemberService

MemberPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Member id")]
MediumPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Medium id, as answered when it was linked")]


def member_endpoints(service: MemberService) -> APIRouter:
    """``/api/members`` and what is below."""
    router = APIRouter(prefix="/api/members", tags=["members"])

    @router.post("", status_code=HTTPStatus.CREATED)
    def add(body: NewMember) -> MemberAdded:
        """Add a member."""
        return MemberAdded(member=service.add(body))

    @router.post("/import")
    def take_over(body: ImportBody) -> MembersImported:
        """Add or change many members with their media; all of them, or none when one is wrong."""
        return MembersImported(members=service.take_over(body))

    @router.get("/{member}")
    def view(member: MemberPath) -> MemberView:
        """One member with media and balance."""
        return service.view(member)

    @router.post("/{member}/media", status_code=HTTPStatus.CREATED)
    def link(member: MemberPath, body: NewMedium) -> MediumLinked:
        """Link a medium; 409 when it is another member's."""
        return MediumLinked(medium=service.link(member, body))

    @router.delete("/{member}/media/{medium}", status_code=HTTPStatus.NO_CONTENT)
    def unlink(member: MemberPath, medium: MediumPath) -> None:
        """Unlink a medium."""
        service.unlink(member, medium)

    return router
