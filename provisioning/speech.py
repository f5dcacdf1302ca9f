"""Sentences in the language of whoever reads them.

English stands in the code, with names in braces; a catalogue translates the whole sentence, so each language keeps
its own order of words. What a catalogue lacks is said in English.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from gettext import NullTranslations
from pathlib import Path

_LOCALES = Path(__file__).parent / "locales"


class Tongue(StrEnum):
    """The languages a command can speak."""

    EN = "en"
    ZH_CN = "zh-CN"


class Speech:
    """Says sentences in one language."""

    def __init__(self, catalogue: NullTranslations) -> None:
        self._catalogue = catalogue

    def say(self, sentence: str, /, **figures: object) -> str:
        """The sentence in this language, with its figures filled in."""
        return self._catalogue.gettext(sentence).format(**figures)

    def several(self, one: str, many: str, number: int) -> str:
        """The number with the right form of its noun: ``{number} point`` or ``{number} points``."""
        return self._catalogue.ngettext(one, many, number).format(number=f"{number:,}")

    def listed(self, words: Iterable[str], joint: str = "{most} and {last}") -> str:
        """``a``, ``a and b``, ``a, b and c``; ``joint`` is ``{most} or {last}`` where one of them will do."""
        *most, last = words
        return self.say(joint, most=self._row(most), last=last) if most else last

    def joined(self, *parts: str) -> str:
        """The parts that say something, as one sentence."""
        words = self.say(", ").join(filter(None, parts))
        return self.sentence(words)

    def sentence(self, words: str) -> str:
        """``words`` with a capital and a full stop; codes such as CNY within stay as they are."""
        return self.say("{sentence}.", sentence=f"{words[:1].upper()}{words[1:]}")

    def _row(self, words: list[str]) -> str:
        row = words[0]
        for word in words[1:]:
            row = self.say("{row}, {next}", row=row, next=word)
        return row


ENGLISH = Speech(NullTranslations())


def speech_in(tongue: Tongue) -> Speech:
    """The words of a language, read from its catalogue."""
    if tongue is Tongue.EN:
        return ENGLISH
    # Read only where somebody asks for it: a command shall not wait for what it does not say.
    from kiosk_ui.design.catalogues import translations  # noqa: PLC0415
    from kiosk_ui.design.languages import language_of  # noqa: PLC0415

    language = language_of(tongue)
    return Speech(translations(language, [_LOCALES])) if language else ENGLISH
