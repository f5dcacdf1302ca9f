"""What the strict content policy forbids is not in the files either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kiosk_ui

ROOM = Path(kiosk_ui.__file__).parent
SCRIPTS = sorted(ROOM.rglob("*.js"))
TEMPLATES = sorted(ROOM.rglob("*.html"))
STYLES = sorted([*ROOM.rglob("*.css"), *ROOM.rglob("*.svg")])
MARKUP_SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML"
    r"|\beval\b|new Function"
)
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/2000/svg)[\w-]+\.\w""")


def test_there_is_something_to_look_at() -> None:
    assert len(SCRIPTS) >= 5
    assert len(TEMPLATES) >= 5
    assert len(STYLES) >= 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_turns_text_into_markup(script: Path) -> None:
    assert MARKUP_SINKS.findall(script.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_inline_script_style_or_unescaped_values(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|<style", text)
    assert not re.search(r"\son\w+\s*=", text)
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", text)
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", text)


@pytest.mark.parametrize("path", [*SCRIPTS, *TEMPLATES, *STYLES], ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    assert ELSEWHERE.findall(path.read_text(encoding="utf-8")) == []
