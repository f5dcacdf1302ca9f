"""The kiosk's page and the one thing it sends: a choice."""

from collections.abc import Sequence
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
from kiosk_ui.kiosk.screens import kiosk_channel
from kiosk_ui.kiosk.session import IdleTimes
from kiosk_ui.kiosk.touch import Choice, Touch, TouchError
from kiosk_ui.live import LiveHub

_NAME_LENGTH_MAX = 64
_SUBJECT_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Kiosk:
    """One kiosk: what it is called, whose store it stands in, and the language it rests in."""

    name: str
    store_name: str
    touch: Touch
    language: Language = CHINESE
    idle: IdleTimes = field(default_factory=IdleTimes)


class ChoiceBody(BaseModel):
    """What a button sends."""

    model_config = ConfigDict(extra="forbid")

    choice: Choice = Field(description="which button")
    subject: str = Field("", max_length=_SUBJECT_LENGTH_MAX, description="what it is about: a sale's id")


def kiosk_pages(pages: Pages, hub: LiveHub, kiosks: Sequence[Kiosk]) -> APIRouter:
    """``GET /kiosk/{kiosk}`` and ``POST /kiosk/{kiosk}/choice`` for the kiosks named."""
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
        try:
            await kiosk.touch.press(body.choice, subject=body.subject)
        except TouchError as error:
            view = ProblemView.of(f"kiosk {kiosk.name}", str(error), "press again")
            raise Refused(503, view, retry_after_s=error.retry_after_s) from error
        return Response(status_code=204)

    return router


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
        idle=kiosk.idle.model_dump_json(),
        live_url=f"/live/{kiosk_channel(kiosk.name)}",
    )


def _stage(pages: Pages, kiosk: Kiosk, language: Language) -> Markup:
    other = ENGLISH if language is CHINESE else CHINESE
    also = {"language": other, "text": pages.fragment("kiosk/invitation.html", language=other)}
    return pages.fragment("kiosk/stage.html", language=language, store_name=kiosk.store_name, also=also)
