"""The kiosk's page and what it sends: choices, asks and forms."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Request, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from kiosk_ui.design.languages import CHINESE, ENGLISH, LANGUAGES, Language, language_of
from kiosk_ui.design.pages import Pages
from kiosk_ui.design.refusals import ProblemView, Refused
from kiosk_ui.kiosk.desk import Asked, Desk, Filled, VisitOver
from kiosk_ui.kiosk.screens import Form, FormReason, View, kiosk_channel
from kiosk_ui.kiosk.session import IdleTimes
from kiosk_ui.kiosk.touch import Choice, Touch, TouchError
from kiosk_ui.live import LiveHub

_NAME_LENGTH_MAX = 64
_SUBJECT_LENGTH_MAX = 200
_VISIT_LENGTH_MAX = 64
_FIELDS_MAX = 20
_FIELD_LENGTH_MAX = 400


_FieldName = Annotated[str, Field(max_length=80)]
_FieldText = Annotated[str, Field(max_length=_FIELD_LENGTH_MAX)]


@dataclass(frozen=True, slots=True)
class Kiosk:
    """One kiosk: what it is called, whose store it stands in, and the language it rests in.

    ``desk`` serves its members; without one nothing can be asked for or handed in there.
    """

    name: str
    store_name: str
    touch: Touch
    language: Language = CHINESE
    idle: IdleTimes = field(default_factory=IdleTimes)
    desk: Desk | None = None


class ChoiceBody(BaseModel):
    """What a button sends."""

    model_config = ConfigDict(extra="forbid")

    choice: Choice = Field(description="which button")
    subject: str = Field("", max_length=_SUBJECT_LENGTH_MAX, description="what it is about: a sale's id")


class AskBody(BaseModel):
    """What a finger asks to see."""

    model_config = ConfigDict(extra="forbid")

    view: View = Field(description="what to show")
    visit: str = Field("", max_length=_VISIT_LENGTH_MAX, description="the token of the screen it was asked from")
    subject: str = Field("", max_length=_SUBJECT_LENGTH_MAX, description="which one: a reward's key, a receipt")


class FormBody(BaseModel):
    """What somebody wrote. Fields that were left out are not among ``fields``."""

    model_config = ConfigDict(extra="forbid")

    form: Form = Field(description="which form")
    visit: str = Field(
        repr=False, max_length=_VISIT_LENGTH_MAX, description="the token of the screen it was filled in on"
    )
    subject: str = Field("", max_length=_SUBJECT_LENGTH_MAX, description="what it is about")
    fields: dict[_FieldName, _FieldText] = Field(
        repr=False, max_length=_FIELDS_MAX, description="what was written, by field"
    )
    key: str = Field("", max_length=_VISIT_LENGTH_MAX, description="sent twice under one key, a form is done once")


class FieldProblemView(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    problem: str = Field(description="a key of FieldReason")


class FormAnswerView(BaseModel):
    """What became of a form."""

    is_accepted: bool
    reason: str = Field("", description="why not: a key of FormReason or of a refusal")
    problems: tuple[FieldProblemView, ...] = ()
    retry_after_s: int = Field(0, description="seconds until the next try")
    reference: str = Field("", description="the local transaction id of what was done")


def kiosk_pages(pages: Pages, hub: LiveHub, kiosks: Sequence[Kiosk]) -> APIRouter:
    """``GET /kiosk/{kiosk}`` and ``POST /kiosk/{kiosk}/choice``, ``/ask`` and ``/form`` for the kiosks named."""
    router = APIRouter()
    by_name = {kiosk.name: kiosk for kiosk in kiosks}
    for name in by_name:
        hub.declare(kiosk_channel(name))

    def known(kiosk: Annotated[str, Path(max_length=_NAME_LENGTH_MAX)]) -> Kiosk:
        try:
            return by_name[kiosk]
        except KeyError as error:
            view = ProblemView.of("path.kiosk", "no kiosk has this name", f"use one of {sorted(by_name)}")
            raise Refused(404, view) from error

    @router.get("/kiosk/{kiosk}", response_class=HTMLResponse, include_in_schema=False)
    async def page(request: Request, kiosk: Annotated[Kiosk, Depends(known)]) -> HTMLResponse:
        return _page(pages, request, kiosk)

    @router.post("/kiosk/{kiosk}/choice", status_code=204, dependencies=[Depends(same_origin)])
    async def choice(body: ChoiceBody, kiosk: Annotated[Kiosk, Depends(known)]) -> Response:
        """Answers 204 when the choice is durable, 503 when that is not known: press again."""
        with _unsure(kiosk, "press again"):
            await kiosk.touch.press(body.choice, subject=body.subject)
        return Response(status_code=204)

    @router.post("/kiosk/{kiosk}/ask", status_code=204, dependencies=[Depends(same_origin)])
    async def ask(body: AskBody, kiosk: Annotated[Kiosk, Depends(known)]) -> Response:
        """Answers 204 when the screen is on its way, 409 when the visit is over."""
        with _unsure(kiosk, "ask again"):
            try:
                await _desk_of(kiosk).ask(kiosk.name, Asked(body.view, body.visit, body.subject))
            except VisitOver as error:
                view = ProblemView.of("visit", "this visit is over", "show the card again")
                raise Refused(409, view) from error
        return Response(status_code=204)

    @router.post("/kiosk/{kiosk}/form", dependencies=[Depends(same_origin)], responses={409: {"model": FormAnswerView}})
    async def form(body: FormBody, kiosk: Annotated[Kiosk, Depends(known)], response: Response) -> FormAnswerView:
        """Answers 200 with what became of it, 409 when the visit is over, 503 when nobody knows: send it again."""
        filled = Filled(body.form, body.visit, body.subject, body.fields, body.key)
        with _unsure(kiosk, "send it again"):
            try:
                answer = await _desk_of(kiosk).fill(kiosk.name, filled)
            except VisitOver:
                response.status_code = 409
                return FormAnswerView(is_accepted=False, reason=FormReason.VISIT_OVER)
        return FormAnswerView.model_validate(answer, from_attributes=True)

    return router


@contextmanager
def _unsure(kiosk: Kiosk, remedy: str) -> Iterator[None]:
    """503 where nobody knows whether it was recorded."""
    try:
        yield
    except TouchError as error:
        view = ProblemView.of(f"kiosk {kiosk.name}", str(error), remedy)
        raise Refused(503, view, retry_after_s=error.retry_after_s) from error


def _desk_of(kiosk: Kiosk) -> Desk:
    if kiosk.desk is None:
        raise Refused(404, ProblemView.of(f"kiosk {kiosk.name}", "nobody serves members here", "use the counter"))
    return kiosk.desk


def same_origin(request: Request) -> None:
    """Refuse what another site's page sends (403). Programs without a browser send no such headers."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin is not None and _host_of(origin) != request.headers.get("host")):
        view = ProblemView.of(
            "header Origin", "the choice comes from another site", "only this kiosk's own page may send choices"
        )
        raise Refused(403, view)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # Such as "http://[::1".
        return None


def _page(pages: Pages, request: Request, kiosk: Kiosk) -> HTMLResponse:
    home = language_of(request.query_params.get("lang")) or kiosk.language
    stages = [(language, _stage(pages, kiosk, language)) for language in LANGUAGES]
    return pages.render(
        request,
        "kiosk/kiosk.html",
        language=home,
        kiosk=kiosk.name,
        store_name=kiosk.store_name,
        stages=stages,
        idle=json.dumps(kiosk.idle.by_screen()),
        live_url=f"/live/{kiosk_channel(kiosk.name)}",
    )


def _stage(pages: Pages, kiosk: Kiosk, language: Language) -> Markup:
    other = ENGLISH if language is CHINESE else CHINESE
    also = {"language": other, "text": pages.fragment("kiosk/invitation.html", language=other)}
    return pages.fragment("kiosk/stage.html", language=language, store_name=kiosk.store_name, also=also)
