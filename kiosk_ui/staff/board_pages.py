"""The staff board: its page, the same as JSON, and what staff do at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn, Protocol

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from kiosk_ui.design.pages import Pages
from kiosk_ui.design.refusals import ProblemView, Refused
from kiosk_ui.kiosk.pages import same_origin
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import BOARD_CHANNEL, ActResult, Board, BoardAct, CountAct

_AlertId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_Slot = Annotated[str, Path(min_length=1, max_length=80)]

GONE = "gone"
"""The reason of a result when what it was about is not there (any more)."""
_REFUSALS = {
    GONE: ("this store knows nothing of this name", "look at the board again"),
    "already_resolved": ("it is done already", "look at the board again"),
    "still_so": ("the sensor still says that it is so", "put it right; the sensor itself confirms it"),
    "claimed": ("somebody else is on it", "look at the board again"),
    "not_snoozed": ("it is not put off", "look at the board again"),
    "highest": ("nobody stands above those who were told", "call them yourself"),
    "not_allowed_here": ("this role may not do that here", "ask a manager"),
}
_OTHER_REFUSAL = ("that cannot be done now", "look at the board again")


class BoardDesk(Protocol):
    """Who knows the floor and takes what staff do."""

    async def board(self) -> Board:
        """The floor as it is now."""
        ...

    async def act(self, alert_id: str, act: BoardAct) -> ActResult:
        """Do it, durably; refused with reason ``gone`` where no such alert is kept.

        Raises :class:`kiosk_ui.kiosk.touch.TouchError` when what became of it is not known: doing it again is safe.
        """
        ...

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Take a count by hand, durably; refused with reason ``gone`` where the plan has no such slot.

        Raises :class:`kiosk_ui.kiosk.touch.TouchError` as :meth:`act` does.
        """
        ...


class BoardRefusal(ProblemView):
    """Why an act was refused: ``reason`` is the key of :class:`~kiosk_ui.staff.board.ActResult`."""

    reason: str = Field(description="gone, already_resolved, still_so, claimed …: a key")
    alert: dict[str, Any] | None = Field(default=None, description="The alert as it stands, in JSON")


Who = Callable[[Request, str], str]
"""Whose act it is: whoever logged in, else the name that was written."""


def _as_written(_: Request, name: str) -> str:
    """Where nobody logs in."""
    return name


def board_pages(pages: Pages, hub: LiveHub, desk: BoardDesk, *, who: Who = _as_written) -> APIRouter:
    """``GET /staff/board`` and ``GET /api/board``; ``POST /staff/board/alerts/{id}`` and ``…/slots/{slot}/count``.

    Whoever composes the application shows changes through :class:`~kiosk_ui.staff.board_stream.BoardStream`.
    Acts answer 200 with what became of them, 404 when what they are about is gone, 409 when they are refused for a
    reason, and 503 when nobody knows: doing it again is safe.
    """
    router = APIRouter()
    hub.declare(BOARD_CHANNEL)

    @router.get("/staff/board", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        # The cursor first: what changes while the board is assembled is told again, not lost.
        live_after = hub.cursor()
        board = await desk.board()
        return pages.render(
            request,
            "staff/board.html",
            board=board.model_dump(mode="json"),
            login=who(request, ""),
            live_url=f"/live/{BOARD_CHANNEL}",
            live_after=live_after,
        )

    @router.get("/api/board")
    async def figures() -> Board:
        """The floor: alerts, slots and sensors."""
        return await desk.board()

    @router.post("/staff/board/alerts/{alert}", dependencies=[Depends(same_origin)])
    async def act(request: Request, alert: _AlertId, body: BoardAct) -> ActResult:
        """Claim, snooze, wake, escalate or resolve an alert."""
        place = f"alert {alert}"
        with _unsure(place):
            result = await desk.act(alert, body.model_copy(update={"actor": _actor(request, body.actor, who)}))
        return result if result.is_done else _refuse(place, result)

    @router.post("/staff/board/slots/{slot:path}/count", dependencies=[Depends(same_origin)])
    async def count(request: Request, slot: _Slot, body: CountAct) -> ActResult:
        """Take a slot's units as somebody counted them."""
        place = f"slot {slot}"
        with _unsure(place):
            result = await desk.count(slot, body.model_copy(update={"actor": _actor(request, body.actor, who)}))
        return result if result.is_done else _refuse(place, result)

    return router


def _actor(request: Request, written: str, who: Who) -> str:
    """Who does it, on one line. Raises :class:`Refused` (422) when nobody says."""
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in who(request, written)).split())
    if not name:
        raise Refused(422, ProblemView.of("body.actor", "it is not said who does it", "send a name"))
    return name


def _refuse(place: str, result: ActResult) -> NoReturn:
    problem, remedy = _REFUSALS.get(result.reason, _OTHER_REFUSAL)
    alert = None if result.alert is None else result.alert.model_dump(mode="json")
    view = BoardRefusal(**ProblemView.of(place, problem, remedy).model_dump(), reason=result.reason, alert=alert)
    raise Refused(404 if result.reason == GONE else 409, view)


@contextmanager
def _unsure(place: str) -> Iterator[None]:
    """503 where nobody knows whether it was done."""
    try:
        yield
    except TouchError as error:
        view = ProblemView.of(place, str(error), "do it again")
        raise Refused(503, view, retry_after_s=error.retry_after_s) from error
