"""From "seen in this picture" to "shown to the camera": each code is told once while it stays in view."""

from __future__ import annotations

from collections.abc import Iterable

from devices.code_scanners.decode import Code
from devices.code_scanners.repeats import Repeats
from devices.observations import CODE_LENGTH_MAX, CodeScanned


class Sightings:
    """Remembers what is in view. A code is told again after ``away_s`` seconds out of sight.

    A code the decoder is not sure of is told when a second picture shows it too. A code longer than
    any the product knows (a poster, a business card) is left alone.
    """

    def __init__(self, away_s: float) -> None:
        self._told = Repeats(away_s)
        self._unsure = Repeats(away_s)

    def see(self, codes: Iterable[Code], now_s: float) -> list[CodeScanned]:
        """Take what one picture shows at ``now_s``; returns what is news."""
        return [CodeScanned(code.text, code.symbology) for code in codes if self._is_news(code, now_s)]

    def _is_news(self, code: Code, now_s: float) -> bool:
        if len(code.text) > CODE_LENGTH_MAX:
            return False
        if not code.sure and self._unsure.is_new(code.text, now_s):
            return False
        return self._told.is_new(code.text, now_s)
