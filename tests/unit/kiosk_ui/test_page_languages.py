"""Which language a page is in, and how numbers are written in it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.requests import Request

import kiosk_ui
from kiosk_ui.design import CHINESE, ENGLISH, Language, Pages
from kiosk_ui.design.catalogues import CatalogueError
from kiosk_ui.design.currencies import MINOR_DIGITS_UNUSUAL
from kiosk_ui.design.languages import language_for, language_of


def asks(*, query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode("latin-1"))]
    return Request({"type": "http", "path": "/", "query_string": query.encode(), "headers": headers, "method": "GET"})


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh", CHINESE), ("zh-Hans-SG", CHINESE), ("zh_CN", CHINESE), ("EN-gb", ENGLISH), ("fr", None), ("", None)],
)
def test_a_tag_finds_the_language_that_serves_it(tag: str, language: Language | None) -> None:
    assert language_of(tag) is language


@pytest.mark.parametrize(
    ("request_", "language"),
    [
        (asks(), ENGLISH),
        (asks(accept="zh-CN,zh;q=0.9,en;q=0.8"), CHINESE),
        (asks(accept="fr, en;q=0.2, zh;q=0.7"), CHINESE),
        (asks(accept="zh;q=0, en;q=0.1"), ENGLISH),
        (asks(accept="zh;q=abc"), ENGLISH),
        (asks(accept=";;;,,,q=,=\xff"), ENGLISH),
        (asks(cookie="language=zh-CN", accept="en"), CHINESE),
        (asks(query="lang=en", cookie="language=zh-CN"), ENGLISH),
        (asks(query="lang=klingon", cookie="language=zh-CN"), CHINESE),
    ],
)
def test_the_query_beats_the_cookie_beats_the_browser(request_: Request, language: Language) -> None:
    assert language_for(request_) is language


def test_only_an_explicit_choice_is_remembered() -> None:
    pages = Pages()
    assert "language=zh-CN" in pages.render(asks(query="lang=zh"), "error.html", status=404).headers["set-cookie"]
    assert "set-cookie" not in pages.render(asks(accept="zh"), "error.html", status=404).headers


def test_amounts_follow_the_currency_and_the_language() -> None:
    chinese, english = (Pages().formats(language) for language in (CHINESE, ENGLISH))
    assert chinese.money(8650, "CNY") == "¥86.50"
    assert english.money(8650, "GBP") == "£86.50"
    assert english.money(8650, "JPY") == "¥8,650"
    assert english.money(-5, "EUR") == "-€0.05"
    assert english.signed(-1234) == "−1,234"
    assert (english.signed(37), english.signed(0)) == ("+37", "0")
    assert english.size(1_572_864) == "1.5 MiB"
    assert english.duration(180) == "3 minutes"
    assert chinese.duration(180) == "3分钟"
    assert english.percent(0.125) == "12.5%"


def test_minor_units_are_those_of_iso_4217_whatever_a_locale_displays() -> None:
    english = Pages().formats(ENGLISH)
    assert english.money(12_345, "IDR").endswith("123.45")
    assert english.money(12_345, "KWD").endswith("12.345")
    assert english.money(12_345, "KRW") == "₩12,345"


def test_the_browser_and_the_server_agree_on_minor_units() -> None:
    script = (Path(kiosk_ui.__file__).parent / "design/assets/format.js").read_text(encoding="utf-8")
    rows = re.findall(r'^  (\d): "([A-Z ]+)",$', script, re.MULTILINE)
    assert {code: int(digits) for digits, codes in rows for code in codes.split()} == MINOR_DIGITS_UNUSUAL


def test_times_are_those_of_the_stores_wall_clock() -> None:
    formats = Pages(timezone=ZoneInfo("Asia/Shanghai")).formats(CHINESE)
    evening = datetime(2026, 2, 28, 17, 5, tzinfo=UTC)
    assert formats.time(evening) == "01:05"
    assert formats.moment(evening) == "2026年3月1日 01:05"
    assert Pages(timezone=ZoneInfo("Asia/Shanghai")).formats(ENGLISH).moment(evening) == "Mar 1, 2026, 01:05"
    assert formats.day(date(2028, 2, 29)) == "2028年2月29日"


def test_a_room_brings_its_own_templates_and_words_and_plurals_survive(tmp_path: Path) -> None:
    (tmp_path / "zh_CN.po").write_text('msgid "Fleet"\nmsgstr "门店一览"\n', encoding="utf-8")
    (tmp_path / "fleet.html").write_text("{{ _('Fleet') }} {{ ngettext('point', 'points', 2) }}", encoding="utf-8")
    pages = Pages(templates=[tmp_path], locales=[tmp_path])
    assert pages.fragment("fleet.html", language=CHINESE) == "门店一览 积分"
    assert pages.fragment("fleet.html", language=ENGLISH) == "Fleet points"


@pytest.mark.parametrize("broken", [b"nonsense here\n", b'msgstr[x] "a"\n', b'msgid "\xff"\nmsgstr "a"\n'])
def test_a_broken_catalogue_is_named_at_start(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "zh_CN.po").write_bytes(broken)
    with pytest.raises(CatalogueError, match=r"zh_CN\.po.*mend the catalogue"):
        Pages(locales=[tmp_path])


def test_values_are_escaped_in_every_language(tmp_path: Path) -> None:
    (tmp_path / "name.html").write_text("{{ name }}{% trans %}Hello {{ name }}{% endtrans %}", encoding="utf-8")
    html = Pages(templates=[tmp_path]).fragment("name.html", language=CHINESE, name="<script>")
    assert "<script>" not in html
