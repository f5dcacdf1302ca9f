"""The programme page: what is in force in sentences, what is doubtful about it, and which were before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from fastapi import APIRouter, Request, Response

from cloud_crm.gateways.pages import moment_of
from cloud_crm.programme.service import ProgrammeService, view_of
from kiosk_ui.design import Pages
from loyalty.terms.document import Terms
from loyalty.terms.warnings import warnings


class Section(Protocol):
    """What one section of the programme file says. ``key`` is how the file calls it."""

    @property
    def key(self) -> str: ...

    @property
    def heading(self) -> str: ...

    @property
    def sentences(self) -> Sequence[str]: ...


Explained = tuple[Sequence[Section], Sequence[str]]
Explain = Callable[[Terms, str], Explained]
"""Sections and doubts of a programme, in a language by its tag."""


def plain_explanation(terms: Terms, _language: str) -> Explained:
    """No sections, and the doubts as they are: for a cloud that nobody gave a better one."""
    return (), tuple(f"{one.key}: {one.says}. {one.remedy}" for one in warnings(terms))


def programme_pages(service: ProgrammeService, pages: Pages, explain: Explain) -> APIRouter:
    """``/programme``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/programme")
    def programme(request: Request) -> Response:
        history = service.history()
        nothing: Explained = ((), ())
        language = pages.language(request).tag
        sections, doubts = explain(history[0].document.terms, language) if history else nothing
        return pages.render(
            request,
            "cloud/programme.html",
            view=view_of(history[0]) if history else None,
            sections=sections,
            doubts=doubts,
            history=history,
            moment_of=moment_of,
        )

    return router
