"""Keeps the catalogues whole: what the templates say, what the translations lack, what was never marked.

``python -m kiosk_ui.design.wording TEMPLATES… --locales FOLDER`` brings the ``.po`` files of a room up
to date; :func:`problems` is the test that nobody forgot to.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from kiosk_ui.design.languages import ENGLISH, LANGUAGES

OWN_NAMES = frozenset({"Regulars", "掌柜", "edge.toml"})
_SPOKEN_ATTRIBUTES = frozenset({"alt", "aria-label", "placeholder", "title"})
_TRANSLATED = re.compile(r"{%-?\s*trans\b.*?%}.*?{%-?\s*endtrans\s*-?%}", re.DOTALL)
_JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_PLACEHOLDER = re.compile(r"%\(\w+\)s|{\w*}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPOKEN_ELEMENTS = frozenset({"script", "style"})


def messages(templates: Sequence[Path]) -> Catalog:
    """Everything the templates of these folders say, as an empty catalogue."""
    catalogue = Catalog(project="Regulars", fuzzy=False)
    for folder in templates:
        found = extract_from_dir(folder, [("**.html", "jinja2")], {"**.html": {"trimmed": "true", "silent": "false"}})
        for path, _, message, comments, context in found:
            place = (f"{folder.parent.name}/{path}", 0)
            catalogue.add(message, None, [place], auto_comments=comments, context=context)
    return catalogue


def problems(templates: Sequence[Path], locales: Path) -> Iterator[str]:
    """What is wrong with the wording of a room: each a sentence naming the place."""
    said = messages(templates)
    for language in LANGUAGES:
        path = locales / f"{language.locale}.po"
        if language is ENGLISH and not path.exists():
            continue  # English stands in the templates.
        with path.open("rb") as source:
            yield from _catalogue_problems(said, read_po(source, locale=language.locale), path)
    for folder in templates:
        for template in sorted(folder.rglob("*.html")):
            for text in bare_texts(template.read_text(encoding="utf-8")):
                yield f"{template.name}: {text!r} is not marked for translation"


def bare_texts(template: str) -> list[str]:
    """Words a template shows without asking for their translation."""
    listener = _Listener()
    listener.feed(_JINJA.sub(" ", _TRANSLATED.sub(" ", template)))
    listener.close()
    return listener.heard


def update(templates: Sequence[Path], locales: Path) -> None:
    """Write the catalogue of every language but English: new messages empty, gone ones dropped."""
    said = messages(templates)
    locales.mkdir(exist_ok=True)
    for language in LANGUAGES:
        if language is ENGLISH:
            continue
        path = locales / f"{language.locale}.po"
        catalogue = Catalog(locale=language.locale, project="Regulars", fuzzy=False)
        if path.exists():
            with path.open("rb") as source:
                catalogue = read_po(source, locale=language.locale)
        catalogue.update(said, no_fuzzy_matching=True)
        with path.open("wb") as target:
            write_po(target, catalogue, width=100, omit_header=True, sort_output=True, ignore_obsolete=True,
                     include_lineno=False)  # fmt: skip


def _catalogue_problems(said: Catalog, catalogue: Catalog, path: Path) -> Iterator[str]:
    for message in said:
        if not message.id:
            continue
        translated = catalogue.get(message.id, message.context)
        if translated is None or not _forms(translated.string) or not all(_forms(translated.string)):
            yield f"{path.name}: {message.id!r} has no translation"
        elif translated.fuzzy:
            yield f"{path.name}: {message.id!r} is marked fuzzy"
        else:
            wanted = set(_PLACEHOLDER.findall(_forms(message.id)[-1]))
            for form in _forms(translated.string):
                if set(_PLACEHOLDER.findall(form)) != wanted:
                    yield f"{path.name}: {form!r} has other placeholders than {message.id!r}"
                if "%" in _PLACEHOLDER.sub("", form):
                    yield f"{path.name}: {form!r} has a percent sign, which would be read as a placeholder"
    for message in catalogue:
        if message.id and said.get(message.id, message.context) is None:
            yield f"{path.name}: {message.id!r} is said nowhere"


def _forms(text: str | Sequence[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


class _Listener(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self._unspoken = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unspoken += tag in _UNSPOKEN_ELEMENTS
        for name, value in attrs:
            if name in _SPOKEN_ATTRIBUTES:
                self._hear(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._unspoken -= tag in _UNSPOKEN_ELEMENTS

    def handle_data(self, data: str) -> None:
        if not self._unspoken:
            self._hear(data)

    def _hear(self, text: str) -> None:
        rest = text
        for name in OWN_NAMES:
            rest = rest.replace(name, "")
        if _WORD.search(rest):
            self.heard.append(" ".join(text.split()))


def main() -> None:
    """Bring a room's catalogues up to date."""
    parser = argparse.ArgumentParser(description="Bring the catalogues up to date with the templates.")
    parser.add_argument("templates", nargs="+", type=Path)
    parser.add_argument("--locales", type=Path, required=True)
    arguments = parser.parse_args()
    update(arguments.templates, arguments.locales)


if __name__ == "__main__":
    main()
