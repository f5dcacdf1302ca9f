"""Every sentence about a programme is translated, with the same figures, and none that nobody says any more."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from typer.testing import CliRunner

from loyalty.terms.document import Terms
from loyalty.terms.doubts import Doubt
from loyalty.terms.fields import Matching
from loyalty.terms.tables import Table, Tables, kinds_of
from provisioning.cli import app
from provisioning.programme_file import read_programme
from provisioning.programme_words import explanation
from provisioning.speech import ENGLISH, Tongue, speech_in

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "programme.example.toml"
SPOKEN: dict[str, tuple[int, ...] | None] = {"say": (1,), "several": (1, 2), "ProgrammeError": (3,)}
Message = str | tuple[str, ...]


def kinds(table: type[Any]) -> Iterator[tuple[Any, bool]]:
    """Every kind of the programme file, and whether its key must be there."""
    for one in fields(table):
        kind = kinds_of(table)[one.name]
        yield kind, one.default is MISSING and one.default_factory is MISSING
        if isinstance(kind, Table | Tables):
            yield from kinds(kind.of)


def messages() -> set[Message]:
    """All that can be said about a programme."""
    said: set[Message] = {"{most} and {last}", "{most} or {last}", "coupon", "tier", "member type"}
    for path in (
        *ROOT.glob("provisioning/*.py"),
        *ROOT.glob("provisioning/commands/*.py"),
        *ROOT.glob("loyalty/**/*.py"),
    ):
        for _, message, *_ in extract_from_file("python", str(path), keywords=SPOKEN):
            said.add(tuple(message) if isinstance(message, tuple | list) else message)
    for doubt in Doubt:
        said |= {doubt.says, doubt.remedy}
    for kind, needed in kinds(Terms):
        said |= {kind.says} if needed else set()
        of = getattr(kind, "of", kind)
        said |= {one.remedy for one in (kind, of) if isinstance(one, Matching)}
    return said


def catalogue() -> Catalog:
    with (ROOT / "provisioning" / "locales" / "zh_CN.po").open("rb") as source:
        return read_po(source, locale="zh_CN", abort_invalid=True)


def last(text: str | tuple[str, ...] | list[str] | None) -> str:
    """Of a number's forms the last: Chinese has one, English means many by it."""
    return text if isinstance(text, str) else (text or ("",))[-1]


def named(text: str) -> set[str]:
    return {name for _, name, *_ in string.Formatter().parse(text) if name}


def test_every_sentence_is_translated_and_no_translation_is_left_over() -> None:
    translated = {message.id: message.string for message in catalogue() if message.id}
    assert sorted(map(str, messages() - translated.keys())) == []
    assert sorted(map(str, translated.keys() - messages())) == []
    for source, target in translated.items():
        target_text, source_text = last(target), last(source)
        assert target_text, source
        assert named(source_text) == named(target_text), source


def test_the_example_is_explained_in_chinese_without_a_word_of_english_left() -> None:
    terms = read_programme(EXAMPLE)
    chinese = explanation(terms, speech_in(Tongue.ZH_CN))
    english = explanation(terms, ENGLISH)
    assert [section.key for section in chinese] == [section.key for section in english]
    for mine, theirs in zip(chinese, english, strict=True):
        assert mine.heading != theirs.heading
        assert len(mine.sentences) == len(theirs.sentences)
        assert not set(mine.sentences) & set(theirs.sentences)
        for sentence in mine.sentences:
            assert re.search(r"[\u4e00-\u9fff].*[。）]$", sentence), sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("percent = 120\n", "coupons[0].percent: 写的是 120. → 请写 0 到 100 之间的整数。"),
        ("", "coupons[0].percent: 写的是 0. → 请写上：kind 是 percent。"),
    ],
)
def test_a_mistake_is_named_in_chinese_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "programme.toml"
    before = EXAMPLE.read_text("utf-8")
    file.write_text(before.replace("percent = 10\n", text, 1), "utf-8")
    result = CliRunner().invoke(app, ["programme", "check", str(file), "--lang", "zh-CN"])
    assert result.exit_code == 3
    output = " ".join(result.output.split())
    for part in said.split(" → "):
        assert part in output


def test_an_unknown_language_is_a_mistake_of_use(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["programme", "explain", str(EXAMPLE), "--lang", "tlh"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_doubt_is_said_in_chinese(tmp_path: Path) -> None:
    file = tmp_path / "programme.toml"
    rate = '[programme]\nname = "P"\ncurrency = "CNY"\n[lots]\npending_days = 7\n'
    file.write_text(rate + "[redeeming]\npoints = 1\nvalue_minor = 100\n", "utf-8")
    result = CliRunner().invoke(app, ["programme", "check", str(file), "--lang", "zh-CN", "--strict"])
    assert result.exit_code == 3
    output = "".join(result.output.split())
    assert "可以使用" in output
    assert "每一笔消费都在亏钱" in output
