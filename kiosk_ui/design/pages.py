"""HTML pages: Jinja templates from several folders, translated from ``.po`` catalogues read at start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from babel.dates import LOCALTZ
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kiosk_ui.design import charts
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.catalogues import translations
from kiosk_ui.design.formats import Formats
from kiosk_ui.design.languages import (
    ENGLISH,
    LANGUAGE_COOKIE,
    LANGUAGE_QUERY,
    LANGUAGES,
    Language,
    language_for,
    language_of,
)

_DESIGN = Path(__file__).parent
_KIOSK_UI = _DESIGN.parent
_LANGUAGE_COOKIE_AGE_S = 365 * 24 * 3600


class Pages:
    """Renders pages in the reader's language.

    ``templates`` and ``locales`` are the caller's own folders; the design system's and the store
    screens' come along by themselves. ``timezone`` is the place whose wall clock the pages show.
    """

    def __init__(
        self,
        *,
        templates: Sequence[Path] = (),
        locales: Sequence[Path] = (),
        timezone: tzinfo = LOCALTZ,
        default_language: Language = ENGLISH,
    ) -> None:
        self.default_language = default_language
        self._timezone = timezone
        loader = FileSystemLoader(
            [*templates, _DESIGN / "templates", _KIOSK_UI / "kiosk/templates", _KIOSK_UI / "staff/templates"]
        )
        folders = [_KIOSK_UI / "locales", *locales]
        self._environments = {language: self._environment(language, loader, folders) for language in LANGUAGES}

    def language(self, request: Request) -> Language:
        """The language this request is answered in."""
        return language_for(request, default=self.default_language)

    def render(
        self,
        request: Request,
        template: str,
        /,
        *,
        status_code: int = 200,
        language: Language | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """Answer with ``template``. Asked for with ``?lang=``, the language is remembered in a cookie.

        ``language`` overrides what the request asks for. Templates find ``page_path`` (for links that
        change the language) beside their own ``context``.
        """
        chosen = language or self.language(request)
        html = self.fragment(template, language=chosen, page_path=request.url.path, **context)
        response = HTMLResponse(html, status_code=status_code, headers={"cache-control": "no-store"})
        if language_of(request.query_params.get(LANGUAGE_QUERY)) is not None:
            response.set_cookie(LANGUAGE_COOKIE, chosen.tag, max_age=_LANGUAGE_COOKIE_AGE_S, samesite="lax")
        return response

    def fragment(self, template: str, /, *, language: Language, **context: Any) -> Markup:
        """Render ``template`` in ``language`` for use inside a page."""
        html = self._environments[language].get_template(template).render(context)
        return Markup(html)  # noqa: S704 - the environment escapes every value it puts in

    def formats(self, language: Language) -> Formats:
        """The number, money and time formats the templates of ``language`` use."""
        return Formats(language, self._timezone)

    def _environment(self, language: Language, loader: FileSystemLoader, locales: Sequence[Path]) -> Environment:
        environment = Environment(
            loader=loader,
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            translations(language, locales), newstyle=True
        )
        formats = self.formats(language)
        for name in ("number", "signed", "money", "percent", "time", "moment", "day", "duration", "size"):
            environment.filters[name] = getattr(formats, name)
        environment.globals.update(
            language=language,
            languages=LANGUAGES,
            asset=lambda path: f"{ASSETS_PATH}/{path}",
            sparkline=charts.sparkline,
            bars=charts.bars,
        )
        return environment
