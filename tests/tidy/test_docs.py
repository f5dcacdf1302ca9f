"""The documents stay true: every command, setting, event type and link in them is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from cloud_bridge.contract import EVENT_TYPES
from provisioning.cli import app
from provisioning.reference import render
from tests.tidy.test_house_rules import tracked

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def markdown() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def test_the_settings_page_is_what_the_settings_say() -> None:
    written = (DOCS / "settings.md").read_text()
    assert written == render(), "write it anew: python -m provisioning.reference > docs/settings.md"


def test_every_event_type_is_documented() -> None:
    contract = (DOCS / "wire-contract.md").read_text()
    assert [name for name in EVENT_TYPES if name not in contract] == []


def test_every_command_is_documented() -> None:
    page = (DOCS / "commands.md").read_text()
    group = get_command(app)
    with group.make_context("regulars", [], resilient_parsing=True) as context:
        names = group.list_commands(context)  # type: ignore[attr-defined]
    assert names
    assert [name for name in names if f"regulars {name}" not in page] == []


@pytest.mark.parametrize("path", markdown(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_decision_is_dated_and_numbered_once() -> None:
    records = sorted((DOCS / "decisions").glob("*.md"))
    assert records
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers)
    assert [record.name for record in records if not re.search(r"\b20\d\d-\d\d-\d\d\b", record.read_text())] == []


def test_both_languages_of_a_page_have_the_same_sections() -> None:
    for chinese in DOCS.glob("*.zh-CN.md"):
        english = chinese.with_name(chinese.name.replace(".zh-CN", ""))
        sections = [re.findall(r"^## ", page.read_text(), re.MULTILINE) for page in (chinese, english)]
        assert len(sections[0]) == len(sections[1]), chinese.name
