"""Teaching scales: the page for a phone at the shelf, and the same for programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn, Protocol

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import HTMLResponse

from kiosk_ui.design.pages import Pages
from kiosk_ui.design.refusals import ProblemView, Refused
from kiosk_ui.kiosk.pages import same_origin
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board_pages import Who
from kiosk_ui.staff.calibration import CALIBRATION_CHANNEL, Begin, GoOn, Keep, LessonView, ScaleList

_Slot = Annotated[str, Path(min_length=1, max_length=80)]

GONE = "gone"
_REFUSALS = {
    GONE: ("the plan has no such slot with a scale", "look at planogram.csv"),
    "no_lesson": ("nobody teaches this scale now", "begin again"),
    "busy": ("somebody teaches this scale already", "go on with that lesson, or end it"),
    "never_taught": ("this scale tells counts and has no slope yet", "teach it with a known weight once"),
    "too_heavy": ("so many items weigh more than any shelf bears", "take fewer"),
    "too_many": ("as many scales are being taught as can be at a time", "end one of those lessons"),
    "wrong_step": ("the lesson stands elsewhere", "look at the lesson again"),
}


class CalibrationRefusedError(Exception):
    """What was asked for cannot be done; ``reason`` is a key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CalibrationDesk(Protocol):
    """Who teaches scales. Everything may raise :class:`CalibrationRefusedError`."""

    async def scales(self) -> ScaleList:
        """Every scale of the plan."""
        ...

    async def lesson(self, slot: str) -> LessonView:
        """The lesson that goes on at a slot."""
        ...

    async def begin(self, slot: str, begin: Begin) -> LessonView:
        """Begin one."""
        ...

    async def go_on(self, slot: str, step: str) -> LessonView:
        """What this step asks for is done."""
        ...

    async def again(self, slot: str) -> LessonView:
        """From the beginning."""
        ...

    async def keep(self, slot: str, actor: str) -> LessonView:
        """Keep what was found; durable, and in use. Raises :class:`TouchError` when that is not known."""
        ...

    async def end(self, slot: str) -> None:
        """End the lesson; what was not kept is forgotten."""
        ...


class CalibrationRefusal(ProblemView):
    """Why it was refused, with a key."""

    reason: str = Field(description="gone, no_lesson, busy, never_taught, too_heavy, too_many, wrong_step")


def calibration_pages(pages: Pages, hub: LiveHub, desk: CalibrationDesk, *, who: Who) -> APIRouter:
    """``GET /staff/calibration``, ``GET /api/calibrations``, ``GET`` and ``POST /api/calibrations/{slot}/…``.

    Whoever composes the application publishes ``LessonView`` as event ``calibration`` on channel
    ``staff.calibration`` at each reading of a scale that is being taught.
    """
    router = APIRouter()
    hub.declare(CALIBRATION_CHANNEL)
    own = [Depends(same_origin)]

    @router.get("/staff/calibration", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request) -> HTMLResponse:
        return pages.render(
            request,
            "staff/calibration.html",
            scales=(await desk.scales()).model_dump(mode="json"),
            login=who(request, ""),
            live_url=f"/live/{CALIBRATION_CHANNEL}",
            live_after=hub.cursor(),
        )

    @router.get("/api/calibrations")
    async def scales() -> ScaleList:
        """Every scale, and what it was taught last."""
        return await desk.scales()

    @router.get("/api/calibrations/{slot:path}/lesson")
    async def lesson(slot: _Slot) -> LessonView:
        """Where the lesson at a slot stands, with the live reading."""
        with _refusals(slot):
            return await desk.lesson(slot)

    @router.post("/api/calibrations/{slot:path}/begin", dependencies=own)
    async def begin(request: Request, slot: _Slot, body: Begin) -> LessonView:
        """Begin a lesson."""
        with _refusals(slot):
            return await desk.begin(slot, body.model_copy(update={"actor": _named(request, body.actor, who)}))

    @router.post("/api/calibrations/{slot:path}/go-on", dependencies=own)
    async def go_on(slot: _Slot, body: GoOn) -> LessonView:
        """What the step asks for is done."""
        with _refusals(slot):
            return await desk.go_on(slot, body.step)

    @router.post("/api/calibrations/{slot:path}/again", dependencies=own)
    async def again(slot: _Slot) -> LessonView:
        """From the beginning."""
        with _refusals(slot):
            return await desk.again(slot)

    @router.post("/api/calibrations/{slot:path}/keep", dependencies=own)
    async def keep(request: Request, slot: _Slot, body: Keep) -> LessonView:
        """Keep what was found."""
        with _refusals(slot):
            return await desk.keep(slot, _named(request, body.actor, who))

    @router.post("/api/calibrations/{slot:path}/end", dependencies=own, status_code=204)
    async def end(slot: _Slot) -> None:
        """End the lesson."""
        with _refusals(slot):
            await desk.end(slot)

    return router


def _named(request: Request, written: str, who: Who) -> str:
    """Who does it, on one line; empty where nobody logs in and nobody says."""
    return " ".join(who(request, written).split())[:80]


@contextmanager
def _refusals(slot: str) -> Iterator[None]:
    place = f"slot {slot}"
    try:
        yield
    except CalibrationRefusedError as error:
        _refuse(place, error.reason)
    except TouchError as error:
        view = ProblemView.of(place, str(error), "do it again")
        raise Refused(503, view, retry_after_s=error.retry_after_s) from error


def _refuse(place: str, reason: str) -> NoReturn:
    problem, remedy = _REFUSALS[reason]
    view = CalibrationRefusal(**ProblemView.of(place, problem, remedy).model_dump(), reason=reason)
    raise Refused(404 if reason in {GONE, "no_lesson"} else 409, view)
