"""The languages people read, and which of them a request asks for."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

LANGUAGE_COOKIE = "language"
LANGUAGE_QUERY = "lang"
_ACCEPT_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Language:
    """``tag`` is BCP 47 (HTML, ``Intl``), ``locale`` is CLDR's name (Babel), ``own_name`` its own speakers'."""

    tag: str
    locale: str
    own_name: str


ENGLISH = Language("en", "en", "English")
CHINESE = Language("zh-CN", "zh_CN", "中文")
LANGUAGES = (ENGLISH, CHINESE)


def language_of(tag: str | None) -> Language | None:
    """The language that serves a tag such as ``zh``, ``zh-Hans-SG`` or ``en_GB``; ``None`` when none does."""
    primary = (tag or "").replace("_", "-").partition("-")[0].strip().lower()
    return next((language for language in LANGUAGES if language.tag.partition("-")[0] == primary), None)


def language_for(request: Request, *, default: Language = ENGLISH) -> Language:
    """What the reader asked for: ``?lang=``, then the cookie of an earlier choice, then the browser's wish."""
    return (
        language_of(request.query_params.get(LANGUAGE_QUERY))
        or language_of(request.cookies.get(LANGUAGE_COOKIE))
        or _negotiate(request.headers.get("accept-language", ""))
        or default
    )


def _negotiate(header: str) -> Language | None:
    wishes: list[tuple[float, int, Language]] = []
    for place, wish in enumerate(header[:_ACCEPT_LENGTH_MAX].split(",")):
        tag, _, parameter = wish.partition(";")
        language = language_of(tag)
        weight = _weight(parameter)
        if language is not None and weight > 0:
            wishes.append((-weight, place, language))
    return min(wishes, key=lambda wish: wish[:2])[2] if wishes else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
