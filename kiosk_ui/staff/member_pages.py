"""The staff's member page, and what it asks for as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse

from kiosk_ui.design.pages import Pages
from kiosk_ui.design.refusals import ProblemView, Refused
from kiosk_ui.kiosk.pages import same_origin
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.members import MEMBERS_CHANNEL, Act, Acted, FoundMembers, MemberAccount, Question

_Member = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class MemberDesk(Protocol):
    """Who knows the members of this store and acts for the staff."""

    async def find(self, question: str) -> FoundMembers:
        """Whom a name, or the last digits of a phone number, fits."""
        ...

    async def account(self, member: str) -> MemberAccount | None:
        """Everything about one member; ``None``: this store knows no such member."""
        ...

    async def act(self, member: str, act: Act) -> Acted:
        """Do it, durably. Raises :class:`kiosk_ui.kiosk.touch.TouchError` when that is not known: do it again."""
        ...


Who = Callable[[Request, Act], Act]
"""Makes an act that of whoever logged in."""


def _as_written(_: Request, act: Act) -> Act:
    """Where nobody logs in."""
    return act


def member_pages(
    pages: Pages,
    hub: LiveHub,
    desk: MemberDesk,
    *,
    counters: Sequence[str],
    who: Who = _as_written,
    store_name: str = "",
) -> APIRouter:
    """``GET /staff/members`` for people; below it ``POST /find``, ``GET /{member}``, ``POST /{member}/act``.

    Whoever composes the application publishes ``Seen`` as event ``seen`` on channel ``staff.members`` when a member's
    card is shown at one of ``counters``.
    """
    router = APIRouter(prefix="/staff/members")
    hub.declare(MEMBERS_CHANNEL)

    @router.get("", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        return pages.render(
            request,
            "staff/members.html",
            counters=list(counters),
            store_name=store_name,
            live_url=f"/live/{MEMBERS_CHANNEL}",
            live_after="",
        )

    @router.post("/find", dependencies=[Depends(same_origin)])
    async def find(question: Question) -> FoundMembers:
        """Whom a name or the end of a phone number fits. A POST: names stay out of addresses, and so out of logs."""
        return await desk.find(question.question)

    @router.get("/{member}")
    async def account(member: _Member) -> MemberAccount:
        """One member's account."""
        found = await desk.account(member)
        if found is None:
            raise Refused(404, ProblemView.of("path.member", "this store knows no such member", "look them up again"))
        return found

    @router.post("/{member}/act", dependencies=[Depends(same_origin)])
    async def act(request: Request, member: _Member, body: Act) -> Acted:
        """Answers 200 with what became of it, 503 when that is not known: doing it again is safe."""
        try:
            return await desk.act(member, who(request, body))
        except TouchError as error:
            view = ProblemView.of(f"member {member}", str(error), "do it again")
            raise Refused(503, view, retry_after_s=error.retry_after_s) from error

    return router
