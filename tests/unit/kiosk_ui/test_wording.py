"""No word goes untranslated."""

from __future__ import annotations

from pathlib import Path

import pytest

import kiosk_ui
from kiosk_ui.design.wording import bare_texts, problems, update

ROOM = Path(kiosk_ui.__file__).parent
TEMPLATES = [ROOM / folder / "templates" for folder in ("design", "kiosk", "staff")]


def test_every_word_on_a_screen_of_the_store_is_translated() -> None:
    assert list(problems(TEMPLATES, ROOM / "locales")) == []


@pytest.mark.parametrize(
    ("template", "heard"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ("<p>你好</p>", ["你好"]),
        ('<img alt="A card">', ["A card"]),
        ('<p class="Hello">{{ name }}</p>', []),
        ("<p>{% trans %}Hello{% endtrans %}</p>", []),
        ("<p>{% trans n=3 %}Hello {{ n }}{% endtrans %} there</p>", ["there"]),
        ("<p>Regulars · 掌柜</p>", []),
        ("<script>let word = 1;</script><p>·</p>", []),
        ("{# a remark #}{% if x %}–{% endif %}", []),
    ],
)
def test_text_nobody_marked_is_heard(template: str, heard: list[str]) -> None:
    assert bare_texts(template) == heard


def test_missing_stale_and_misplaced_translations_are_named(tmp_path: Path) -> None:
    templates, locales = tmp_path / "room/templates", tmp_path / "room/locales"
    templates.mkdir(parents=True)
    (templates / "a.html").write_text(
        "{% trans %}One{% endtrans %}{{ _('as of {}') }}{{ ngettext('{} tap', '{} taps', n) }}bare words",
        encoding="utf-8",
    )
    update([templates], locales)
    catalogue = (locales / "zh_CN.po").read_text(encoding="utf-8")
    assert sum("has no translation" in problem for problem in problems([templates], locales)) == 3
    catalogue = catalogue.replace('msgid "One"\nmsgstr ""', 'msgid "One"\nmsgstr "一"')
    catalogue = catalogue.replace('msgid "as of {}"\nmsgstr ""', 'msgid "as of {}"\nmsgstr "截至"')
    catalogue = catalogue.replace('msgstr[0] ""', 'msgstr[0] "{} 次"')
    catalogue = catalogue.replace('msgstr[0] "{} 次"', 'msgstr[0] "{}% 次"')
    (locales / "zh_CN.po").write_text(catalogue + '\nmsgid "Gone"\nmsgstr "没了"\n', encoding="utf-8")
    found = list(problems([templates], locales))
    assert any("other placeholders" in problem for problem in found)
    assert any("'Gone' is said nowhere" in problem for problem in found)
    assert any("'bare words' is not marked" in problem for problem in found)
    assert any("has a percent sign" in problem for problem in found)
    assert len(found) == 4
