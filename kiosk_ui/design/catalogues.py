"""Translations, read from ``.po`` files when the program starts: no compiled files to forget.

English stands in the templates themselves, so it needs no catalogue; a ``locales/en.po`` is
honoured where a shop wants other words.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from kiosk_ui.design.languages import Language


class CatalogueError(Exception):
    """A catalogue that cannot be read. Names the file and what to mend."""


def translations(language: Language, folders: Iterable[Path]) -> Translations:
    """Merge ``<folder>/<locale>.po`` of every folder; a later folder overrides an earlier one.

    Raises :class:`CatalogueError`.
    """
    paths = [folder / f"{language.locale}.po" for folder in folders]
    read = [_read(path, language) for path in paths if path.is_file()]
    # Into the first, not into an empty one: merging carries messages along but not the plural rule.
    merged = read[0] if read else Translations()
    for later in read[1:]:
        merged.merge(later)
    return merged


def _read(path: Path, language: Language) -> Translations:
    compiled = io.BytesIO()
    try:
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=language.locale, abort_invalid=True))
    except (PoFileError, ValueError) as error:
        raise CatalogueError(f"{path}: {error}; mend the catalogue at the place named") from error
    compiled.seek(0)
    return Translations(compiled)
