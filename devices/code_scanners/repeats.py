"""Telling a code once, although the hardware sees it many times."""

from __future__ import annotations

from collections import OrderedDict

_CODES_MAX = 256


class Repeats:
    """Remembers which codes are in view. A code is new again after ``away_s`` seconds unseen."""

    def __init__(self, away_s: float) -> None:
        self._away_s = away_s
        self._last_seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, text: str, now_s: float) -> bool:
        """Note that ``text`` is seen at ``now_s`` (any clock that only goes forward); tell whether it is news."""
        seen_s = self._last_seen.pop(text, None)
        self._last_seen[text] = now_s
        if len(self._last_seen) > _CODES_MAX:
            self._last_seen.popitem(last=False)
        return seen_s is None or now_s - seen_s >= self._away_s
